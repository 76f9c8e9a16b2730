//! [`Ball`]: how far an image may be changed, and starts within it.

use burn::tensor::Tensor;
use squeeze_shaders::attack_step;

use crate::config::Norm;
use crate::noise;
use crate::random::{Purpose, StreamKey};

/// All images of [0, 1] within `epsilon` of a clean one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ball {
    /// What the distance is measured in.
    pub norm: Norm,
    /// Radius, in pixel units.
    pub epsilon: f64,
}

impl Ball {
    /// The length of each image's perturbation in the norm, in pixel units.
    ///
    /// # Shapes
    /// - `offsets`: `[batch, channels, height, width]`
    /// - output: `[batch, 1]`
    pub fn lengths(&self, offsets: Tensor<4>) -> Tensor<2> {
        let [batch, channels, height, width] = offsets.dims();
        let rows = offsets.reshape([batch, channels * height * width]);
        match self.norm {
            Norm::Linf => rows.abs().max_dim(1),
            Norm::L2 => (rows.clone() * rows).sum_dim(1).sqrt(),
        }
    }

    /// The points in the ball, and in the image range, on the way to those outside.
    ///
    /// # Shapes
    /// - all: `[batch, channels, height, width]`
    pub fn project(&self, clean: &Tensor<4>, points: Tensor<4>) -> Tensor<4> {
        let offsets = points - clean.clone();
        let offsets = match self.norm {
            Norm::Linf => offsets.clamp(-self.epsilon, self.epsilon),
            Norm::L2 => {
                let lengths = self.lengths(offsets.clone()).clamp_min(f32::MIN_POSITIVE);
                let factor = (lengths.recip() * self.epsilon).clamp_max(1.0);
                let batch = offsets.dims()[0];
                offsets * factor.reshape([batch, 1, 1, 1])
            }
        };
        (clean.clone() + offsets).clamp(0.0, 1.0)
    }

    /// A start uniform in the ball around each image, cut to the image range: in l_inf every pixel
    /// moves by its own uniform number; in l_2 the image moves in a random direction, by
    /// `epsilon u^(1/n)` with `u` uniform and `n` the number of pixels.
    ///
    /// # Shapes
    /// - `clean` and output: `[batch, channels, height, width]`, without autodiff, pixels in [0, 1]
    pub fn random_start(&self, clean: Tensor<4>, stream: StreamKey) -> Tensor<4> {
        let (shape, device) = (clean.dims(), clean.device());
        let offsets = match self.norm {
            Norm::Linf => noise::uniform(shape, -self.epsilon, self.epsilon, stream, &device),
            Norm::L2 => {
                let [batch, channels, height, width] = shape;
                let count = channels * height * width;
                let direction = noise::normal(shape, 1.0, stream, &device);
                let square = direction.clone() * direction.clone();
                let length = square.reshape([batch, 1, 1, count]).sum_dim(3).sqrt();
                let radius = StreamKey {
                    purpose: Purpose::AttackRadius as u32,
                    ..stream
                };
                let u = noise::uniform([batch, 1, 1, 1], 0.0, 1.0, radius, &device);
                let radius = u.powf_scalar(1.0 / count as f32) * self.epsilon;
                direction * (radius / length)
            }
        };
        (clean + offsets).clamp(0.0, 1.0)
    }
}

/// The norm as kernels know it.
impl From<Norm> for attack_step::Norm {
    fn from(norm: Norm) -> Self {
        match norm {
            Norm::Linf => Self::Linf,
            Norm::L2 => Self::L2,
        }
    }
}
