//! What a file is, by its name or else by its first bytes.

use std::io::Read;

use super::bounded::MaybeGzip;
use super::cifar::{FORM_10, FORM_100, Member};
use super::idx;
use super::names::{base, is_document, is_junk};

/// A file of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    /// A folder, named so that an empty one can be seen.
    Folder,
    /// Nothing of interest.
    Ignored,
    /// An IDX file; whether it holds labels, if that is known.
    Idx {
        /// True for labels, false for images.
        labels: Option<bool>,
    },
    /// An unpacked file of CIFAR-10.
    Cifar10(Member),
    /// An unpacked file of CIFAR-100.
    Cifar100(Member),
    /// A tar file, gzipped or not.
    Tar,
    /// A zip file.
    Zip,
    /// A picture.
    Image,
    /// Anything else.
    Unknown,
}

/// What the name tells; `None` if it tells nothing.
pub(super) fn by_name(path: &str) -> Option<FileKind> {
    if is_junk(path) {
        return Some(FileKind::Ignored);
    }
    if path.ends_with('/') {
        return Some(FileKind::Folder);
    }
    let name = base(path);
    if let Some(member) = FORM_10.member(name) {
        return Some(FileKind::Cifar10(member));
    }
    if let Some(member) = FORM_100.member(name) {
        return Some(FileKind::Cifar100(member));
    }
    let name = name.to_ascii_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    if ends(&[".png", ".jpg", ".jpeg", ".webp"]) {
        Some(FileKind::Image)
    } else if ends(&[".tar", ".tar.gz", ".tgz"]) {
        Some(FileKind::Tar)
    } else if ends(&[".zip"]) {
        Some(FileKind::Zip)
    } else if name.contains("idx1-ubyte") || name.contains("idx3-ubyte") {
        Some(FileKind::Idx {
            labels: Some(name.contains("idx1-ubyte")),
        })
    } else if is_document(&name) {
        Some(FileKind::Ignored)
    } else {
        None
    }
}

/// What the first bytes tell.
pub(super) fn by_content(head: &[u8]) -> FileKind {
    match plain(head) {
        FileKind::Unknown => {
            // A gzip file that ends with `head` is no error here: its beginning is enough.
            let mut unpacked = [0; 1024];
            let mut reader = MaybeGzip::new(head, head);
            let mut length = 0;
            while let Ok(read @ 1..) = reader.read(&mut unpacked[length..]) {
                length += read;
            }
            plain(&unpacked[..length])
        }
        known => known,
    }
}

fn plain(head: &[u8]) -> FileKind {
    let idx = |magic: u32| head.starts_with(&magic.to_be_bytes());
    let webp = head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP");
    if webp || head.starts_with(b"\x89PNG") || head.starts_with(&[0xff, 0xd8, 0xff]) {
        FileKind::Image
    } else if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        FileKind::Zip
    } else if head.get(257..262) == Some(b"ustar") {
        FileKind::Tar
    } else if idx(idx::IMAGES) || idx(idx::LABELS) {
        FileKind::Idx {
            labels: Some(idx(idx::LABELS)),
        }
    } else {
        FileKind::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::made::{gzip, idx, png, tar, zip};

    #[test]
    fn names_tell() {
        for (name, kind) in [
            ("x/a.PNG", FileKind::Image),
            ("a.jpeg", FileKind::Image),
            ("cifar-10-binary.tar.gz", FileKind::Tar),
            ("a.zip", FileKind::Zip),
            ("b/data_batch_5.bin", FileKind::Cifar10(Member::Train(4))),
            ("b/test_batch.bin", FileKind::Cifar10(Member::Test)),
            ("test.bin", FileKind::Cifar100(Member::Test)),
            ("fine_label_names.txt", FileKind::Cifar100(Member::Names)),
            (
                "t10k-labels.idx1-ubyte",
                FileKind::Idx { labels: Some(true) },
            ),
            (
                "train-images-idx3-ubyte.gz",
                FileKind::Idx {
                    labels: Some(false),
                },
            ),
            ("cat/", FileKind::Folder),
            ("readme.html", FileKind::Ignored),
            ("cat/.DS_Store", FileKind::Ignored),
        ] {
            assert_eq!(by_name(name), Some(kind), "{name}");
        }
        assert_eq!(by_name("data_batch_6.bin"), None);
        assert_eq!(by_name("a.gif"), None);
    }

    #[test]
    fn contents_tell() {
        let images = idx(&[1, 28, 28], &[0; 784]);
        let labels = idx(&[1], &[0]);
        assert_eq!(
            by_content(&images),
            FileKind::Idx {
                labels: Some(false)
            }
        );
        assert_eq!(
            by_content(&gzip(&labels)),
            FileKind::Idx { labels: Some(true) }
        );
        let tar = tar(&[("a", b"b")]);
        assert_eq!(by_content(&tar), FileKind::Tar);
        assert_eq!(by_content(&gzip(&tar)), FileKind::Tar);
        assert_eq!(by_content(&zip(&[("a", b"b")])), FileKind::Zip);
        assert_eq!(by_content(&png(2, 2, [1, 2, 3])), FileKind::Image);
        assert_eq!(by_content(b"GIF89a"), FileKind::Unknown);
        assert_eq!(by_content(&gzip(b"text")), FileKind::Unknown);
        assert_eq!(by_content(b""), FileKind::Unknown);
    }
}
