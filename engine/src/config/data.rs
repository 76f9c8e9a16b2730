//! [`DataConfig`]: which images.

use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::check::check;

/// The data set of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// Which data set.
    pub set: DataKind,
    /// Where its files lie on this machine; without it, MNIST comes with the program and the others
    /// are where `squeeze data fetch` put them. The page has its own files and ignores it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Height and width that the images of a folder are brought to, in pixels, from 4 to 512.
    /// The other data sets keep their own size.
    pub image_size: usize,
    /// Share of a folder's images that becomes the test set, above 0 and below 1, where the folder
    /// has no `train` and `test` of its own.
    pub test_share: f64,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            set: DataKind::Mnist,
            path: None,
            image_size: 32,
            test_share: 0.2,
        }
    }
}

/// A data set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataKind {
    /// 28 x 28 handwritten digits.
    #[default]
    Mnist,
    /// 28 x 28 pieces of clothing, in MNIST's format.
    FashionMnist,
    /// 32 x 32 colour photographs, 10 classes.
    Cifar10,
    /// 32 x 32 colour photographs, 100 (fine) classes.
    Cifar100,
    /// Any images, one folder a class.
    Folder,
}

impl DataKind {
    /// All of them, in the order an interface lists them.
    pub const ALL: [Self; 5] = [
        Self::Mnist,
        Self::FashionMnist,
        Self::Cifar10,
        Self::Cifar100,
        Self::Folder,
    ];

    /// The name used in files, flags and links.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mnist => "mnist",
            Self::FashionMnist => "fashion-mnist",
            Self::Cifar10 => "cifar10",
            Self::Cifar100 => "cifar100",
            Self::Folder => "folder",
        }
    }

    /// The name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Mnist => "MNIST",
            Self::FashionMnist => "Fashion-MNIST",
            Self::Cifar10 => "CIFAR-10",
            Self::Cifar100 => "CIFAR-100",
            Self::Folder => "image folder",
        }
    }
}

impl DataConfig {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        check(
            (4..=512).contains(&self.image_size),
            "data.image_size",
            self.image_size,
            "a number of pixels from 4 to 512",
        )?;
        check(
            self.test_share > 0.0 && self.test_share < 1.0,
            "data.test_share",
            self.test_share,
            "above 0 and below 1",
        )
    }
}
