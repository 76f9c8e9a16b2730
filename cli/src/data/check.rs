//! Whether a file is the published one.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use squeeze_engine::data::unpacked;

use super::published::Check;

/// What is wrong with the file; `None` if it is right.
///
/// # Errors
/// If it cannot be read.
pub fn wrong(path: &Path, check: Check) -> Result<Option<String>> {
    let unreadable = || format!("{} cannot be read", path.display());
    let (size, found, sha256) = match check {
        Check::File { size, sha256 } => {
            let file = File::open(path).with_context(unreadable)?;
            let found = file.metadata().with_context(unreadable)?.len();
            if found != size {
                return Ok(Some(format!("it has {found} bytes, not {size}")));
            }
            let digest = digest(BufReader::new(file)).with_context(unreadable)?;
            (size, digest, sha256)
        }
        Check::Unpacked { size, sha256 } => {
            let bytes = fs::read(path).with_context(unreadable)?;
            let contents = match unpacked(&bytes, size) {
                Ok(contents) => contents,
                Err(problem) => return Ok(Some(format!("it {problem}"))),
            };
            if contents.len() as u64 != size {
                let found = contents.len();
                return Ok(Some(format!("there are {found} bytes in it, not {size}")));
            }
            (size, digest(&*contents).with_context(unreadable)?, sha256)
        }
    };
    if found == sha256 {
        return Ok(None);
    }
    Ok(Some(format!(
        "its {size} bytes have the SHA-256 {found}, not {sha256}"
    )))
}

/// The SHA-256 of all bytes, in hexadecimal digits.
fn digest(mut reader: impl Read) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => hasher.update(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// SHA-256 of `abc`, from FIPS 180-2.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn sizes_and_digests_are_compared() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let wrong = |bytes: &[u8], check| {
            fs::write(&path, bytes).unwrap();
            wrong(&path, check).unwrap()
        };
        let file = Check::File {
            size: 3,
            sha256: ABC,
        };
        assert_eq!(wrong(b"abc", file), None);
        assert_eq!(wrong(b"abcd", file).unwrap(), "it has 4 bytes, not 3");
        let text = wrong(b"abd", file).unwrap();
        assert!(text.contains("SHA-256") && text.contains(ABC), "{text}");

        let inside = Check::Unpacked {
            size: 3,
            sha256: ABC,
        };
        // `abc`, stored by gzip without compression.
        let packed = [
            0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 1, 3, 0, 0xfc, 0xff, b'a', b'b', b'c', 0xc2,
            0x41, 0x24, 0x35, 3, 0, 0, 0,
        ];
        assert_eq!(wrong(&packed, inside), None);
        assert_eq!(wrong(b"abc", inside), None);
        assert!(
            wrong(&packed[..20], inside)
                .unwrap()
                .contains("cannot be read")
        );
        assert!(
            wrong(b"abcd", inside)
                .unwrap()
                .contains("more than 3 bytes")
        );
        assert_eq!(
            wrong(b"ab", inside).unwrap(),
            "there are 2 bytes in it, not 3"
        );
        assert!(super::wrong(&folder.path().join("none"), file).is_err());
    }
}
