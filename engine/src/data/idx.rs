//! The IDX format of MNIST and Fashion-MNIST (LeCun et al.), plain or gzipped.
//!
//! An IDX file is a big-endian header (two zero bytes, a type byte, the number of dimensions, then
//! each dimension as u32) and the values. Only unsigned bytes (type 8) are used by these data sets.

use std::io::{self, Read};

use flate2::read::GzDecoder;

/// A file that cannot be read as IDX.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct IdxError {
    /// The file, as its reader named it.
    pub file: String,
    /// What is wrong with it, and what to do.
    pub problem: IdxProblem,
}

/// What is wrong with an IDX file.
#[derive(Debug, thiserror::Error)]
pub enum IdxProblem {
    /// The bytes cannot be read or unzipped.
    #[error("cannot be read or unzipped ({0}); fetch the file again")]
    Read(#[from] io::Error),
    /// The file ends too early.
    #[error(
        "ends after {found} of {expected} bytes of {part}: it is truncated; fetch the file again"
    )]
    Truncated {
        /// `header` or `values`.
        part: &'static str,
        /// Bytes that the header promises.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// The file goes on after its last value.
    #[error("goes on after its {expected} values: it is not the file its header describes")]
    TooLong {
        /// Bytes that the header promises.
        expected: u64,
    },
    /// The first four bytes are not those of the wanted kind of file.
    #[error("starts with {found:#010x}, not with {expected:#010x}: it is not {what}")]
    Magic {
        /// The four bytes found.
        found: u32,
        /// The four bytes wanted.
        expected: u32,
        /// The kind of file wanted.
        what: &'static str,
    },
    /// The dimensions cannot be right.
    #[error("says that it holds {count} images of {height} x {width} pixels: {why}")]
    Shape {
        /// Images, by the header.
        count: u32,
        /// Height, by the header.
        height: u32,
        /// Width, by the header.
        width: u32,
        /// Why this cannot be.
        why: &'static str,
    },
}

/// Grey images of one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdxImages {
    /// Number of images.
    pub count: usize,
    /// Rows of each.
    pub height: usize,
    /// Columns of each.
    pub width: usize,
    /// Row-major `[count, height, width]`, 0 to 255.
    pub pixels: Vec<u8>,
}

/// More values than this is no data set that fits this program, so the header must be wrong.
const MAX_VALUES: u64 = 1 << 32;

/// Reads an image file (`idx3-ubyte`), gzipped or plain. `file` names it in errors.
///
/// # Errors
/// [`IdxError`] if the bytes are not exactly such a file.
pub fn read_images(file: &str, bytes: &[u8]) -> Result<IdxImages, IdxError> {
    named(file, || {
        let mut reader = Reader::new(bytes);
        let [magic, count, height, width] = reader.header()?;
        check_magic(magic, 0x0803, "an IDX file of images (idx3-ubyte)")?;
        let shape = |why| IdxProblem::Shape {
            count,
            height,
            width,
            why,
        };
        if count == 0 || height == 0 || width == 0 {
            return Err(shape("there is nothing in it"));
        }
        let values = u64::from(count)
            .checked_mul(u64::from(height))
            .and_then(|n| n.checked_mul(u64::from(width)))
            .filter(|&n| n <= MAX_VALUES)
            .ok_or_else(|| shape("that is more than 4 GiB"))?;
        Ok(IdxImages {
            count: count as usize,
            height: height as usize,
            width: width as usize,
            pixels: reader.values(values)?,
        })
    })
}

/// Reads a label file (`idx1-ubyte`), gzipped or plain. `file` names it in errors.
///
/// # Errors
/// [`IdxError`] if the bytes are not exactly such a file.
pub fn read_labels(file: &str, bytes: &[u8]) -> Result<Vec<u8>, IdxError> {
    named(file, || {
        let mut reader = Reader::new(bytes);
        let [magic, count] = reader.header()?;
        check_magic(magic, 0x0801, "an IDX file of labels (idx1-ubyte)")?;
        reader.values(u64::from(count))
    })
}

fn named<T>(file: &str, read: impl FnOnce() -> Result<T, IdxProblem>) -> Result<T, IdxError> {
    read().map_err(|problem| IdxError {
        file: file.to_owned(),
        problem,
    })
}

fn check_magic(found: u32, expected: u32, what: &'static str) -> Result<(), IdxProblem> {
    if found == expected {
        return Ok(());
    }
    Err(IdxProblem::Magic {
        found,
        expected,
        what,
    })
}

/// Reads plain or gzipped bytes, in one pass and without trusting any length.
enum Reader<'a> {
    Plain(&'a [u8]),
    Gzip(Box<GzDecoder<&'a [u8]>>),
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        if bytes.starts_with(&[0x1f, 0x8b]) {
            Self::Gzip(Box::new(GzDecoder::new(bytes)))
        } else {
            Self::Plain(bytes)
        }
    }

    fn header<const N: usize>(&mut self) -> Result<[u32; N], IdxProblem> {
        let expected = 4 * N as u64;
        let mut bytes = Vec::new();
        self.by_ref().take(expected).read_to_end(&mut bytes)?;
        let found = bytes.len() as u64;
        // A wrong kind of file must be called that, also when it is shorter than the header.
        if found < 4 {
            return Err(IdxProblem::Truncated {
                part: "header",
                expected,
                found,
            });
        }
        let mut header = [0; N];
        for (value, four) in header.iter_mut().zip(bytes.chunks(4)) {
            let mut padded = [0; 4];
            padded[..four.len()].copy_from_slice(four);
            *value = u32::from_be_bytes(padded);
        }
        if found < expected && header[0] >> 8 == 0x08 {
            return Err(IdxProblem::Truncated {
                part: "header",
                expected,
                found,
            });
        }
        Ok(header)
    }

    fn values(&mut self, expected: u64) -> Result<Vec<u8>, IdxProblem> {
        let mut values = Vec::new();
        // One byte more than promised, to see whether the file goes on.
        let found = self.by_ref().take(expected + 1).read_to_end(&mut values)? as u64;
        if found < expected {
            return Err(IdxProblem::Truncated {
                part: "values",
                expected,
                found,
            });
        }
        if found > expected {
            return Err(IdxProblem::TooLong { expected });
        }
        Ok(values)
    }
}

impl Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(bytes) => bytes.read(buffer),
            Self::Gzip(decoder) => decoder.read(buffer),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use super::*;

    fn images() -> Vec<u8> {
        let mut bytes = vec![0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3];
        bytes.extend([1, 2, 3, 4, 5, 6]);
        bytes
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn error(bytes: &[u8]) -> String {
        read_images("train-images", bytes).unwrap_err().to_string()
    }

    #[test]
    fn plain_and_gzipped_files_read_alike() {
        let plain = read_images("a", &images()).unwrap();
        assert_eq!((plain.count, plain.height, plain.width), (2, 1, 3));
        assert_eq!(plain.pixels, [1, 2, 3, 4, 5, 6]);
        assert_eq!(read_images("a", &gzip(&images())).unwrap(), plain);
        let labels = [0, 0, 8, 1, 0, 0, 0, 2, 7, 9];
        assert_eq!(read_labels("a", &gzip(&labels)).unwrap(), [7, 9]);
    }

    #[test]
    fn every_truncation_is_named_with_its_file() {
        let whole = images();
        for length in 0..whole.len() {
            let text = error(&whole[..length]);
            assert!(text.starts_with("train-images: "), "{length}: {text}");
            assert!(text.contains("truncated"), "{length}: {text}");
        }
        let zipped = gzip(&whole);
        for length in 2..zipped.len() {
            let text = error(&zipped[..length]);
            assert!(text.contains("fetch the file again"), "{length}: {text}");
        }
    }

    #[test]
    fn wrong_files_are_refused() {
        let mut long = images();
        long.push(0);
        assert!(error(&long).contains("goes on after its 6 values"));
        assert!(error(&gzip(&long)).contains("goes on"));
        assert!(error(b"<!doctype html>").contains("not an IDX file of images"));
        assert!(
            read_labels("l", &images())
                .unwrap_err()
                .to_string()
                .contains("not an IDX file of labels")
        );
        let mut empty = images();
        empty[7] = 0;
        assert!(error(&empty).contains("nothing in it"));
        let mut huge = images();
        huge[4..16].fill(0xff);
        assert!(error(&huge).contains("more than 4 GiB"));
        // Past gzip's ten header bytes every byte counts: the checksum is verified.
        let whole = gzip(&images());
        for place in 10..whole.len() {
            let mut damaged = whole.clone();
            damaged[place] ^= 0x55;
            assert!(read_images("a", &damaged).is_err(), "byte {place}");
        }
    }
}
