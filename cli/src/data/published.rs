//! What is published where, and how to know that it is right.

use squeeze_engine::config::DataKind;
use squeeze_engine::data::mnist;

/// A data set as published.
pub struct Published {
    /// Which.
    pub kind: DataKind,
    /// The address of its files, with the last slash.
    pub address: &'static str,
    /// Its files.
    pub files: Vec<PublishedFile>,
}

/// A file as published.
#[derive(Clone, Copy)]
pub struct PublishedFile {
    /// Its name.
    pub name: &'static str,
    /// What makes it right.
    pub check: Check,
}

/// What makes a file right.
#[derive(Clone, Copy)]
pub enum Check {
    /// These are the bytes and the SHA-256 of the file.
    File {
        /// Bytes.
        size: u64,
        /// SHA-256, in hexadecimal digits.
        sha256: &'static str,
    },
    /// These are those of what is gzipped in it, or of the file if it is not gzipped: the mirrors of
    /// MNIST and Fashion-MNIST have packed the same contents in different ways.
    Unpacked {
        /// Bytes.
        size: u64,
        /// SHA-256, in hexadecimal digits.
        sha256: &'static str,
    },
}

impl Check {
    /// More bytes than this are not the file.
    pub fn most(self) -> u64 {
        match self {
            Self::File { size, .. } => size,
            // Packed badly, it is a little longer than what is in it.
            Self::Unpacked { size, .. } => size + size / 100 + 4096,
        }
    }
}

impl Published {
    /// What is published of a data set; nothing of image folders.
    pub fn of(kind: DataKind) -> Option<Self> {
        let (address, files) = match kind {
            DataKind::Mnist => (
                "https://ossci-datasets.s3.amazonaws.com/mnist/",
                idx([
                    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
                ]),
            ),
            DataKind::FashionMnist => (
                "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
                idx([
                    "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                    "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                    "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                    "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
                ]),
            ),
            DataKind::Cifar10 => (
                "https://www.cs.toronto.edu/~kriz/",
                archive(
                    "cifar-10-binary.tar.gz",
                    170_052_171,
                    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
                ),
            ),
            DataKind::Cifar100 => (
                "https://www.cs.toronto.edu/~kriz/",
                archive(
                    "cifar-100-binary.tar.gz",
                    168_513_733,
                    "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
                ),
            ),
            DataKind::Folder => return None,
        };
        Some(Self {
            kind,
            address,
            files,
        })
    }
}

/// The four files of a data set in MNIST's format, in the order of [`mnist::FILES`].
fn idx(sha256: [&'static str; 4]) -> Vec<PublishedFile> {
    let sizes = [47_040_016, 60_008, 7_840_016, 10_008];
    mnist::FILES
        .iter()
        .zip(sizes.into_iter().zip(sha256))
        .map(|(name, (size, sha256))| PublishedFile {
            name,
            check: Check::Unpacked { size, sha256 },
        })
        .collect()
}

fn archive(name: &'static str, size: u64, sha256: &'static str) -> Vec<PublishedFile> {
    vec![PublishedFile {
        name,
        check: Check::File { size, sha256 },
    }]
}
