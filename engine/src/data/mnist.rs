//! MNIST (LeCun, Cortes and Burges) and data sets published in the same four files.

use super::idx::{self, IdxError};
use super::{Dataset, Split};

/// Names of the four files, in the order that [`parse`] takes their contents.
pub const FILES: [&str; 4] = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
];

/// Classes of MNIST.
const CLASSES: usize = 10;

/// Four files that are no MNIST.
#[derive(Debug, thiserror::Error)]
pub enum MnistError {
    /// One of them is not what it should be.
    #[error(transparent)]
    Idx(#[from] IdxError),
    /// Images and labels do not belong together.
    #[error(
        "{images_file} holds {images} images, but {labels_file} {labels} labels: take both from one data set"
    )]
    Counts {
        /// File of the images.
        images_file: &'static str,
        /// Images in it.
        images: usize,
        /// File of the labels.
        labels_file: &'static str,
        /// Labels in it.
        labels: usize,
    },
    /// A label is no class.
    #[error("{file}: label {index} is {label}, but the classes are 0 to 9")]
    Label {
        /// File of the labels.
        file: &'static str,
        /// Place of the label.
        index: usize,
        /// Its value.
        label: u8,
    },
    /// Images are not 28 x 28.
    #[error("{file}: images are {height} x {width} pixels, MNIST's are 28 x 28")]
    Size {
        /// File of the images.
        file: &'static str,
        /// Their height.
        height: usize,
        /// Their width.
        width: usize,
    },
}

/// Reads the contents of the four [`FILES`], in their order, each gzipped or plain.
///
/// # Errors
/// [`MnistError`] names the file and what is wrong with it.
pub fn parse(files: [&[u8]; 4]) -> Result<Dataset, MnistError> {
    let [train_images, train_labels, test_images, test_labels] = files;
    Ok(Dataset {
        kind: crate::config::DataKind::Mnist,
        name: "MNIST".to_owned(),
        image_shape: [1, 28, 28],
        classes: (0..CLASSES).map(|digit| digit.to_string()).collect(),
        train: split([FILES[0], FILES[1]], train_images, train_labels)?,
        test: split([FILES[2], FILES[3]], test_images, test_labels)?,
    })
}

fn split(files: [&'static str; 2], images: &[u8], labels: &[u8]) -> Result<Split, MnistError> {
    let [images_file, labels_file] = files;
    let images = idx::read_images(images_file, images)?;
    let labels = idx::read_labels(labels_file, labels)?;
    if (images.height, images.width) != (28, 28) {
        return Err(MnistError::Size {
            file: images_file,
            height: images.height,
            width: images.width,
        });
    }
    if images.count != labels.len() {
        return Err(MnistError::Counts {
            images_file,
            images: images.count,
            labels_file,
            labels: labels.len(),
        });
    }
    if let Some(index) = labels.iter().position(|&label| label as usize >= CLASSES) {
        return Err(MnistError::Label {
            file: labels_file,
            index,
            label: labels[index],
        });
    }
    Ok(Split {
        pixels: images.pixels,
        labels,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn real(file: &str) -> Vec<u8> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/mnist");
        std::fs::read(format!("{folder}/{file}")).unwrap()
    }

    fn idx(dims: &[u32], values: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, 8, dims.len() as u8];
        bytes.extend(dims.iter().flat_map(|dim| dim.to_be_bytes()));
        bytes.extend(values);
        bytes
    }

    #[test]
    fn the_real_files_hold_what_is_published_of_them() {
        let files = FILES.map(real);
        let data = parse([&files[0], &files[1], &files[2], &files[3]]).unwrap();
        assert_eq!((data.train.len(), data.test.len()), (60_000, 10_000));
        assert_eq!(data.train.pixels.len(), 60_000 * 784);
        assert_eq!(data.train.labels[..5], [5, 0, 4, 1, 9]);
        assert_eq!(data.test.labels[..5], [7, 2, 1, 0, 4]);
        // Mean and standard deviation as everybody quotes them: 0.1307 and 0.3081.
        let n = data.train.pixels.len() as f64;
        let mean = data.train.pixels.iter().map(|&p| f64::from(p)).sum::<f64>() / n / 255.0;
        let square = data
            .train
            .pixels
            .iter()
            .map(|&p| f64::from(p).powi(2))
            .sum::<f64>()
            / n
            / 255.0_f64.powi(2);
        assert!((mean - 0.1307).abs() < 5e-5, "{mean}");
        assert!(((square - mean * mean).sqrt() - 0.3081).abs() < 5e-5);
    }

    #[test]
    fn files_that_do_not_belong_together_are_named() {
        let images = idx(&[2, 28, 28], &[0; 2 * 784]);
        let labels = idx(&[2], &[3, 9]);
        parse([&images, &labels, &images, &labels]).unwrap();
        let error = |files: [&[u8]; 4]| parse(files).unwrap_err().to_string();

        let three = idx(&[3], &[1, 2, 3]);
        let text = error([&images, &labels, &images, &three]);
        assert!(
            text.contains(FILES[2]) && text.contains("3 labels"),
            "{text}"
        );
        let ten = idx(&[2], &[1, 10]);
        let text = error([&images, &ten, &images, &labels]);
        assert!(
            text.contains(FILES[1]) && text.contains("label 1 is 10"),
            "{text}"
        );
        let small = idx(&[2, 14, 56], &[0; 2 * 784]);
        let text = error([&small, &labels, &images, &labels]);
        assert!(
            text.contains(FILES[0]) && text.contains("14 x 56"),
            "{text}"
        );
        let text = error([&labels, &labels, &images, &labels]);
        assert!(text.contains(FILES[0]) && text.contains("images"), "{text}");
    }
}
