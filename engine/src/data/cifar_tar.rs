//! CIFAR's archive as published: a `.tar.gz`, or the `.tar` in it.

use std::io::{self, Read};

use tar::{Archive, Entry};

use super::bounded::{Bounded, MaybeGzip, read_all};
use super::cifar::{FORM_10, FORM_100, Form, Gathered, Member};
use super::error::{DataError, Problem};
use super::limits::{MAX_CIFAR_UNPACKED, MAX_NAMES_FILE};
use super::names::{base, leads_out};
use super::{Dataset, Progress};
use crate::config::DataKind;

/// Reads the archive `file`. Without a `kind`, its members tell which of the two it is.
///
/// # Errors
/// [`DataError`] names the archive or its member and what is wrong with it.
pub(super) fn read(
    file: &str,
    bytes: &[u8],
    kind: Option<DataKind>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Dataset, DataError> {
    read_within(file, bytes, kind, MAX_CIFAR_UNPACKED, progress)
}

fn read_within(
    file: &str,
    bytes: &[u8],
    kind: Option<DataKind>,
    limit: u64,
    progress: &mut dyn FnMut(Progress),
) -> Result<Dataset, DataError> {
    let counted = Counted {
        bytes,
        done: 0,
        told: 0,
        progress,
    };
    let mut reader = Bounded::new(MaybeGzip::new(counted, bytes), limit);
    match members(file, &mut reader, kind) {
        // Whatever went wrong past the limit went wrong because of it.
        Err(_) if reader.exceeded() => Err(DataError::new(file, Problem::Unpacks { limit })),
        Err(error) => Err(error),
        Ok(gathered) => {
            // The end of the archive is not the end of the gzip file, which has the checksum.
            if let Err(error) = io::copy(&mut reader, &mut io::sink()) {
                return Err(DataError::new(file, reader.problem(error)));
            }
            gathered
                .ok_or_else(|| DataError::new(file, Problem::NotBinary))?
                .finish()
        }
    }
}

/// Gathers the known members and passes over all others.
fn members(
    file: &str,
    reader: &mut impl Read,
    kind: Option<DataKind>,
) -> Result<Option<Gathered>, DataError> {
    let unreadable = |error: io::Error| {
        let problem = match error.kind() {
            io::ErrorKind::UnexpectedEof => Problem::Read(error),
            _ => Problem::Archive {
                what: "tar",
                why: error.to_string(),
                fix: "fetch the file again",
            },
        };
        DataError::new(file, problem)
    };
    let mut archive = Archive::new(reader);
    let mut gathered: Option<(&'static Form, Gathered)> = None;
    // The class names come before or after the images that tell which set they belong to.
    let mut names: Vec<(DataKind, String, Vec<u8>)> = Vec::new();
    for entry in archive.entries().map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let label = format!("{file}/{path}");
        if leads_out(&path) {
            return Err(DataError::new(label, Problem::Path));
        }
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let Some((form, member)) = [&FORM_10, &FORM_100]
            .into_iter()
            .find_map(|form| Some((form, form.member(base(&path))?)))
        else {
            continue;
        };
        if member == Member::Names {
            let bytes = read_all(entry, MAX_NAMES_FILE)
                .map_err(|problem| DataError::new(&label, problem))?;
            names.push((form.kind, label, bytes));
            continue;
        }
        if let Some(wanted) = kind.filter(|&wanted| wanted != form.kind) {
            return Err(DataError::new(
                file,
                Problem::OtherKind {
                    found: form.kind.title(),
                    wanted: wanted.title(),
                },
            ));
        }
        let (seen, gathered) = gathered.get_or_insert_with(|| (form, Gathered::new(form)));
        if seen.kind != form.kind {
            return Err(DataError::new(
                file,
                Problem::Mixed {
                    found: format!("{} and {}", seen.kind.title(), form.kind.title()),
                },
            ));
        }
        images(gathered, member, &label, entry)?;
    }
    let Some((form, mut gathered)) = gathered else {
        return Ok(None);
    };
    for (kind, label, bytes) in names {
        if kind == form.kind {
            gathered.names(&label, &bytes)?;
        }
    }
    Ok(Some(gathered))
}

fn images<R: Read>(
    gathered: &mut Gathered,
    member: Member,
    label: &str,
    mut entry: Entry<'_, R>,
) -> Result<(), DataError> {
    let expected = entry.size();
    let mut found = 0;
    gathered.images(member, label, Tally(&mut entry, &mut found))?;
    // A plain tar that ends inside this member looks like the end of the member.
    if found < expected {
        return Err(DataError::new(
            label,
            Problem::Truncated {
                part: "the file".to_owned(),
                expected,
                found,
            },
        ));
    }
    Ok(())
}

/// Counts the bytes that are read.
struct Tally<'a, R>(R, &'a mut u64);

impl<R: Read> Read for Tally<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        *self.1 += read as u64;
        Ok(read)
    }
}

/// The packed bytes, telling how many of them are used up.
struct Counted<'a> {
    bytes: &'a [u8],
    done: usize,
    told: usize,
    progress: &'a mut dyn FnMut(Progress),
}

/// Progress is told every so many packed bytes.
const TELL_EVERY: usize = 1 << 20;

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = (&self.bytes[self.done..]).read(buffer)?;
        self.done += read;
        let total = self.bytes.len();
        if self.done - self.told >= TELL_EVERY || (self.done == total && self.told < total) {
            self.told = self.done;
            (self.progress)(Progress {
                done: self.done,
                total,
            });
        }
        Ok(read)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::data::made::{cifar10, cifar10_members, cifar100, gzip, tar};

    fn error(bytes: &[u8], kind: Option<DataKind>) -> String {
        read("some.tar.gz", bytes, kind, &mut |_| {})
            .unwrap_err()
            .to_string()
    }

    fn members(list: &[(String, Vec<u8>)]) -> Vec<(&str, &[u8])> {
        list.iter()
            .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
            .collect()
    }

    #[test]
    fn the_archive_is_read_packed_or_not_with_others_passed_over() {
        let mut list = cifar10_members("cifar-10-batches-bin/");
        list.push(("cifar-10-batches-bin/readme.html".to_owned(), vec![1; 9]));
        list.push((
            "cifar-10-batches-bin/batches.meta.txt".to_owned(),
            b"a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n".to_vec(),
        ));
        let tar = tar(&members(&list));
        let mut told = Vec::new();
        let plain = read("a.tar", &tar, None, &mut |progress| told.push(progress)).unwrap();
        assert_eq!(plain.kind, DataKind::Cifar10);
        assert_eq!(plain.train.len(), 10);
        assert_eq!(plain.classes[9], "j");
        assert!(told.is_sorted_by_key(|progress| progress.done));
        let last = told.last().unwrap();
        assert_eq!((last.done, last.total), (tar.len(), tar.len()));
        let packed = read(
            "a.tar.gz",
            &gzip(&tar),
            Some(DataKind::Cifar10),
            &mut |_| {},
        );
        assert_eq!(packed.unwrap(), plain);

        let hundred = cifar100(&[(1, 77)]);
        let tar = self::tar(&[("c/train.bin", &hundred), ("c/test.bin", &hundred)]);
        let data = read("a.tar", &tar, None, &mut |_| {}).unwrap();
        assert_eq!((data.kind, data.train.labels[0]), (DataKind::Cifar100, 77));
    }

    #[test]
    fn every_truncation_is_an_error_that_names_the_archive() {
        let whole = tar(&members(&cifar10_members("c/")));
        let packed = gzip(&whole);
        for length in (0..packed.len()).step_by(packed.len() / 50) {
            let text = error(&packed[..length], None);
            assert!(text.starts_with("some.tar.gz"), "{length}: {text}");
        }
        let text = error(&packed[..packed.len() - 4], None);
        assert!(text.contains("fetch the file again"), "{text}");
        for length in [512 + 100, 512 + 3073, whole.len() / 2] {
            let text = error(&whole[..length], None);
            assert!(
                text.starts_with("some.tar.gz") && text.contains("truncated")
                    || text.contains("again"),
                "{length}: {text}"
            );
        }
    }

    #[test]
    fn a_member_that_ends_early_is_named() {
        let mut list = cifar10_members("c/");
        list[2].1.pop();
        let text = error(&gzip(&tar(&members(&list))), None);
        assert!(
            text.starts_with("some.tar.gz/c/data_batch_3.bin: ends after 6145 of 6146 bytes"),
            "{text}"
        );
        list.remove(2);
        let text = error(&gzip(&tar(&members(&list))), None);
        assert!(text.starts_with("data_batch_3.bin: missing"), "{text}");
    }

    #[test]
    fn a_bomb_is_stopped_at_the_limit() {
        let bomb = gzip(&tar(&[("c/readme.html", &vec![0; 1 << 20])]));
        assert!(bomb.len() < 10_000, "{}", bomb.len());
        let text = read_within("some.tar.gz", &bomb, None, 100_000, &mut |_| {})
            .unwrap_err()
            .to_string();
        assert!(
            text.starts_with("some.tar.gz: unpacks to more than 100000 bytes")
                && text.contains("fetch it again from its publisher"),
            "{text}"
        );
        // Behind the end of the archive, too.
        let mut whole = tar(&members(&cifar10_members("c/")));
        whole.extend(vec![0; 1 << 20]);
        let text = read_within("some.tar.gz", &gzip(&whole), None, 100_000, &mut |_| {})
            .unwrap_err()
            .to_string();
        assert!(text.contains("unpacks to more than"), "{text}");
    }

    #[test]
    fn other_archives_are_told_apart() {
        let python = tar(&[("cifar-10-batches-py/data_batch_1", b"pickle")]);
        let text = error(&gzip(&python), None);
        assert!(text.contains("take the binary form"), "{text}");
        let whole = gzip(&tar(&members(&cifar10_members("c/"))));
        let text = error(&whole, Some(DataKind::Cifar100));
        assert!(
            text.starts_with("some.tar.gz: is CIFAR-10, but CIFAR-100 was asked for"),
            "{text}"
        );
        let text = error(&gzip(b"no archive at all, but gzipped text that is longer than a block of a tar file, which has 512 bytes: ".repeat(9).as_slice()), None);
        assert!(
            text.starts_with("some.tar.gz: is no tar that can be read") && text.contains("fetch"),
            "{text}"
        );
        let mut list = cifar10_members("c/");
        list.push(("d/train.bin".to_owned(), cifar100(&[(1, 2)])));
        let text = error(&tar(&members(&list)), None);
        assert!(text.contains("CIFAR-10 and CIFAR-100 together"), "{text}");
        let mut list = cifar10_members("c/");
        list.push(("d/test_batch.bin".to_owned(), cifar10(&[1])));
        let text = error(&tar(&members(&list)), None);
        assert!(
            text.starts_with("some.tar.gz/d/test_batch.bin: holds the same part"),
            "{text}"
        );
    }

    #[test]
    fn a_path_that_leads_out_is_refused() {
        let mut bytes = tar(&[("aa/aa/test_batch.bin", &cifar10(&[1]))]);
        bytes[..5].copy_from_slice(b"../..");
        // The header's checksum covers its name.
        let sum: u32 = bytes[..512]
            .iter()
            .enumerate()
            .map(|(place, &byte)| {
                u32::from(if (148..156).contains(&place) {
                    b' '
                } else {
                    byte
                })
            })
            .sum();
        bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let text = error(&bytes, None);
        assert!(
            text.starts_with("some.tar.gz/../../test_batch.bin: is a path that leads out"),
            "{text}"
        );
    }
}
