//! A zip file as a [`Source`]: its members are unpacked one at a time, each up to a limit.

use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use super::bounded::read_all;
use super::error::{DataError, Problem};
use super::limits::MAX_FILES;
use super::names::leads_out;
use super::source::{HEAD, Source};

/// What to do about a zip that cannot be read.
const FIX: &str = "pack it again as an ordinary zip without a password";

/// An open zip file.
pub(super) struct ZipSource {
    file: String,
    archive: ZipArchive<Cursor<Vec<u8>>>,
    names: Vec<String>,
}

impl ZipSource {
    /// Opens the zip that errors call `file`.
    ///
    /// # Errors
    /// If it is no zip, has too many members, or one whose name leads out of it.
    pub fn open(file: String, bytes: Vec<u8>) -> Result<Self, DataError> {
        let archive = match ZipArchive::new(Cursor::new(bytes)) {
            Ok(archive) => archive,
            Err(error) => {
                let problem = Problem::Archive {
                    what: "zip",
                    why: error.to_string(),
                    fix: "it may be truncated: copy or fetch it again, or pack it again",
                };
                return Err(DataError::new(file, problem));
            }
        };
        if archive.len() > MAX_FILES {
            let problem = Problem::Files {
                found: archive.len(),
                limit: MAX_FILES,
            };
            return Err(DataError::new(file, problem));
        }
        let mut names = Vec::with_capacity(archive.len());
        for index in 0..archive.len() {
            // Some programs on Windows write backslashes, against the format.
            let name = archive
                .name_for_index(index)
                .unwrap_or_default()
                .replace('\\', "/");
            if leads_out(&name) {
                return Err(DataError::new(format!("{file}/{name}"), Problem::Path));
            }
            names.push(name);
        }
        Ok(Self {
            file,
            archive,
            names,
        })
    }

    /// Gives the unpacking bytes of a member to `read`.
    fn member<T>(
        &mut self,
        index: usize,
        read: impl FnOnce(&mut dyn Read) -> Result<T, Problem>,
    ) -> Result<T, DataError> {
        let result = match self.archive.by_index(index) {
            Ok(mut member) => read(&mut member),
            Err(ZipError::Io(error)) => Err(Problem::Read(error)),
            Err(error) => Err(Problem::Archive {
                what: "member of a zip",
                why: error.to_string(),
                fix: FIX,
            }),
        };
        result.map_err(|problem| DataError::new(self.label(index), problem))
    }
}

impl Source for ZipSource {
    fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    fn whole(&self) -> String {
        self.file.clone()
    }

    fn label(&self, index: usize) -> String {
        format!("{}/{}", self.file, self.names[index])
    }

    fn head(&mut self, index: usize) -> Result<Vec<u8>, DataError> {
        self.member(index, |reader| {
            let mut head = Vec::new();
            reader.take(HEAD as u64).read_to_end(&mut head)?;
            Ok(head)
        })
    }

    fn read(&mut self, index: usize, limit: u64) -> Result<Vec<u8>, DataError> {
        self.member(index, |reader| read_all(reader, limit))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::data::made::zip;

    fn error(bytes: Vec<u8>) -> String {
        match ZipSource::open("some.zip".to_owned(), bytes) {
            Ok(_) => panic!("it was opened"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn members_are_unpacked_up_to_the_limit() {
        let bomb = zip(&[("a/1.png", &vec![0; 1 << 20]), ("b", b"small")]);
        assert!(bomb.len() < 4000, "{}", bomb.len());
        let mut source = ZipSource::open("some.zip".to_owned(), bomb).unwrap();
        assert_eq!(source.names(), ["a/1.png", "b"]);
        assert_eq!(source.read(1, 5).unwrap(), b"small");
        assert_eq!(source.head(0).unwrap().len(), HEAD);
        let text = source.read(0, 100_000).unwrap_err().to_string();
        assert!(
            text.starts_with("some.zip/a/1.png: unpacks to more than 100000 bytes")
                && text.contains("zip bomb")
                && text.contains("fetch it again"),
            "{text}"
        );
        assert_eq!(source.read(0, 1 << 20).unwrap().len(), 1 << 20);
    }

    #[test]
    fn a_header_that_lies_about_the_size_is_not_believed() {
        let mut bytes = zip(&[("a", &vec![0; 1 << 20])]);
        // The unpacked size stands at 22 of the local header and at 24 of the central one.
        let central = bytes
            .windows(4)
            .position(|four| four == b"PK\x01\x02")
            .unwrap();
        for place in [22, central + 24] {
            bytes[place..place + 4].copy_from_slice(&10_u32.to_le_bytes());
        }
        let mut source = ZipSource::open("some.zip".to_owned(), bytes).unwrap();
        let text = source.read(0, 100_000).unwrap_err().to_string();
        assert!(text.contains("more than 100000 bytes"), "{text}");
    }

    #[test]
    fn damaged_zips_and_wrong_paths_are_refused() {
        let whole = zip(&[("a/1.png", b"one"), ("b/1.png", b"two")]);
        for length in (0..whole.len()).step_by(7) {
            let text = error(whole[..length].to_vec());
            assert!(
                text.starts_with("some.zip: is no zip that can be read")
                    && text.contains("truncated: copy or fetch it again"),
                "{length}: {text}"
            );
        }
        let text = error(zip(&[("a/../../evil.png", b"x")]));
        assert!(
            text.starts_with("some.zip/a/../../evil.png: is a path that leads out"),
            "{text}"
        );
        let text = error(zip(&[("a\\..\\..\\evil.png", b"x")]));
        assert!(text.contains("leads out"), "{text}");

        // Flipped bits of a member are seen by its checksum.
        let mut flipped = whole;
        let place = flipped.windows(3).position(|w| w == b"PK\x01").unwrap() - 1;
        flipped[place] ^= 0xff;
        let mut source = ZipSource::open("some.zip".to_owned(), flipped).unwrap();
        let text = source.read(1, 100).unwrap_err().to_string();
        assert!(
            text.starts_with("some.zip/b/1.png: cannot be read"),
            "{text}"
        );
    }
}
