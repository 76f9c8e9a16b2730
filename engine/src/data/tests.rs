//! [`read`], from files to data sets and errors.
#![allow(clippy::unwrap_used)]

use super::made::{cifar10_members, cifar100, file, gzip, idx, mnist, png, png_header, tar, zip};
use super::*;

fn options() -> ReadOptions {
    ReadOptions {
        kind: None,
        image_size: 8,
        test_share: 0.5,
        seed: 1,
    }
}

fn of_kind(kind: DataKind) -> ReadOptions {
    ReadOptions {
        kind: Some(kind),
        ..options()
    }
}

fn read_all(files: &[DataFile], options: &ReadOptions) -> Result<Dataset, DataError> {
    let mut told: Vec<Progress> = Vec::new();
    let result = read(files.to_vec(), options, &mut |progress| told.push(progress));
    if result.is_ok() {
        assert!(told.is_sorted_by_key(|progress| progress.done), "{told:?}");
        let last = told.last().unwrap();
        assert_eq!(last.done, last.total);
        assert!(told.iter().all(|progress| progress.total == last.total));
    }
    result
}

fn error(files: &[DataFile], options: &ReadOptions) -> String {
    read_all(files, options).unwrap_err().to_string()
}

/// The error names the file first and then says all of these.
fn says(text: &str, file: &str, words: &[&str]) {
    assert!(text.starts_with(&format!("{file}: ")), "{text}");
    for word in words {
        assert!(text.contains(word), "`{word}` is not in: {text}");
    }
}

/// A reddish and a bluish class, with `images` each.
fn pictures(around: &str, images: u8) -> Vec<DataFile> {
    let mut files = Vec::new();
    for image in 0..images {
        for (class, colour) in [("red", [200, image, 0]), ("blue", [0, image, 200])] {
            files.push(file(
                &format!("{around}{class}/{image}.png"),
                &png(8, 8, colour),
            ));
        }
    }
    files
}

fn zip_of(files: &[DataFile]) -> DataFile {
    let members: Vec<(&str, &[u8])> = files
        .iter()
        .map(|file| (file.name.as_str(), file.bytes.as_slice()))
        .collect();
    file("some.zip", &zip(&members))
}

#[test]
fn idx_files_are_known_by_name_or_content_in_any_order() {
    let mut files = mnist();
    files.reverse();
    let data = read_all(&files, &options()).unwrap();
    assert_eq!(data.kind, DataKind::Mnist);
    assert_eq!(data.train.labels, [3, 9]);
    let fashion = read_all(&files, &of_kind(DataKind::FashionMnist)).unwrap();
    assert_eq!(fashion.classes[9], "Ankle boot");

    let images = idx(&[2, 28, 28], &[5; 2 * 784]);
    let labels = idx(&[2], &[3, 9]);
    let renamed = [
        file("raw/test-y", &labels),
        file("raw/train-x", &gzip(&images)),
        file("raw/train-y", &gzip(&labels)),
        file("raw/test-x", &images),
    ];
    assert_eq!(read_all(&renamed, &options()).unwrap(), data);
    // Unpacked beside packed, and in a zip.
    files.push(file("train-images-idx3-ubyte", &images));
    assert_eq!(read_all(&files, &options()).unwrap(), data);
    assert_eq!(read_all(&[zip_of(&files)], &options()).unwrap(), data);
}

#[test]
fn idx_files_that_are_missing_or_doubled_are_named() {
    let files = mnist();
    says(
        &error(&files[..2], &options()),
        "t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte.gz",
        &[
            "missing from MNIST or Fashion-MNIST",
            "put it beside the others",
        ],
    );
    says(
        &error(&files[2..], &of_kind(DataKind::FashionMnist)),
        "train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz",
        &["missing from Fashion-MNIST"],
    );
    let mut doubled = files.clone();
    doubled.push(file("other/train-images-idx3-ubyte.gz", &files[0].bytes));
    says(
        &error(&doubled, &options()),
        "other/train-images-idx3-ubyte.gz",
        &[
            "same part of the data set as train-images-idx3-ubyte.gz",
            "take one",
        ],
    );
    let mut nameless = files;
    nameless[0].name = "images-idx3-ubyte.gz".to_owned();
    says(
        &error(&nameless, &options()),
        "images-idx3-ubyte.gz",
        &["name it as published"],
    );
}

#[test]
fn bad_idx_files_are_named() {
    let change = |place: usize, bytes: &[u8]| {
        let mut files = mnist();
        files[place].bytes = bytes.to_vec();
        error(&files, &options())
    };
    // Truncated, packed or not.
    let whole = mnist()[2].bytes.clone();
    says(
        &change(2, &whole[..whole.len() / 2]),
        "t10k-images-idx3-ubyte.gz",
        &["cannot be read or unpacked", "again"],
    );
    says(
        &change(2, &idx(&[2, 28, 28], &[0; 100])),
        "t10k-images-idx3-ubyte.gz",
        &[
            "ends after 100 of 1568 bytes of values",
            "truncated; fetch the file again",
        ],
    );
    // Wrong magic.
    says(
        &change(0, b"<html>not found</html>"),
        "train-images-idx3-ubyte.gz",
        &[
            "starts with 0x3c68746d, not with 0x00000803",
            "fetch the file again",
        ],
    );
    // Wrong counts.
    says(
        &change(1, &idx(&[3], &[1, 2, 3])),
        "train-images-idx3-ubyte.gz",
        &[
            "holds 2 images, but train-labels-idx1-ubyte.gz 3 labels",
            "take both from one",
        ],
    );
    says(
        &change(0, &idx(&[u32::MAX, 28, 28], &[])),
        "train-images-idx3-ubyte.gz",
        &[
            "4294967295 images of 28 x 28",
            "at most 60000 are read; fetch",
        ],
    );
    // A bomb: far more values than the header says.
    says(
        &change(3, &gzip(&idx(&[2], &vec![0; 1 << 20]))),
        "t10k-labels-idx1-ubyte.gz",
        &["goes on after its 2 values", "fetch it again"],
    );
    // A label out of range.
    says(
        &change(3, &idx(&[2], &[9, 200])),
        "t10k-labels-idx1-ubyte.gz",
        &["label 1 is 200, but the classes are 0 to 9"],
    );
}

#[test]
fn cifar_is_read_alike_from_every_form_it_comes_in() {
    let members = cifar10_members("cifar-10-batches-bin/");
    let loose: Vec<DataFile> = members
        .iter()
        .map(|(name, bytes)| file(name, bytes))
        .collect();
    let data = read_all(&loose, &options()).unwrap();
    assert_eq!(
        (data.kind, data.train.len(), data.test.len()),
        (DataKind::Cifar10, 10, 2)
    );
    let list: Vec<(&str, &[u8])> = members
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
        .collect();
    let packed = file("cifar-10-binary.tar.gz", &gzip(&tar(&list)));
    for files in [
        vec![packed.clone()],
        vec![file("renamed", &packed.bytes)],
        vec![file("cifar.tar", &tar(&list))],
        vec![zip_of(&loose)],
        // Unpacked where it lies.
        [&loose[..], &[file("x.tar.gz", b"never looked at")]].concat(),
        // With another set beside it, which was not asked for.
        vec![
            packed.clone(),
            file("cifar-100-binary.tar.gz", b"never looked at"),
        ],
    ] {
        assert_eq!(read_all(&files, &of_kind(DataKind::Cifar10)).unwrap(), data);
    }
    let one = cifar100(&[(1, 99)]);
    let hundred = [file("train.bin", &one), file("test.bin", &one)];
    let read = read_all(&hundred, &options()).unwrap();
    assert_eq!(
        (read.kind, &*read.classes[99]),
        (DataKind::Cifar100, "worm")
    );
}

#[test]
fn bad_cifar_files_are_named() {
    let mut files: Vec<DataFile> = cifar10_members("bin/")
        .iter()
        .map(|(name, bytes)| file(name, bytes))
        .collect();
    let whole = files.clone();
    files[4].bytes.truncate(4000);
    says(
        &error(&files, &options()),
        "bin/data_batch_5.bin",
        &[
            "ends after 4000 of 6146 bytes",
            "inside image 1",
            "truncated; fetch the file again",
        ],
    );
    files[4].bytes.truncate(0);
    says(
        &error(&files, &options()),
        "bin/data_batch_5.bin",
        &["ends after 0 of 3073 bytes", "truncated"],
    );
    files[4].bytes = vec![0; 10_000 * 3073 + 2];
    says(
        &error(&files, &options()),
        "bin/data_batch_5.bin",
        &["has 30730002 bytes, but at most 30730001"],
    );
    files.remove(4);
    says(
        &error(&files, &options()),
        "data_batch_5.bin",
        &["missing from CIFAR-10", "put it beside the others"],
    );
    let mut files = whole;
    files[5].bytes[3073] = 10;
    says(
        &error(&files, &options()),
        "bin/test_batch.bin",
        &[
            "label 1 is 10, but the classes are 0 to 9",
            "fetch the file again",
        ],
    );
}

#[test]
fn folders_are_read_loose_or_zipped_split_or_not() {
    let loose = pictures("", 4);
    let data = read_all(&loose, &options()).unwrap();
    assert_eq!(data.classes, ["blue", "red"]);
    assert_eq!(data.image_shape, [3, 8, 8]);
    assert_eq!(data.train.labels, [0, 1, 0, 1]);
    assert_eq!(data.test.labels, [0, 1, 0, 1]);
    // Red is the first plane, blue the last, and green tells the images apart.
    for split in [&data.train, &data.test] {
        for (image, &label) in split.pixels.chunks(192).zip(&split.labels) {
            let (red, blue) = if label == 0 { (0, 200) } else { (200, 0) };
            assert!(image[..64].iter().all(|&value| value == red));
            assert!(image[64..128].iter().all(|&value| value == image[64]));
            assert!(image[128..].iter().all(|&value| value == blue));
        }
    }
    let greens = |split: &Split| -> Vec<u8> {
        let mut greens: Vec<u8> = split.pixels.chunks(192).map(|image| image[64]).collect();
        greens.sort_unstable();
        greens
    };
    let mut all = [greens(&data.train), greens(&data.test)].concat();
    all.sort_unstable();
    assert_eq!(all, [0, 0, 1, 1, 2, 2, 3, 3]);

    // The order that files come in says nothing; the seed does.
    let mut turned = loose.clone();
    turned.reverse();
    assert_eq!(read_all(&turned, &options()).unwrap(), data);
    let other = (2..20).any(|seed| {
        let options = ReadOptions { seed, ..options() };
        read_all(&loose, &options).unwrap() != data
    });
    assert!(other);

    let mut messy = pictures("my pictures/", 4);
    messy.push(file("__MACOSX/my pictures/red/._1.png", b"junk"));
    messy.push(file("my pictures/red/.DS_Store", b"junk"));
    messy.push(file("my pictures/red/Thumbs.db", b"junk"));
    messy.push(file("my pictures/README.md", b"text"));
    messy.push(file("my pictures/red/", b""));
    assert_eq!(read_all(&messy, &options()).unwrap(), data);
    assert_eq!(read_all(&[zip_of(&messy)], &options()).unwrap(), data);

    let apart = [pictures("train/", 3), pictures("test/", 2)].concat();
    let data = read_all(&[zip_of(&apart)], &of_kind(DataKind::Folder)).unwrap();
    assert_eq!((data.train.len(), data.test.len()), (6, 4));
    assert_eq!(greens(&data.test), [0, 0, 1, 1]);
}

#[test]
fn bad_folders_are_named() {
    let mut files = pictures("", 2);
    files.push(file("empty/", b""));
    says(
        &error(&files, &options()),
        "empty",
        &["this class folder holds no images", "remove it"],
    );
    files[4].name = "empty/readme.txt".to_owned();
    says(&error(&files, &options()), "empty", &["holds no images"]);
    files[4] = file("red/a.gif", b"GIF89a");
    says(
        &error(&files, &options()),
        "red/a.gif",
        &["no PNG, JPEG or WebP image: convert it or take it away"],
    );
    files[4] = file("red/a.jpg", b"GIF89a");
    says(
        &error(&files, &options()),
        "red/a.jpg",
        &["no PNG, JPEG or WebP"],
    );
    let whole = png(20, 20, [1, 2, 3]);
    files[4] = file("red/a.png", &whole[..whole.len() - 20]);
    says(
        &error(&files, &options()),
        "red/a.png",
        &["cannot be decoded", "save it again"],
    );
    says(
        &error(&[zip_of(&files)], &options()),
        "some.zip/red/a.png",
        &["cannot be decoded"],
    );
    files[4] = file("red/a.png", &png_header(40_000, 40_000));
    says(
        &error(&files, &options()),
        "red/a.png",
        &[
            "is 40000 x 40000 pixels, but at most 16384",
            "make it smaller or take it away",
        ],
    );
    says(
        &error(&pictures("", 1), &options()),
        "blue",
        &["holds 1 image", "add images"],
    );
}

#[test]
fn zip_bombs_are_stopped() {
    // A member that unpacks to more than a picture may have.
    let bomb = vec![0; limits::MAX_PICTURE_FILE as usize + 1];
    let mut files = pictures("", 2);
    files.push(file("red/bomb.png", &bomb));
    let packed = zip_of(&files);
    assert!(packed.bytes.len() < 1 << 20);
    says(
        &error(std::slice::from_ref(&packed), &options()),
        "some.zip/red/bomb.png",
        &[
            "unpacks to more than 134217728 bytes",
            "zip bomb",
            "fetch it again",
        ],
    );
    // Zips in zips.
    says(
        &error(&[zip_of(&[packed])], &options()),
        "some.zip/some.zip",
        &["archive inside an archive: unpack the outer one"],
    );
    // A path that leads out, and half a zip.
    says(
        &error(&[zip_of(&[file("../../red/1.png", b"x")])], &options()),
        "some.zip/../../red/1.png",
        &["leads out of its archive"],
    );
    let half = zip_of(&pictures("", 2));
    says(
        &error(
            &[file("half.zip", &half.bytes[..half.bytes.len() / 2])],
            &options(),
        ),
        "half.zip",
        &["is no zip that can be read", "may be truncated"],
    );
}

#[test]
fn other_data_than_asked_for_is_named() {
    let cifar: Vec<DataFile> = cifar10_members("")
        .iter()
        .map(|(name, bytes)| file(name, bytes))
        .collect();
    says(
        &error(&mnist(), &of_kind(DataKind::Cifar10)),
        "train-images-idx3-ubyte.gz",
        &["is MNIST or Fashion-MNIST, but CIFAR-10 was asked for"],
    );
    says(
        &error(&cifar, &of_kind(DataKind::Folder)),
        "data_batch_1.bin",
        &["is CIFAR-10, but image folder was asked for"],
    );
    says(
        &error(&[zip_of(&pictures("", 2))], &of_kind(DataKind::Mnist)),
        "some.zip/red/0.png",
        &["is an image folder, but MNIST was asked for"],
    );
    says(
        &error(&[mnist(), cifar].concat(), &options()),
        "train-images-idx3-ubyte.gz",
        &[
            "MNIST or Fashion-MNIST and CIFAR-10 together",
            "say which is meant",
        ],
    );
    says(
        &error(&[], &options()),
        "the files",
        &["no file in it", "CIFAR binary"],
    );
    says(
        &error(&[zip_of(&[])], &options()),
        "some.zip",
        &["no file in it"],
    );
    says(
        &error(&[file("a.xyz", b"?")], &options()),
        "a.xyz",
        &["nothing that can be read here; give the four IDX files"],
    );
}

#[test]
fn options_out_of_range_are_named() {
    for size in [0, 3, 513] {
        let options = ReadOptions {
            image_size: size,
            ..options()
        };
        says(&error(&mnist(), &options), "image_size", &["4 to 512"]);
    }
    for test_share in [0.0, 1.0, f64::NAN] {
        let options = ReadOptions {
            test_share,
            ..options()
        };
        says(
            &error(&mnist(), &options),
            "test_share",
            &["above 0 and below 1"],
        );
    }
}
