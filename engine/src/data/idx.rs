//! The IDX format of MNIST and Fashion-MNIST (LeCun et al.), plain or gzipped.
//!
//! An IDX file is a big-endian header (two zero bytes, a type byte, the number of dimensions, then
//! each dimension as u32) and the values. Only unsigned bytes (type 8) are used by these data sets.

use std::io::Read;

use super::bounded::MaybeGzip;
use super::error::{DataError, Problem};

/// First four bytes of a file of images (idx3-ubyte).
pub const IMAGES: u32 = 0x0803;

/// First four bytes of a file of labels (idx1-ubyte).
pub const LABELS: u32 = 0x0801;

/// What a file of images must hold.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Rows of each image.
    pub height: u32,
    /// Columns of each image.
    pub width: u32,
    /// Images at most.
    pub max_count: u32,
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

/// Reads an image file (`idx3-ubyte`), gzipped or plain. `file` names it in errors.
///
/// # Errors
/// [`DataError`] if the bytes are not exactly such a file, or hold something else than `wanted`.
pub fn read_images(file: &str, bytes: &[u8], wanted: Wanted) -> Result<IdxImages, DataError> {
    images(bytes, wanted).map_err(|problem| DataError::new(file, problem))
}

/// Reads a label file (`idx1-ubyte`) of `max_count` labels at most, gzipped or plain. `file` names
/// it in errors.
///
/// # Errors
/// [`DataError`] if the bytes are not exactly such a file.
pub fn read_labels(file: &str, bytes: &[u8], max_count: u32) -> Result<Vec<u8>, DataError> {
    labels(bytes, max_count).map_err(|problem| DataError::new(file, problem))
}

fn images(bytes: &[u8], wanted: Wanted) -> Result<IdxImages, Problem> {
    let mut reader = MaybeGzip::new(bytes, bytes);
    let [_, count, height, width] =
        header(&mut reader, IMAGES, "an IDX file of images (idx3-ubyte)")?;
    let shape = |why| Problem::Shape {
        count,
        height,
        width,
        why,
    };
    let Wanted {
        height: rows,
        width: columns,
        max_count,
    } = wanted;
    // Before anything is read by these numbers: they may be anything.
    if count == 0 || height == 0 || width == 0 {
        return Err(shape(
            "there is nothing in it; fetch the file again".to_owned(),
        ));
    }
    if (height, width) != (rows, columns) {
        return Err(shape(format!(
            "images of {rows} x {columns} are wanted; give other images as an image folder"
        )));
    }
    if count > max_count {
        return Err(shape(format!(
            "at most {max_count} are read; fetch the file again"
        )));
    }
    let size = u64::from(count) * u64::from(height) * u64::from(width);
    Ok(IdxImages {
        count: count as usize,
        height: height as usize,
        width: width as usize,
        pixels: values(&mut reader, size)?,
    })
}

fn labels(bytes: &[u8], max_count: u32) -> Result<Vec<u8>, Problem> {
    let mut reader = MaybeGzip::new(bytes, bytes);
    let [_, count] = header(&mut reader, LABELS, "an IDX file of labels (idx1-ubyte)")?;
    if count > max_count {
        return Err(Problem::LabelCount {
            count,
            limit: max_count,
        });
    }
    values(&mut reader, u64::from(count))
}

/// The header's numbers, the first of which must be `magic`: else it is not `what`.
fn header<const N: usize>(
    reader: &mut impl Read,
    magic: u32,
    what: &'static str,
) -> Result<[u32; N], Problem> {
    let expected = 4 * N as u64;
    let mut bytes = Vec::new();
    reader.take(expected).read_to_end(&mut bytes)?;
    let (numbers, _) = bytes.as_chunks::<4>();
    let mut header = [0; N];
    for (value, &number) in header.iter_mut().zip(numbers) {
        *value = u32::from_be_bytes(number);
    }
    // A wrong kind of file must be called that, also when it is shorter than the header.
    if !numbers.is_empty() && header[0] != magic {
        return Err(Problem::Magic {
            found: header[0],
            expected: magic,
            what,
        });
    }
    if (bytes.len() as u64) < expected {
        return Err(Problem::Truncated {
            part: "header".to_owned(),
            expected,
            found: bytes.len() as u64,
        });
    }
    Ok(header)
}

fn values(reader: &mut impl Read, expected: u64) -> Result<Vec<u8>, Problem> {
    let mut values = Vec::new();
    // One byte more than promised, to see whether the file goes on.
    let found = reader.take(expected + 1).read_to_end(&mut values)? as u64;
    if found < expected {
        return Err(Problem::Truncated {
            part: "values".to_owned(),
            expected,
            found,
        });
    }
    if found > expected {
        return Err(Problem::TooLong {
            expected,
            what: "values",
        });
    }
    Ok(values)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::data::made::{gzip, idx};

    const SMALL: Wanted = Wanted {
        height: 1,
        width: 3,
        max_count: 2,
    };

    fn two() -> Vec<u8> {
        idx(&[2, 1, 3], &[1, 2, 3, 4, 5, 6])
    }

    fn error(bytes: &[u8]) -> String {
        read_images("train-images", bytes, SMALL)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn plain_and_gzipped_files_read_alike() {
        let plain = read_images("a", &two(), SMALL).unwrap();
        assert_eq!((plain.count, plain.height, plain.width), (2, 1, 3));
        assert_eq!(plain.pixels, [1, 2, 3, 4, 5, 6]);
        assert_eq!(read_images("a", &gzip(&two()), SMALL).unwrap(), plain);
        let labels = idx(&[2], &[7, 9]);
        assert_eq!(read_labels("a", &gzip(&labels), 2).unwrap(), [7, 9]);
    }

    #[test]
    fn every_truncation_is_named_with_its_file() {
        let whole = two();
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
        let mut long = two();
        long.push(0);
        assert!(error(&long).contains("goes on after its 6 values"));
        assert!(error(&gzip(&long)).contains("goes on"));
        assert!(error(b"<!doctype html>").contains("not an IDX file of images"));
        let swapped = read_labels("l", &two(), 2).unwrap_err().to_string();
        assert!(
            swapped.starts_with("l: ") && swapped.contains("not an IDX file of labels"),
            "{swapped}"
        );
        // Past gzip's ten header bytes every byte counts: the checksum is verified.
        let whole = gzip(&two());
        for place in 10..whole.len() {
            let mut damaged = whole.clone();
            damaged[place] ^= 0x55;
            assert!(read_images("a", &damaged, SMALL).is_err(), "byte {place}");
        }
    }

    #[test]
    fn wrong_counts_are_refused_before_anything_is_read_by_them() {
        let text = error(&idx(&[0, 1, 3], &[]));
        assert!(text.contains("nothing in it"), "{text}");
        let text = error(&idx(&[u32::MAX; 3], &[0; 6]));
        assert!(
            text.contains("4294967295 images") && text.contains("1 x 3 are wanted"),
            "{text}"
        );
        let text = error(&idx(&[u32::MAX, 1, 3], &[0; 6]));
        assert!(text.contains("at most 2 are read"), "{text}");
        let text = read_labels("labels", &idx(&[3], &[0; 3]), 2)
            .unwrap_err()
            .to_string();
        assert!(
            text.starts_with("labels: ") && text.contains("3 labels, but at most 2"),
            "{text}"
        );
    }
}
