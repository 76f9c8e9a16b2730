//! A run as one zip.

use std::io::{Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// Most files that an archive may hold.
const MAX_FILES: usize = 64;

/// A zip that is no run.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The bytes are no zip, or are damaged.
    #[error("{file} is no zip of a run, or is damaged ({reason})")]
    Zip {
        /// The zip.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// There is something else in it.
    #[error("{file} holds `{entry}`, which no run has: take a zip that `download` made")]
    Odd {
        /// The zip.
        file: String,
        /// What is in it.
        entry: String,
    },
    /// A file in it is compressed, and might unpack to anything.
    #[error(
        "{file}: `{entry}` is compressed; take a zip that `download` made, or pack the run's files without compression"
    )]
    Compressed {
        /// The zip.
        file: String,
        /// What is in it.
        entry: String,
    },
}

/// Packs named files into a zip. Weights do not compress, so that nothing is compressed.
///
/// # Errors
/// [`ArchiveError::Zip`] if they are too large for one.
pub fn pack(files: &[(String, Vec<u8>)]) -> Result<Vec<u8>, ArchiveError> {
    let failed = |error: &dyn std::fmt::Display| ArchiveError::Zip {
        file: "the archive".to_owned(),
        reason: error.to_string(),
    };
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in files {
        zip.start_file(name, options)
            .map_err(|error| failed(&error))?;
        zip.write_all(bytes).map_err(|error| failed(&error))?;
    }
    let done = zip.finish().map_err(|error| failed(&error))?;
    Ok(done.into_inner())
}

/// Unpacks a zip whose files all have names that are `allowed`. `file` names it in errors.
///
/// # Errors
/// [`ArchiveError`] if it is none, or holds anything else.
pub fn unpack(
    file: &str,
    bytes: &[u8],
    allowed: impl Fn(&str) -> bool,
) -> Result<Vec<(String, Vec<u8>)>, ArchiveError> {
    let failed = |error: &dyn std::fmt::Display| ArchiveError::Zip {
        file: file.to_owned(),
        reason: error.to_string(),
    };
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| failed(&error))?;
    if zip.len() > MAX_FILES {
        return Err(failed(&format!("it holds {} files", zip.len())));
    }
    let mut files = Vec::with_capacity(zip.len());
    for place in 0..zip.len() {
        let entry = zip.by_index(place).map_err(|error| failed(&error))?;
        let name = entry.name().to_owned();
        if !allowed(&name) {
            return Err(ArchiveError::Odd {
                file: file.to_owned(),
                entry: name,
            });
        }
        if entry.compression() != CompressionMethod::Stored {
            return Err(ArchiveError::Compressed {
                file: file.to_owned(),
                entry: name,
            });
        }
        let mut unpacked = Vec::new();
        // What is stored is no longer than the zip, whatever it says of itself.
        entry
            .take(bytes.len() as u64)
            .read_to_end(&mut unpacked)
            .map_err(|error| failed(&error))?;
        files.push((name, unpacked));
    }
    Ok(files)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_bomb_is_refused_unopened() {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        zip.start_file("metrics.jsonl", options).unwrap();
        zip.write_all(&vec![0; 1 << 20]).unwrap();
        let zip = zip.finish().unwrap().into_inner();
        let error = unpack("a.zip", &zip, |_| true).unwrap_err();
        assert!(matches!(error, ArchiveError::Compressed { .. }), "{error}");
        assert!(error.to_string().contains("metrics.jsonl"), "{error}");
    }

    #[test]
    fn what_is_packed_comes_back() {
        let files = vec![
            ("config.toml".to_owned(), b"seed = 1".to_vec()),
            ("metrics.jsonl".to_owned(), Vec::new()),
        ];
        let zip = pack(&files).unwrap();
        assert_eq!(unpack("a.zip", &zip, |_| true).unwrap(), files);
        let odd = unpack("a.zip", &zip, |name| name == "config.toml")
            .unwrap_err()
            .to_string();
        assert!(
            odd.contains("a.zip") && odd.contains("metrics.jsonl"),
            "{odd}"
        );
        for length in [0, 10, zip.len() - 1] {
            let error = unpack("a.zip", &zip[..length], |_| true).unwrap_err();
            assert!(error.to_string().contains("damaged"), "{error}");
        }
    }
}
