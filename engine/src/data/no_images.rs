//! [`Dataset::without_images`].

use super::cifar_classes::{CIFAR10, CIFAR100};
use super::{Dataset, Split, mnist};
use crate::config::DataKind;

impl Dataset {
    /// A published data set's shape and classes without one image: enough for a model of it to be attacked
    /// on an image of one's own. Nothing for a folder, whose classes are its own.
    pub fn without_images(kind: DataKind) -> Option<Self> {
        let named = |names: &[&str]| names.iter().copied().map(str::to_owned).collect();
        let (image_shape, classes) = match kind {
            DataKind::Mnist | DataKind::FashionMnist => ([1, 28, 28], mnist::classes(kind)),
            DataKind::Cifar10 => ([3, 32, 32], named(&CIFAR10)),
            DataKind::Cifar100 => ([3, 32, 32], named(&CIFAR100)),
            DataKind::Folder => return None,
        };
        let none = || Split {
            pixels: Vec::new(),
            labels: Vec::new(),
        };
        Some(Self {
            kind,
            name: kind.title().to_owned(),
            image_shape,
            classes,
            train: none(),
            test: none(),
            split_seed: None,
        })
    }
}
