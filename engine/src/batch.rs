//! From stored bytes to tensors of pixels in [0, 1].

use burn::tensor::{Device, Tensor, TensorData};

use crate::data::{Dataset, Split};
use crate::random::{Purpose, Stream};

/// Images and labels of some places of a split.
pub(crate) struct Batch {
    /// `[batch, channels, height, width]`, row-major, pixels in [0, 1] unless noise was added.
    pub pixels: Vec<f32>,
    /// Class of each image.
    pub labels: Vec<u8>,
    shape: [usize; 4],
}

impl Batch {
    /// Gathers the images at `places`.
    ///
    /// # Panics
    /// If a place is outside the split.
    pub fn gather(
        split: &Split,
        [channels, height, width]: [usize; 3],
        places: impl ExactSizeIterator<Item = usize>,
    ) -> Self {
        let length = channels * height * width;
        let count = places.len();
        let mut pixels = Vec::with_capacity(count * length);
        let mut labels = Vec::with_capacity(count);
        for place in places {
            let image = &split.pixels[place * length..(place + 1) * length];
            pixels.extend(image.iter().map(|&byte| f32::from(byte) / 255.0));
            labels.push(split.labels[place]);
        }
        Self {
            pixels,
            labels,
            shape: [count, channels, height, width],
        }
    }

    /// Adds Gaussian noise, not clipped.
    pub fn add_noise(&mut self, sigma: f64, mut stream: Stream) {
        if sigma == 0.0 {
            return;
        }
        let mut noise = vec![0.0; self.pixels.len()];
        stream.fill_normal(&mut noise);
        for (pixel, noise) in self.pixels.iter_mut().zip(noise) {
            *pixel += sigma as f32 * noise;
        }
    }

    /// # Shapes
    /// - output: `[batch, channels, height, width]`
    pub fn images(self, device: &Device) -> Tensor<4> {
        Tensor::from_data(TensorData::new(self.pixels, self.shape), device)
    }
}

/// The places of the training images of each step: one random order an epoch, cut into batches that
/// may span two epochs. A pure function of seed and step.
pub(crate) struct Sampler {
    seed: u64,
    batch_size: usize,
    epoch: Option<usize>,
    order: Vec<u32>,
}

impl Sampler {
    pub fn new(seed: u64, batch_size: usize, data: &Dataset) -> Self {
        Self {
            seed,
            batch_size,
            epoch: None,
            order: (0..data.train.len() as u32).collect(),
        }
    }

    /// Places of the images of step `step`, counted from 0.
    pub fn places(&mut self, step: usize) -> Vec<usize> {
        let images = self.order.len();
        (step * self.batch_size..(step + 1) * self.batch_size)
            .map(|position| {
                self.enter(position / images);
                self.order[position % images] as usize
            })
            .collect()
    }

    fn enter(&mut self, epoch: usize) {
        if self.epoch == Some(epoch) {
            return;
        }
        // From the same beginning each time, so that an order does not depend on the ones before.
        for (place, value) in self.order.iter_mut().zip(0..) {
            *place = value;
        }
        Stream::new(self.seed, Purpose::Shuffle, epoch).shuffle(&mut self.order);
        self.epoch = Some(epoch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(images: usize) -> Dataset {
        let split = Split {
            pixels: (0..images).map(|i| i as u8).collect(),
            labels: vec![0; images],
        };
        Dataset {
            kind: crate::config::DataKind::Folder,
            name: "test".to_owned(),
            image_shape: [1, 1, 1],
            classes: vec!["0".to_owned()],
            train: split.clone(),
            test: split,
        }
    }

    #[test]
    fn an_epoch_takes_every_image_once_and_depends_on_the_seed_alone() {
        let data = data(10);
        let mut sampler = Sampler::new(3, 4, &data);
        let steps: Vec<Vec<usize>> = (0..5).map(|step| sampler.places(step)).collect();
        let all = steps.concat();
        for epoch in all.chunks(10) {
            let mut places = epoch.to_vec();
            places.sort_unstable();
            assert_eq!(places, (0..10).collect::<Vec<_>>());
        }
        assert_ne!(all[..10], all[10..]);
        // Any step alone, in any order: what a resumed run needs.
        let mut fresh = Sampler::new(3, 4, &data);
        assert_eq!(fresh.places(4), steps[4]);
        assert_eq!(fresh.places(2), steps[2]);
        assert_ne!(Sampler::new(4, 4, &data).places(0), steps[0]);
    }

    #[test]
    fn pixels_are_scaled_and_noise_has_its_deviation() {
        let data = data(256);
        let mut batch = Batch::gather(&data.train, [1, 1, 1], [0, 51, 255].into_iter());
        assert_eq!(batch.pixels, [0.0, 0.2, 1.0]);
        batch.add_noise(0.0, Stream::new(1, Purpose::Noise, 0));
        assert_eq!(batch.pixels, [0.0, 0.2, 1.0]);
        let mut batch = Batch::gather(&data.train, [1, 1, 1], (0..256).map(|_| 0));
        batch.add_noise(0.5, Stream::new(1, Purpose::Noise, 0));
        let square: f32 = batch.pixels.iter().map(|p| p * p).sum::<f32>() / 256.0;
        assert!((square.sqrt() - 0.5).abs() < 0.08, "{square}");
    }
}
