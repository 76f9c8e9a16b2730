//! [`DataError`]: what is wrong with files that hold no data set.

use std::io;

use super::limits::{MAX_CLASSES, MAX_PICTURE_PIXELS, MAX_PICTURE_SIDE};

/// Files that cannot be used. The text names the file, the field in it, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct DataError {
    /// The file or folder, as its source named it; inside an archive, `ARCHIVE/MEMBER`.
    pub file: String,
    /// What is wrong with it, and what to do.
    pub problem: Problem,
}

impl DataError {
    /// An error of `file`.
    pub fn new(file: impl Into<String>, problem: impl Into<Problem>) -> Self {
        Self {
            file: file.into(),
            problem: problem.into(),
        }
    }
}

/// What is wrong with a file, a folder or an option.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The bytes cannot be read or unpacked.
    #[error("cannot be read or unpacked ({0}); fetch the file again")]
    Read(#[from] io::Error),
    /// The file is not there, or may not be read.
    #[error("cannot be opened ({0}); check that it is there and may be read")]
    Open(io::Error),
    /// The file ends too early.
    #[error(
        "ends after {found} of {expected} bytes of {part}: it is truncated; fetch the file again"
    )]
    Truncated {
        /// What ends: `header`, `values`, `image 7`, ...
        part: String,
        /// Bytes of it that must be there.
        expected: u64,
        /// Bytes of it that are there.
        found: u64,
    },
    /// The file goes on after its last value.
    #[error("goes on after its {expected} {what}: it is not the file it should be; fetch it again")]
    TooLong {
        /// How many there must be.
        expected: u64,
        /// `values`, `images`.
        what: &'static str,
    },
    /// More comes out of a packed file than can be in it.
    #[error(
        "unpacks to more than {limit} bytes, the most that such a file holds: it is damaged or made to fill the memory (a zip bomb); fetch it again from its publisher"
    )]
    Unpacks {
        /// The most that is unpacked.
        limit: u64,
    },
    /// The file itself is too large.
    #[error("has {size} bytes, but at most {limit} are read; use a smaller file, or unpack it")]
    FileSize {
        /// Its bytes.
        size: u64,
        /// The most that is read.
        limit: u64,
    },
    /// The data set does not fit.
    #[error(
        "{images} images of {image_len} bytes are {bytes} bytes, but at most {limit} fit; use fewer images or a smaller image size"
    )]
    Memory {
        /// Images of both splits.
        images: u64,
        /// Bytes of one.
        image_len: u64,
        /// Bytes of all.
        bytes: u64,
        /// The most that is held.
        limit: u64,
    },
    /// The machine, or the page, has not that much memory left.
    #[error(
        "need {bytes} bytes of memory, more than is left; use fewer images or a smaller image size"
    )]
    NoMemory {
        /// Bytes wanted at once.
        bytes: u64,
    },

    /// The first four bytes are not those of the wanted kind of file.
    #[error(
        "starts with {found:#010x}, not with {expected:#010x}: it is not {what}; fetch the file again, or check its name"
    )]
    Magic {
        /// The four bytes found.
        found: u32,
        /// The four bytes wanted.
        expected: u32,
        /// The kind of file wanted.
        what: &'static str,
    },
    /// The dimensions in an IDX header cannot be right.
    #[error("its header says that it holds {count} images of {height} x {width} pixels: {why}")]
    Shape {
        /// Images, by the header.
        count: u32,
        /// Height, by the header.
        height: u32,
        /// Width, by the header.
        width: u32,
        /// Why this cannot be, and what to do.
        why: String,
    },
    /// The number of labels in an IDX header cannot be right.
    #[error(
        "its header says that it holds {count} labels, but at most {limit} are read; fetch the file again"
    )]
    LabelCount {
        /// Labels, by the header.
        count: u32,
        /// The most that is read.
        limit: u32,
    },
    /// Images and labels do not belong together.
    #[error(
        "holds {images} images, but {labels_file} {labels} labels: take both from one data set"
    )]
    Counts {
        /// Images in the file.
        images: usize,
        /// File of the labels.
        labels_file: String,
        /// Labels in it.
        labels: usize,
    },
    /// A label is no class.
    #[error("label {index} is {label}, but the classes are 0 to {last}; fetch the file again")]
    Label {
        /// Place of the label, from 0.
        index: usize,
        /// Its value.
        label: u8,
        /// The last class.
        last: usize,
    },
    /// A file of class names has the wrong number of them, or is no text.
    #[error(
        "names {found} classes, but there are {expected}; fetch the file again or take it away"
    )]
    Names {
        /// Names in it.
        found: usize,
        /// Classes of the data set.
        expected: usize,
    },

    /// There is no file at all.
    #[error("there is no file in it; give {WANTED}")]
    Nothing,
    /// A file of no known kind.
    #[error("is nothing that can be read here; give {WANTED}")]
    Unknown,
    /// Files of a set are not there.
    #[error("missing from {set}; put it beside the others (all of {all} are needed)")]
    Missing {
        /// The data set.
        set: &'static str,
        /// All its files.
        all: String,
    },
    /// The same part of a set is there twice.
    #[error("holds the same part of the data set as {other}: take one of them away")]
    Twice {
        /// The other file.
        other: String,
    },
    /// Files of several data sets.
    #[error("there are {found} together: give one of them, or say which is meant")]
    Mixed {
        /// What there is.
        found: String,
    },
    /// Another data set than the one asked for.
    #[error(
        "is {found}, but {wanted} was asked for: give the files of {wanted}, or choose {found} as the data set (`data.set`)"
    )]
    OtherKind {
        /// What there is.
        found: &'static str,
        /// What was asked for.
        wanted: &'static str,
    },
    /// An IDX file whose name does not tell its part.
    #[error(
        "its name says neither `train` nor `t10k`, or neither `images` nor `labels`: name it as published, such as train-images-idx3-ubyte.gz"
    )]
    Part,

    /// An archive that cannot be opened.
    #[error("is no {what} that can be read ({why}); {fix}")]
    Archive {
        /// `zip`, `tar`.
        what: &'static str,
        /// What its reader said.
        why: String,
        /// What to do.
        fix: &'static str,
    },
    /// An archive without the files of CIFAR's binary form.
    #[error(
        "holds no data_batch_1.bin or train.bin: take the binary form of CIFAR (cifar-10-binary.tar.gz, cifar-100-binary.tar.gz), not the Python or MATLAB one; pack class folders as a zip"
    )]
    NotBinary,
    /// A member whose name leads out of its archive.
    #[error("is a path that leads out of its archive: do not trust this file; fetch another copy")]
    Path,
    /// An archive in an archive.
    #[error("is an archive inside an archive: unpack the outer one and give the inner one")]
    Nested,
    /// More files than are looked at.
    #[error("holds {found} files, but at most {limit} are read; use fewer images")]
    Files {
        /// Files found.
        found: usize,
        /// The most that is read.
        limit: usize,
    },

    /// Folders in folders without end.
    #[error("lies deeper than {limit} folders: give the folder of the data set itself")]
    Depth {
        /// Folders inside each other, at most.
        limit: usize,
    },

    /// An image beside the class folders.
    #[error("lies in no class folder: move it into one, as in {example}")]
    NoClass {
        /// A path that would do.
        example: &'static str,
    },
    /// Something beside `train` and `test`.
    #[error("lies beside `train` and `test`: move it into one of them or take it away")]
    Beside,
    /// Only one of `train` and `test`.
    #[error(
        "this folder is missing, but there is {there}: add it, or give the class folders alone (without {there} around them) to have them split by seed"
    )]
    OneSplit {
        /// The one that is there.
        there: &'static str,
    },
    /// A class without images.
    #[error("this class folder holds no images: put PNG, JPEG or WebP files into it or remove it")]
    EmptyClass,
    /// A class of one split alone.
    #[error(
        "this class folder is missing, but there is {there}: both splits need the same classes; add it or remove {there}"
    )]
    OddClass {
        /// The folder that is there.
        there: String,
    },
    /// Too few classes.
    #[error("is the only class folder: put at least two beside each other, each with its images")]
    OneClass,
    /// Too many classes.
    #[error(
        "there are {found} class folders, but at most {MAX_CLASSES} classes are read; use fewer"
    )]
    ManyClasses {
        /// Class folders.
        found: usize,
    },
    /// A class too small to split.
    #[error(
        "this class holds {found} image, but a split by seed needs at least 2, one to train and one to test on; add images"
    )]
    FewImages {
        /// Images of the class.
        found: usize,
    },
    /// A file that is no image.
    #[error("is no PNG, JPEG or WebP image: convert it or take it away")]
    NotImage,
    /// An image that cannot be decoded.
    #[error("cannot be decoded ({0}): save it again as PNG, JPEG or WebP, or take it away")]
    Picture(String),
    /// An image of too many pixels.
    #[error(
        "is {width} x {height} pixels, but at most {MAX_PICTURE_SIDE} a side and {MAX_PICTURE_PIXELS} in all are decoded: make it smaller or take it away"
    )]
    PictureSize {
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
    },

    /// An option out of its range.
    #[error("is {value}, but must be {range}")]
    Option {
        /// Its value.
        value: String,
        /// What it may be.
        range: &'static str,
    },
}

/// What can be read, for texts.
const WANTED: &str = "the four IDX files of MNIST or Fashion-MNIST, a CIFAR binary .tar.gz or its .bin files, or folders of PNG, JPEG or WebP images, one a class (loose or as a .zip)";
