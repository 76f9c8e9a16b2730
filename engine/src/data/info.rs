//! [`DataInfo`]: what a data set holds, in numbers.

use serde::Serialize;

use super::{Dataset, Split};
use crate::config::DataKind;

/// A data set in numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DataInfo {
    /// Which data set.
    pub set: DataKind,
    /// Its name for people.
    pub name: String,
    /// Channels, height and width of an image.
    pub image_shape: [usize; 3],
    /// Images to train on.
    pub train_images: usize,
    /// Images to test on.
    pub test_images: usize,
    /// Each class, by label.
    pub classes: Vec<ClassInfo>,
    /// Mean of the training pixels in [0, 1], by channel.
    pub mean: Vec<f64>,
    /// Standard deviation of the training pixels in [0, 1], by channel.
    pub deviation: Vec<f64>,
}

/// A class in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassInfo {
    /// Its name.
    pub name: String,
    /// Its images to train on.
    pub train_images: usize,
    /// Its images to test on.
    pub test_images: usize,
}

impl Dataset {
    /// What it holds, in numbers.
    pub fn info(&self) -> DataInfo {
        let [train, test] = [&self.train, &self.test].map(counts);
        let [channels, height, width] = self.image_shape;
        let (mean, deviation) = moments(&self.train.pixels, channels, height * width);
        DataInfo {
            set: self.kind,
            name: self.name.clone(),
            image_shape: self.image_shape,
            train_images: self.train.len(),
            test_images: self.test.len(),
            classes: self
                .classes
                .iter()
                .zip(train.into_iter().zip(test))
                .map(|(name, (train_images, test_images))| ClassInfo {
                    name: name.clone(),
                    train_images,
                    test_images,
                })
                .collect(),
            mean,
            deviation,
        }
    }
}

/// Images by label.
fn counts(split: &Split) -> [usize; 256] {
    let mut counts = [0; 256];
    for &label in &split.labels {
        counts[usize::from(label)] += 1;
    }
    counts
}

/// Mean and standard deviation by channel, exactly: from how often each of the 256 values occurs.
fn moments(pixels: &[u8], channels: usize, plane: usize) -> (Vec<f64>, Vec<f64>) {
    let mut histograms = vec![[0_u64; 256]; channels];
    for (place, values) in pixels.chunks_exact(plane.max(1)).enumerate() {
        let histogram = &mut histograms[place % channels];
        for &value in values {
            histogram[usize::from(value)] += 1;
        }
    }
    histograms
        .iter()
        .map(|histogram| {
            let of = |power: fn(f64) -> f64| {
                let weighted = histogram.iter().enumerate();
                weighted
                    .map(|(value, &count)| count as f64 * power(value as f64 / 255.0))
                    .sum::<f64>()
            };
            let count = of(|_| 1.0);
            let mean = of(|value| value) / count;
            let variance = of(|value| value * value) / count - mean * mean;
            (mean, variance.max(0.0).sqrt())
        })
        .unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_images() {
        let data = Dataset {
            split_seed: None,
            kind: DataKind::Folder,
            name: "two".to_owned(),
            image_shape: [2, 1, 2],
            classes: vec!["a".to_owned(), "b".to_owned()],
            train: Split {
                pixels: vec![0, 255, 51, 51, 0, 255, 51, 51],
                labels: vec![1, 1],
            },
            test: Split {
                pixels: vec![0; 4],
                labels: vec![0],
            },
        };
        let info = data.info();
        let of = |class: usize| {
            (
                info.classes[class].train_images,
                info.classes[class].test_images,
            )
        };
        assert_eq!((of(0), of(1)), ((0, 1), (2, 0)));
        assert!((info.mean[0] - 0.5).abs() < 1e-12 && (info.mean[1] - 0.2).abs() < 1e-12);
        assert!((info.deviation[0] - 0.5).abs() < 1e-12 && info.deviation[1] < 1e-7);
    }
}
