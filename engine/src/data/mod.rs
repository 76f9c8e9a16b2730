//! Data sets: images as bytes, with labels, and the readers of their files.
//!
//! [`read`] takes files of any known data set. The readers trust no size, count or label in a file,
//! keep within the limits of [`limits`], and write nothing.

mod bounded;
mod cifar;
mod cifar_classes;
mod cifar_tar;
mod error;
mod folder;
pub mod idx;
mod info;
mod layout;
pub mod limits;
#[cfg(test)]
mod made;
pub mod mnist;
mod names;
mod no_images;
mod picture;
mod read;
mod recognise;
pub mod sheet;
mod source;
mod split;
mod zip_source;

#[cfg(test)]
mod tests;

pub use bounded::unpacked;
pub use error::{DataError, Problem};
pub use info::{ClassInfo, DataInfo};
pub use read::{Progress, ReadOptions, read, read_source};
pub use source::{DataFile, HEAD, Source};

use crate::config::DataKind;
use crate::event::DataReport;

/// Images of one split, with their labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Row-major `[images, channels, height, width]`, 0 to 255.
    pub pixels: Vec<u8>,
    /// Class of each image.
    pub labels: Vec<u8>,
}

impl Split {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// True without images.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}

/// A data set, held as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// Which data set it is.
    pub kind: DataKind,
    /// Name for people.
    pub name: String,
    /// Channels, height and width of an image.
    pub image_shape: [usize; 3],
    /// Names of the classes, by label.
    pub classes: Vec<String>,
    /// Images to train on.
    pub train: Split,
    /// Images to test and attack on.
    pub test: Split,
    /// The seed that parted training from test images; nothing where they come apart.
    pub split_seed: Option<u64>,
}

impl Dataset {
    /// What an interface says of it.
    pub fn report(&self) -> DataReport {
        DataReport {
            kind: self.kind,
            name: self.name.clone(),
            train_images: self.train.len(),
            test_images: self.test.len(),
            image_shape: self.image_shape,
            classes: self.classes.clone(),
        }
    }

    /// Numbers of one image: channels x height x width.
    pub fn image_len(&self) -> usize {
        self.image_shape.iter().product()
    }
}
