//! The networks: pixel values in [0, 1] in, logits out.

mod cnn;
pub mod weights;

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::config::NetworkKind;
pub use cnn::Cnn;

/// A classifier of images.
#[derive(Module, Debug)]
pub struct Network {
    cnn: Cnn,
}

impl Network {
    /// A network with zero weights; [`weights::initialize`] or [`weights::load`] fills them.
    ///
    /// # Errors
    /// [`NetworkError`] if the images are too small for it.
    pub fn new(
        kind: NetworkKind,
        image_shape: [usize; 3],
        classes: usize,
        device: &Device,
    ) -> Result<Self, NetworkError> {
        let [_, height, width] = image_shape;
        if height < 4 || width < 4 {
            return Err(NetworkError {
                network: kind.name(),
                height,
                width,
            });
        }
        let cnn = match kind {
            NetworkKind::SmallCnn => Cnn::small(image_shape, classes, device),
            NetworkKind::MnistCnn => Cnn::mnist(image_shape, classes, device),
        };
        Ok(Self { cnn })
    }

    /// Logits of a batch.
    ///
    /// # Shapes
    /// - `images`: `[batch, channels, height, width]`, pixels in [0, 1] (training noise may leave it)
    /// - output: `[batch, classes]`
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.cnn.forward(images)
    }
}

/// Images that a network cannot take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{network} halves images twice, so they must be at least 4 x 4 pixels, not {height} x {width}"
)]
pub struct NetworkError {
    network: &'static str,
    height: usize,
    width: usize,
}
