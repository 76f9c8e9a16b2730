//! [`read`]: from files of any of the data sets to a [`Dataset`].

use super::cifar::{FORM_10, FORM_100, Form, Gathered, Member};
use super::error::{DataError, Problem};
use super::limits::{MAX_CIFAR_UNPACKED, MAX_FILE, MAX_FILES, MAX_IDX_FILE, MAX_NAMES_FILE};
use super::names::{base, is_junk};
use super::recognise::{FileKind, by_content, by_name};
use super::source::{DataFile, InMemory, Source};
use super::zip_source::ZipSource;
use super::{Dataset, cifar_tar, folder, mnist};
use crate::config::DataKind;

/// How files are read.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadOptions {
    /// The data set that the files must be; `None` takes what they are.
    pub kind: Option<DataKind>,
    /// Height and width that the images of a folder are brought to, 4 to 512 pixels.
    pub image_size: usize,
    /// Share of each class of an unsplit folder that becomes the test set, above 0 and below 1.
    pub test_share: f64,
    /// Seed of that split.
    pub seed: u64,
}

/// How far reading has come. It never goes back, and its unit stays the same while one data set is
/// read: packed bytes of an archive, images of a folder, else files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is done.
    pub done: usize,
    /// What there is to do.
    pub total: usize,
}

/// Reads a data set from the files that make it up, whichever it is:
///
/// - the four IDX files of MNIST or Fashion-MNIST, gzipped or not;
/// - the binary form of CIFAR-10 or CIFAR-100, as `.tar.gz`, `.tar` or unpacked;
/// - PNG, JPEG and WebP images in class folders, in `train` and `test` or to be split by seed;
/// - a zip of any of these but a tar.
///
/// Hidden files, what systems leave behind and documents are passed over; beside IDX and CIFAR files
/// any other file is. Nothing is written anywhere.
///
/// # Errors
/// [`DataError`] names the file, what is wrong with it, and what to do.
pub fn read(
    files: Vec<DataFile>,
    options: &ReadOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Dataset, DataError> {
    read_source(&mut InMemory(files), options, progress)
}

/// [`read`] for files that are not in memory.
///
/// # Errors
/// Those of [`read`] and of the source.
pub fn read_source(
    source: &mut dyn Source,
    options: &ReadOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Dataset, DataError> {
    check(options)?;
    any(source, options, progress, false)
}

fn check(options: &ReadOptions) -> Result<(), DataError> {
    let size = options.image_size;
    let wrong = |field: &str, value: String, range| {
        Err(DataError::new(field, Problem::Option { value, range }))
    };
    if !(4..=512).contains(&size) {
        return wrong("image_size", size.to_string(), "4 to 512 pixels");
    }
    let share = options.test_share;
    if !(share > 0.0 && share < 1.0) {
        return wrong("test_share", share.to_string(), "above 0 and below 1");
    }
    Ok(())
}

/// What the files are, as places in the list of their names.
#[derive(Default)]
struct Inventory {
    idx: Vec<(usize, Option<bool>)>,
    cifar10: Vec<(usize, Member)>,
    cifar100: Vec<(usize, Member)>,
    tars: Vec<usize>,
    zips: Vec<usize>,
    images: Vec<usize>,
    /// Folders, and files that are passed over: their folders are there.
    folders: Vec<usize>,
    unknown: Vec<usize>,
}

impl Inventory {
    fn take(names: &[String], source: &mut dyn Source) -> Result<Self, DataError> {
        let mut inventory = Self::default();
        for (place, name) in names.iter().enumerate() {
            let kind = match by_name(name) {
                Some(kind) => kind,
                None => by_content(&source.head(place)?),
            };
            match kind {
                FileKind::Folder | FileKind::Ignored => inventory.folders.push(place),
                FileKind::Idx { labels } => inventory.idx.push((place, labels)),
                FileKind::Cifar10(member) => inventory.cifar10.push((place, member)),
                FileKind::Cifar100(member) => inventory.cifar100.push((place, member)),
                FileKind::Tar => inventory.tars.push(place),
                FileKind::Zip => inventory.zips.push(place),
                FileKind::Image => inventory.images.push(place),
                FileKind::Unknown => inventory.unknown.push(place),
            }
        }
        Ok(inventory)
    }

    /// What could be read, each with the data sets it may be.
    fn found(&self) -> Vec<Found> {
        let images_of = |members: &[(usize, Member)]| {
            members.iter().any(|&(_, member)| member != Member::Names)
        };
        let cifar = [images_of(&self.cifar10), images_of(&self.cifar100)];
        let mut found = Vec::new();
        if !self.idx.is_empty() {
            found.push(Found::Idx);
        }
        for (form, there) in [&FORM_10, &FORM_100].into_iter().zip(cifar) {
            if there {
                found.push(Found::Cifar(form));
            }
        }
        // Unpacked where it lies is a usual sight: then the unpacked files are as good.
        if cifar == [false, false] {
            found.extend(self.tars.iter().map(|&place| Found::Tar(place)));
        }
        found.extend(self.zips.iter().map(|&place| Found::Zip(place)));
        if !self.images.is_empty() {
            found.push(Found::Images);
        }
        found
    }
}

/// Something that could be read.
#[derive(Clone, Copy)]
enum Found {
    Idx,
    Cifar(&'static Form),
    Tar(usize),
    Zip(usize),
    Images,
}

impl Found {
    fn may_be(self, kind: DataKind, names: &[String]) -> bool {
        match self {
            Self::Idx => matches!(kind, DataKind::Mnist | DataKind::FashionMnist),
            Self::Cifar(form) => form.kind == kind,
            Self::Tar(place) => {
                // The published names tell the two apart; other names may be either.
                let name = base(&names[place]);
                match kind {
                    DataKind::Cifar10 => !name.contains("cifar-100"),
                    DataKind::Cifar100 => !name.contains("cifar-10-"),
                    _ => false,
                }
            }
            Self::Zip(_) => true,
            Self::Images => kind == DataKind::Folder,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Idx => "MNIST or Fashion-MNIST",
            Self::Cifar(form) => form.kind.title(),
            Self::Tar(_) => "a CIFAR archive",
            Self::Zip(_) => "a zip",
            Self::Images => "an image folder",
        }
    }
}

fn any(
    source: &mut dyn Source,
    options: &ReadOptions,
    progress: &mut dyn FnMut(Progress),
    in_archive: bool,
) -> Result<Dataset, DataError> {
    let names = source.names();
    if names.len() > MAX_FILES {
        let problem = Problem::Files {
            found: names.len(),
            limit: MAX_FILES,
        };
        return Err(DataError::new(source.whole(), problem));
    }
    let inventory = Inventory::take(&names, source)?;
    let found = inventory.found();
    let wanted: Vec<Found> = found
        .iter()
        .copied()
        .filter(|found| options.kind.is_none_or(|kind| found.may_be(kind, &names)))
        .collect();
    let chosen = match (&wanted[..], &found[..], options.kind) {
        (&[only], _, _) => only,
        ([], &[other, ..], Some(kind)) => {
            let problem = Problem::OtherKind {
                found: other.title(),
                wanted: kind.title(),
            };
            return Err(DataError::new(label(&inventory, source, other), problem));
        }
        ([], ..) => {
            return Err(match inventory.unknown.first() {
                Some(&place) => DataError::new(source.label(place), Problem::Unknown),
                None => DataError::new(source.whole(), Problem::Nothing),
            });
        }
        (several, ..) => {
            let titles: Vec<&str> = several.iter().map(|found| found.title()).collect();
            return Err(DataError::new(
                label(&inventory, source, several[0]),
                Problem::Mixed {
                    found: titles.join(" and "),
                },
            ));
        }
    };
    match chosen {
        Found::Idx => idx_files(&names, &inventory.idx, source, options.kind, progress),
        Found::Cifar(form) => {
            let members = match form.kind {
                DataKind::Cifar100 => &inventory.cifar100,
                _ => &inventory.cifar10,
            };
            cifar_files(form, members, source, progress)
        }
        Found::Tar(place) | Found::Zip(place) if in_archive => {
            Err(DataError::new(source.label(place), Problem::Nested))
        }
        Found::Tar(place) => {
            let bytes = source.read(place, MAX_CIFAR_UNPACKED)?;
            cifar_tar::read(&source.label(place), &bytes, options.kind, progress)
        }
        Found::Zip(place) => {
            let bytes = source.read(place, MAX_FILE)?;
            let mut zip = ZipSource::open(source.label(place), bytes)?;
            any(&mut zip, options, progress, true)
        }
        Found::Images => images(&names, &inventory, source, options, progress),
    }
}

/// A file of what was found, for an error.
fn label(inventory: &Inventory, source: &dyn Source, found: Found) -> String {
    let place = match found {
        Found::Idx => inventory.idx.first().map(|&(place, _)| place),
        Found::Cifar(form) => match form.kind {
            DataKind::Cifar100 => inventory.cifar100.first(),
            _ => inventory.cifar10.first(),
        }
        .map(|&(place, _)| place),
        Found::Tar(place) | Found::Zip(place) => Some(place),
        Found::Images => inventory.images.first().copied(),
    };
    place.map_or_else(|| source.whole(), |place| source.label(place))
}

fn idx_files(
    names: &[String],
    found: &[(usize, Option<bool>)],
    source: &mut dyn Source,
    kind: Option<DataKind>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Dataset, DataError> {
    let mut parts: [Option<usize>; 4] = [None; 4];
    for &(place, labels) in found {
        let name = base(&names[place]).to_ascii_lowercase();
        let test = match (
            name.contains("train"),
            name.contains("t10k") || name.contains("test"),
        ) {
            (true, false) => Some(false),
            (false, true) => Some(true),
            _ => None,
        };
        let (Some(test), Some(labels)) = (test, labels) else {
            return Err(DataError::new(source.label(place), Problem::Part));
        };
        let part = &mut parts[2 * usize::from(test) + usize::from(labels)];
        match *part {
            None => *part = Some(place),
            // `gunzip --keep` leaves both: one is as good as the other.
            Some(other)
                if names[other].trim_end_matches(".gz") == names[place].trim_end_matches(".gz") => {
            }
            Some(other) => {
                let other = source.label(other);
                return Err(DataError::new(
                    source.label(place),
                    Problem::Twice { other },
                ));
            }
        }
    }
    let [Some(a), Some(b), Some(c), Some(d)] = parts else {
        let missing: Vec<&str> = parts
            .iter()
            .zip(mnist::FILES)
            .filter(|(part, _)| part.is_none())
            .map(|(_, file)| file)
            .collect();
        return Err(DataError::new(
            missing.join(", "),
            Problem::Missing {
                set: kind.map_or("MNIST or Fashion-MNIST", DataKind::title),
                all: mnist::FILES.join(", "),
            },
        ));
    };
    let places = [a, b, c, d];
    let mut contents = Vec::with_capacity(4);
    for place in places {
        contents.push(source.read(place, MAX_IDX_FILE)?);
    }
    let labels = places.map(|place| source.label(place));
    let data = mnist::parse_as(
        kind,
        labels.each_ref().map(String::as_str),
        [&contents[0], &contents[1], &contents[2], &contents[3]].map(Vec::as_slice),
    )?;
    progress(Progress { done: 4, total: 4 });
    Ok(data)
}

fn cifar_files(
    form: &'static Form,
    members: &[(usize, Member)],
    source: &mut dyn Source,
    progress: &mut dyn FnMut(Progress),
) -> Result<Dataset, DataError> {
    let mut gathered = Gathered::new(form);
    let total = members.len();
    for (done, &(place, member)) in members.iter().enumerate() {
        let label = source.label(place);
        if member == Member::Names {
            let bytes = source.read(place, MAX_NAMES_FILE)?;
            gathered.names(&label, &bytes)?;
        } else {
            // One byte more than the file may have is enough to see that it has too many.
            let bytes = source.read(place, form.max_file() + 1)?;
            gathered.images(member, &label, &*bytes)?;
        }
        progress(Progress {
            done: done + 1,
            total,
        });
    }
    gathered.finish()
}

fn images(
    names: &[String],
    inventory: &Inventory,
    source: &mut dyn Source,
    options: &ReadOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Dataset, DataError> {
    if let Some(&place) = inventory.unknown.first() {
        return Err(DataError::new(source.label(place), Problem::NotImage));
    }
    let images: Vec<(&str, usize)> = inventory
        .images
        .iter()
        .map(|&place| (names[place].as_str(), place))
        .collect();
    let folders: Vec<&str> = inventory
        .folders
        .iter()
        .filter_map(|&place| Some(names[place].rsplit_once('/')?.0))
        .filter(|folder| !is_junk(folder))
        .collect();
    folder::read(source, &images, &folders, options, progress)
}
