//! Files of data sets.

use squeeze_engine::data::{DataFile, ReadOptions, read};

/// What files are called: readers go by names as well as by contents.
pub const NAMES: [&str; 20] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
    "cifar-10-binary.tar.gz",
    "cifar-100-binary.tar",
    "data_batch_1.bin",
    "test_batch.bin",
    "batches.meta.txt",
    "pictures.zip",
    "train/cat/1.png",
    "test/cat/2.jpg",
    "train/dog/1.webp",
    "test/dog/2.png",
    "cat/3.png",
    "dog/3.jpeg",
];

/// Files one after the other: for each a byte that chooses its name, three that give its length, itself.
/// A length beyond the end takes what is left.
pub fn joined(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, contents) in files {
        let place = NAMES.iter().position(|known| known == name);
        bytes.push(place.unwrap_or(NAMES.len()) as u8);
        bytes.extend_from_slice(&(contents.len() as u32).to_le_bytes()[..3]);
        bytes.extend_from_slice(contents);
    }
    bytes
}

fn parted(mut bytes: &[u8]) -> Vec<DataFile> {
    let mut files = Vec::new();
    while let [name, a, b, c, rest @ ..] = bytes {
        let length = u32::from_le_bytes([*a, *b, *c, 0]) as usize;
        let (contents, after) = rest.split_at(length.min(rest.len()));
        files.push(DataFile {
            name: NAMES[usize::from(*name) % NAMES.len()].to_owned(),
            bytes: contents.to_vec(),
        });
        bytes = after;
    }
    files
}

/// A data set of any kind. What is taken is whole.
pub fn data(bytes: &[u8]) {
    let options = ReadOptions {
        kind: None,
        image_size: 8,
        test_share: 0.5,
        seed: 1,
    };
    let mut last = 0;
    let taken = read(parted(bytes), &options, &mut |progress| {
        assert!(last <= progress.done && progress.done <= progress.total);
        last = progress.done;
    });
    match taken {
        Ok(data) => {
            for split in [&data.train, &data.test] {
                assert_eq!(split.pixels.len(), split.len() * data.image_len());
                let most = split.labels.iter().copied().max().map(usize::from);
                assert!(most.is_none_or(|label| label < data.classes.len()));
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
