//! Small files for the tests of the readers.
#![allow(clippy::unwrap_used)]

use std::io::{Cursor, Write};

use image::{ImageFormat, Rgb, RgbImage};

use super::DataFile;

/// A file named `name`.
pub fn file(name: &str, bytes: &[u8]) -> DataFile {
    DataFile {
        name: name.to_owned(),
        bytes: bytes.to_vec(),
    }
}

/// The bytes, gzipped.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An IDX file whose header gives these dimensions.
pub fn idx(dims: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, dims.len() as u8];
    bytes.extend(dims.iter().flat_map(|dim| dim.to_be_bytes()));
    bytes.extend(values);
    bytes
}

/// The four files of an MNIST of two images a split.
pub fn mnist() -> Vec<DataFile> {
    let images = idx(&[2, 28, 28], &[5; 2 * 784]);
    let labels = idx(&[2], &[3, 9]);
    super::mnist::FILES
        .iter()
        .zip([&images, &labels, &images, &labels])
        .map(|(name, bytes)| file(name, &gzip(bytes)))
        .collect()
}

/// Pixels of a CIFAR image: red is `red`, green the column, blue the row.
fn planes(red: u8) -> impl Iterator<Item = u8> {
    std::iter::repeat_n(red, 1024)
        .chain((0..1024).map(|place| (place % 32) as u8))
        .chain((0..1024).map(|place| (place / 32) as u8))
}

/// A file of CIFAR-10 with these labels, which are also the red of their images.
pub fn cifar10(labels: &[u8]) -> Vec<u8> {
    labels
        .iter()
        .flat_map(|&label| std::iter::once(label).chain(planes(label)))
        .collect()
}

/// A file of CIFAR-100 with these coarse and fine labels; red is the fine one.
pub fn cifar100(labels: &[(u8, u8)]) -> Vec<u8> {
    labels
        .iter()
        .flat_map(|&(coarse, fine)| [coarse, fine].into_iter().chain(planes(fine)))
        .collect()
}

/// The six files of a CIFAR-10 of two images a file, their names behind `folder`.
pub fn cifar10_members(folder: &str) -> Vec<(String, Vec<u8>)> {
    let names = (1..=5)
        .map(|batch| format!("data_batch_{batch}.bin"))
        .chain(["test_batch.bin".to_owned()]);
    names
        .enumerate()
        .map(|(place, name)| (format!("{folder}{name}"), cifar10(&[place as u8, 9])))
        .collect()
}

/// A tar file.
pub fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

/// A zip file; a name that ends in `/` is a folder.
pub fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated);
    for (name, bytes) in members {
        if name.ends_with('/') {
            writer.add_directory(*name, options).unwrap();
        } else {
            writer.start_file(*name, options).unwrap();
            writer.write_all(bytes).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

/// A picture in a format.
pub fn encoded(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A PNG of one colour.
pub fn png(width: u32, height: u32, colour: [u8; 3]) -> Vec<u8> {
    encoded(
        &RgbImage::from_pixel(width, height, Rgb(colour)),
        ImageFormat::Png,
    )
}

/// A PNG that says it is that large and has next to nothing in it.
pub fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = png(1, 1, [0; 3]);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let mut sum = flate2::Crc::new();
    sum.update(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.sum().to_be_bytes());
    bytes
}
