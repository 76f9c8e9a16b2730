//! A data set where the device can reach it.

use std::sync::Arc;

#[cfg(feature = "gpu")]
use burn::backend::DispatchDevice;
use burn::tensor::{Device, Tensor, TensorData};
use squeeze_shaders::batch_gather::{Pick, Plan, batch_gather};

use crate::data::{Dataset, Split};
#[cfg(feature = "gpu")]
use crate::kernel::batch_gather::Images;
use crate::random::StreamKey;

/// A data set beside its device: its bytes lie in the memory of a GPU, which makes the batches itself;
/// for a CPU they stay where they are.
pub struct Resident {
    data: Arc<Dataset>,
    device: Device,
    #[cfg(feature = "gpu")]
    on_gpu: Option<[Images; 2]>,
}

/// The part of a data set that a batch comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The training images.
    Train,
    /// The test images.
    Test,
}

/// Gaussian noise on a batch.
#[derive(Clone, Copy, Debug)]
pub struct Noise {
    /// Standard deviation in pixel units; 0 for none.
    pub sigma: f64,
    /// Where it comes from.
    pub stream: StreamKey,
}

impl Resident {
    /// Takes a data set to a plain device.
    pub fn new(data: Arc<Dataset>, device: &Device) -> Self {
        #[cfg(feature = "gpu")]
        let on_gpu = match device.as_dispatch() {
            DispatchDevice::Cube(_) => Some(
                [&data.train, &data.test]
                    .map(|split| Images::upload(&split.pixels, data.image_len(), device)),
            ),
            _ => None,
        };
        Self {
            #[cfg(feature = "gpu")]
            on_gpu,
            data,
            device: device.clone(),
        }
    }

    /// The data set.
    pub fn data(&self) -> &Dataset {
        &self.data
    }

    /// The plain device that batches are made on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Images and labels of one part.
    pub fn split(&self, source: Source) -> &Split {
        match source {
            Source::Train => &self.data.train,
            Source::Test => &self.data.test,
        }
    }

    /// Labels of some places.
    pub fn labels(&self, source: Source, places: impl Iterator<Item = usize>) -> Vec<u8> {
        let labels = &self.split(source).labels;
        places.map(|place| labels[place]).collect()
    }

    /// The images at some places as they are, pixels in [0, 1].
    ///
    /// # Shapes
    /// - output: `[batch, channels, height, width]`, without autodiff
    pub fn images(&self, source: Source, places: impl Iterator<Item = usize>) -> Tensor<4> {
        let picks = places
            .map(|place| Pick {
                place: place as u32,
                ..Pick::default()
            })
            .collect();
        let none = Noise {
            sigma: 0.0,
            stream: StreamKey {
                key: [0; 2],
                purpose: 0,
                index: 0,
            },
        };
        self.gather(source, picks, none)
    }

    /// A batch of images, moved, mirrored and with noise; see
    /// [`squeeze_shaders::batch_gather::batch_gather`].
    ///
    /// # Shapes
    /// - output: `[batch, channels, height, width]`, without autodiff
    pub fn gather(&self, source: Source, picks: Vec<Pick>, noise: Noise) -> Tensor<4> {
        let plan = Plan {
            image_shape: self.data.image_shape,
            picks,
            sigma: noise.sigma as f32,
            noise: noise.stream,
        };
        #[cfg(feature = "gpu")]
        if let Some([train, test]) = &self.on_gpu {
            return match source {
                Source::Train => train.gather(&plan),
                Source::Test => test.gather(&plan),
            };
        }
        let [channels, height, width] = plan.image_shape;
        let pixels = batch_gather(&self.split(source).pixels, &plan);
        let shape = [plan.picks.len(), channels, height, width];
        Tensor::from_data(TensorData::new(pixels, shape), &self.device)
    }
}
