//! CIFAR-10 and CIFAR-100 (Krizhevsky, 2009) in their binary form.
//!
//! A file is a row of records: the label (CIFAR-100: the coarse, then the fine label, of which the
//! fine one counts) and 32 x 32 pixels, row by row, first all red, then all green, then all blue.

use std::io::{self, BufReader, Read};

use super::cifar_classes::{CIFAR10, CIFAR100};
use super::error::{DataError, Problem};
use super::{Dataset, Split};
use crate::config::DataKind;

/// Bytes of an image's pixels.
const PIXELS: usize = 3 * 32 * 32;

/// Coarse classes of CIFAR-100.
const COARSE: u8 = 20;

/// One of the two data sets.
pub(super) struct Form {
    /// Which.
    pub kind: DataKind,
    /// The files of its training images, in their order.
    pub train: &'static [&'static str],
    /// The file of its test images.
    pub test: &'static str,
    /// The file of its class names, without which the usual names are taken.
    pub names: &'static str,
    /// Images of a training file at most.
    max_train: usize,
    classes: &'static [&'static str],
}

/// Images of the test file at most.
const MAX_TEST: usize = 10_000;

/// CIFAR-10.
pub(super) const FORM_10: Form = Form {
    kind: DataKind::Cifar10,
    train: &[
        "data_batch_1.bin",
        "data_batch_2.bin",
        "data_batch_3.bin",
        "data_batch_4.bin",
        "data_batch_5.bin",
    ],
    test: "test_batch.bin",
    names: "batches.meta.txt",
    max_train: 10_000,
    classes: &CIFAR10,
};

/// CIFAR-100.
pub(super) const FORM_100: Form = Form {
    kind: DataKind::Cifar100,
    train: &["train.bin"],
    test: "test.bin",
    names: "fine_label_names.txt",
    max_train: 50_000,
    classes: &CIFAR100,
};

/// A file of one of the two data sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Member {
    /// Training file of this place.
    Train(usize),
    /// The test file.
    Test,
    /// The class names.
    Names,
}

impl Form {
    /// The file that this name (without folders) belongs to, if any.
    pub fn member(&self, name: &str) -> Option<Member> {
        if name == self.test {
            Some(Member::Test)
        } else if name == self.names {
            Some(Member::Names)
        } else {
            let place = self.train.iter().position(|&file| file == name)?;
            Some(Member::Train(place))
        }
    }

    fn record(&self) -> usize {
        PIXELS
            + match self.kind {
                DataKind::Cifar100 => 2,
                _ => 1,
            }
    }

    /// Values that the first byte of a record may have.
    fn coarse(&self) -> usize {
        match self.kind {
            DataKind::Cifar100 => usize::from(COARSE),
            _ => self.classes.len(),
        }
    }

    /// Bytes of a file of images at most.
    pub fn max_file(&self) -> u64 {
        (self.record() * self.max_train.max(MAX_TEST)) as u64
    }
}

/// The files of a data set, gathered in any order.
pub(super) struct Gathered {
    form: &'static Form,
    train: Vec<Option<(String, Split)>>,
    test: Option<(String, Split)>,
    names: Option<Vec<String>>,
}

impl Gathered {
    /// Nothing yet.
    pub fn new(form: &'static Form) -> Self {
        Self {
            form,
            train: form.train.iter().map(|_| None).collect(),
            test: None,
            names: None,
        }
    }

    /// Reads a file of images; errors call it `file`.
    ///
    /// # Errors
    /// [`DataError`] if it is not whole, holds more images than it may or labels that are no
    /// classes, or if this part is there already. An `io::Error` of `reader` becomes
    /// [`Problem::Read`].
    pub fn images(
        &mut self,
        member: Member,
        file: &str,
        reader: impl Read,
    ) -> Result<(), DataError> {
        let form = self.form;
        let (slot, max) = match member {
            Member::Train(place) => (&mut self.train[place], form.max_train),
            Member::Test => (&mut self.test, MAX_TEST),
            Member::Names => return Ok(()),
        };
        if let Some((other, _)) = slot {
            let other = other.clone();
            return Err(DataError::new(file, Problem::Twice { other }));
        }
        let split = records(reader, form, max).map_err(|problem| DataError::new(file, problem))?;
        *slot = Some((file.to_owned(), split));
        Ok(())
    }

    /// Reads the file of class names: one a line, empty lines apart.
    ///
    /// # Errors
    /// [`Problem::Names`] if it is no text or has the wrong number of names.
    pub fn names(&mut self, file: &str, bytes: &[u8]) -> Result<(), DataError> {
        let names: Vec<String> = String::from_utf8_lossy(bytes)
            .lines()
            .map(|line| line.trim().to_owned())
            .filter(|line| !line.is_empty())
            .collect();
        if names.len() != self.form.classes.len() {
            return Err(DataError::new(
                file,
                Problem::Names {
                    found: names.len(),
                    expected: self.form.classes.len(),
                },
            ));
        }
        self.names = Some(names);
        Ok(())
    }

    /// The data set.
    ///
    /// # Errors
    /// [`Problem::Missing`] names the files that are not there.
    pub fn finish(self) -> Result<Dataset, DataError> {
        let form = self.form;
        let mut missing = Vec::new();
        let mut train = Vec::new();
        for (part, &name) in self.train.into_iter().zip(form.train) {
            match part {
                Some((_, split)) => train.push(split),
                None => missing.push(name),
            }
        }
        if self.test.is_none() {
            missing.push(form.test);
        }
        let Some((_, test)) = self.test.filter(|_| missing.is_empty()) else {
            let all = [form.train, &[form.test]].concat().join(", ");
            return Err(DataError::new(
                missing.join(", "),
                Problem::Missing {
                    set: form.kind.title(),
                    all,
                },
            ));
        };
        Ok(Dataset {
            split_seed: None,
            kind: form.kind,
            name: form.kind.title().to_owned(),
            image_shape: [3, 32, 32],
            classes: self
                .names
                .unwrap_or_else(|| form.classes.iter().map(|&name| name.to_owned()).collect()),
            train: joined(train),
            test,
        })
    }
}

/// The parts one after the other, each freed once it is copied.
fn joined(parts: Vec<Split>) -> Split {
    let pixels: usize = parts.iter().map(|part| part.pixels.len()).sum();
    let mut parts = parts.into_iter();
    let mut whole = parts.next().unwrap_or(Split {
        pixels: Vec::new(),
        labels: Vec::new(),
    });
    whole.pixels.reserve_exact(pixels - whole.pixels.len());
    for part in parts {
        whole.pixels.extend(part.pixels);
        whole.labels.extend(part.labels);
    }
    whole
}

/// Reads records to the end of `reader`, `max` at most and one at least.
fn records(reader: impl Read, form: &Form, max: usize) -> Result<Split, Problem> {
    let mut reader = BufReader::with_capacity(64 << 10, reader);
    let label_len = form.record() - PIXELS;
    let mut pixels = Vec::new();
    let mut labels = Vec::new();
    loop {
        let mut label = [0; 2];
        let mut found = fill(&mut reader, &mut label[..label_len])?;
        if found == 0 {
            break;
        }
        let index = labels.len();
        if index == max {
            return Err(Problem::TooLong {
                expected: max as u64,
                what: "images",
            });
        }
        if found == label_len {
            found += reader
                .by_ref()
                .take(PIXELS as u64)
                .read_to_end(&mut pixels)?;
        }
        if found < form.record() {
            return Err(Problem::Truncated {
                part: format!("the file, inside image {index}"),
                expected: ((index + 1) * form.record()) as u64,
                found: (index * form.record() + found) as u64,
            });
        }
        let fine = label[label_len - 1];
        for (value, classes) in [(fine, form.classes.len()), (label[0], form.coarse())] {
            if usize::from(value) >= classes {
                return Err(Problem::Label {
                    index,
                    label: value,
                    last: classes - 1,
                });
            }
        }
        labels.push(fine);
    }
    if labels.is_empty() {
        return Err(Problem::Truncated {
            part: "its first image".to_owned(),
            expected: form.record() as u64,
            found: 0,
        });
    }
    Ok(Split { pixels, labels })
}

/// Fills `buffer` as far as the reader goes; the bytes that came.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut found = 0;
    while found < buffer.len() {
        match reader.read(&mut buffer[found..]) {
            Ok(0) => break,
            Ok(read) => found += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::data::made::{cifar10, cifar100};

    fn error(form: &'static Form, bytes: &[u8]) -> String {
        let mut gathered = Gathered::new(form);
        gathered
            .images(Member::Train(0), "folder/some.bin", bytes)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn records_are_labels_and_planes_in_the_order_of_their_files() {
        let mut gathered = Gathered::new(&FORM_10);
        // The members of an archive come in any order.
        for place in [3, 1, 4, 0, 2] {
            let bytes = cifar10(&[place as u8, 9]);
            let name = FORM_10.train[place];
            gathered
                .images(FORM_10.member(name).unwrap(), name, &*bytes)
                .unwrap();
        }
        gathered
            .images(Member::Test, "test_batch.bin", &*cifar10(&[7]))
            .unwrap();
        let data = gathered.finish().unwrap();
        assert_eq!(data.image_shape, [3, 32, 32]);
        assert_eq!(data.train.labels, [0, 9, 1, 9, 2, 9, 3, 9, 4, 9]);
        assert_eq!(data.train.pixels.len(), 10 * PIXELS);
        // The made pixels: red is the label, green the column, blue the row.
        let third = &data.train.pixels[2 * PIXELS..3 * PIXELS];
        assert!(third[..1024].iter().all(|&red| red == 1));
        assert_eq!(
            third[1024..1056],
            std::array::from_fn::<u8, 32, _>(|i| i as u8)
        );
        assert_eq!(third[2048 + 32], 1);
        assert_eq!(data.test.labels, [7]);
        assert_eq!(data.classes[3], "cat");
    }

    #[test]
    fn fine_labels_count_and_names_are_taken_from_their_file() {
        let mut gathered = Gathered::new(&FORM_100);
        let bytes = cifar100(&[(19, 99), (0, 5)]);
        gathered
            .images(Member::Train(0), "train.bin", &*bytes)
            .unwrap();
        gathered.images(Member::Test, "test.bin", &*bytes).unwrap();
        let names: String = (0..100).map(|i| format!("class {i}\n")).collect();
        gathered
            .names("fine_label_names.txt", names.as_bytes())
            .unwrap();
        let data = gathered.finish().unwrap();
        assert_eq!(data.train.labels, [99, 5]);
        assert_eq!(data.classes[99], "class 99");

        let text = Gathered::new(&FORM_100)
            .names("fine_label_names.txt", b"one\ntwo\n")
            .unwrap_err()
            .to_string();
        assert!(
            text.starts_with("fine_label_names.txt: names 2 classes, but there are 100"),
            "{text}"
        );
    }

    #[test]
    fn every_truncation_is_named_with_what_was_expected() {
        let whole = cifar100(&[(1, 2), (3, 4)]);
        for length in [0, 1, 2, 500, 3073, 3075, 3076, 6147] {
            let text = error(&FORM_100, &whole[..length]);
            assert!(text.starts_with("folder/some.bin: "), "{text}");
            assert!(text.contains("truncated; fetch the file again"), "{text}");
            let expected = if length < 3074 { 3074 } else { 6148 };
            assert!(
                text.contains(&format!("{length} of {expected} bytes")),
                "{text}"
            );
        }
    }

    #[test]
    fn wrong_labels_and_counts_are_named() {
        let text = error(&FORM_10, &cifar10(&[0, 10]));
        assert!(
            text.starts_with("folder/some.bin: label 1 is 10, but the classes are 0 to 9; fetch"),
            "{text}"
        );
        let text = error(&FORM_100, &cifar100(&[(0, 100)]));
        assert!(
            text.contains("label 0 is 100, but the classes are 0 to 99"),
            "{text}"
        );
        let text = error(&FORM_100, &cifar100(&[(20, 0)]));
        assert!(
            text.contains("label 0 is 20, but the classes are 0 to 19"),
            "{text}"
        );
        let text = error(&FORM_10, &vec![0; 10_001 * 3073]);
        assert!(
            text.contains("goes on after its 10000 images") && text.contains("fetch it again"),
            "{text}"
        );
    }

    #[test]
    fn missing_and_doubled_files_are_named() {
        let one = cifar10(&[1]);
        let mut gathered = Gathered::new(&FORM_10);
        for place in [0, 1, 3] {
            gathered.images(Member::Train(place), "x", &*one).unwrap();
        }
        let text = gathered
            .images(Member::Train(1), "y", &*one)
            .unwrap_err()
            .to_string();
        assert!(text.starts_with("y: ") && text.contains("as x"), "{text}");
        let text = gathered.finish().unwrap_err().to_string();
        assert!(
            text.starts_with(
                "data_batch_3.bin, data_batch_5.bin, test_batch.bin: missing from CIFAR-10"
            ),
            "{text}"
        );

        let mut gathered = Gathered::new(&FORM_100);
        gathered
            .images(Member::Train(0), "train.bin", &*cifar100(&[(1, 1)]))
            .unwrap();
        let text = gathered.finish().unwrap_err().to_string();
        assert!(
            text.starts_with("test.bin: missing from CIFAR-100"),
            "{text}"
        );
    }
}
