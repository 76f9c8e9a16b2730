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
