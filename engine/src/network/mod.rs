//! The networks: pixel values in [0, 1] in, logits out. Any normalisation is inside.

mod batch_norm;
mod cnn;
mod layers;
mod precision;
mod resnet;
pub mod weights;
mod wide_resnet;

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::config::{NetworkKind, Precision};
use batch_norm::Mode;
pub use batch_norm::Statistics;
use cnn::Cnn;
use resnet::ResNet;
use wide_resnet::WideResNet;

/// A classifier of images.
#[derive(Module, Debug)]
pub enum Network {
    /// `small-cnn` and `mnist-cnn`.
    Cnn(Cnn),
    /// `resnet-d`.
    ResNet(ResNet),
    /// `wrn-d-k`.
    WideResNet(WideResNet),
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
        let [channels, height, width] = image_shape;
        if height < 4 || width < 4 {
            return Err(NetworkError::TooSmall {
                network: kind.name(),
                height,
                width,
            });
        }
        if kind.is_challenge_form() && !(height.is_multiple_of(4) && width.is_multiple_of(4)) {
            return Err(NetworkError::Odd {
                network: kind.name(),
                height,
                width,
            });
        }
        // All networks but the plain ones have units.
        let units = kind.units().unwrap_or_default();
        Ok(match kind {
            NetworkKind::SmallCnn => Self::Cnn(Cnn::small(image_shape, classes, device)),
            NetworkKind::MnistCnn => Self::Cnn(Cnn::mnist(image_shape, classes, device)),
            NetworkKind::ResNet { .. } => {
                Self::ResNet(ResNet::new(units, channels, classes, device))
            }
            NetworkKind::Wrn { width, .. } => Self::WideResNet(WideResNet::new(
                kind.is_challenge_form(),
                units,
                usize::from(width),
                channels,
                classes,
                device,
            )),
        })
    }

    /// Logits of a batch, as the network is evaluated and attacked: batch normalisation takes its
    /// running statistics.
    ///
    /// # Shapes
    /// - `images`: `[batch, channels, height, width]`, pixels in [0, 1] (training noise may leave it)
    /// - output: `[batch, classes]`
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.pass(images, Precision::Full, &mut Mode::Eval)
    }

    /// The same for the steps of training's adversary, who goes along the sign of each image's gradient
    /// alone: in mixed precision gradients are brought to a size that 16 bits hold.
    pub fn forward_adversary(&self, images: Tensor<4>, precision: Precision) -> Tensor<2> {
        let logits = self.pass(images, precision, &mut Mode::Eval);
        #[cfg(feature = "gpu")]
        if precision == Precision::Mixed {
            return crate::operation::balanced_gradient::balanced_gradient(logits);
        }
        logits
    }

    /// Logits of a batch, as the network is trained: batch normalisation takes the batch's
    /// statistics, which are added to `statistics` for [`Self::update`]. Shapes as in
    /// [`Self::forward`].
    pub fn forward_train(
        &self,
        images: Tensor<4>,
        precision: Precision,
        statistics: &mut Vec<Statistics>,
    ) -> Tensor<2> {
        self.pass(images, precision, &mut Mode::Train(statistics))
    }

    /// The network with the statistics of one or more training passes, one after the other, taken
    /// into its running ones.
    #[must_use]
    pub fn update(self, statistics: Vec<Statistics>) -> Self {
        let mut network = self;
        let mut next = statistics.into_iter().peekable();
        while next.peek().is_some() {
            network = match network {
                // It has none, and so pushed none.
                Self::Cnn(cnn) => return Self::Cnn(cnn),
                Self::ResNet(resnet) => Self::ResNet(resnet.update(&mut next)),
                Self::WideResNet(wide) => Self::WideResNet(wide.update(&mut next)),
            };
        }
        network
    }

    /// Numbers that its widest layer makes of one image.
    pub fn widest(&self, [channels, height, width]: [usize; 3]) -> usize {
        let conv = match self {
            Self::Cnn(cnn) => cnn.first(),
            Self::ResNet(resnet) => resnet.first(),
            Self::WideResNet(wide) => wide.widest(),
        };
        // Channels double where images are halved twice.
        channels.max(conv.weight.dims()[0]) * height * width
    }

    /// Weights of the first convolution, without autodiff: `[filters, channels, height, width]`.
    pub fn first_weights(&self) -> Tensor<4> {
        let conv = match self {
            Self::Cnn(cnn) => cnn.first(),
            Self::ResNet(resnet) => resnet.first(),
            Self::WideResNet(wide) => wide.first(),
        };
        conv.weight.val().inner()
    }

    fn pass(&self, images: Tensor<4>, precision: Precision, mode: &mut Mode) -> Tensor<2> {
        match self {
            Self::Cnn(cnn) => cnn.forward(images, precision),
            Self::ResNet(resnet) => resnet.forward(images, precision, mode),
            Self::WideResNet(wide) => wide.forward(images, precision, mode),
        }
    }
}

/// Images that a network cannot take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// They are too small.
    #[error(
        "{network} halves images twice, so they must be at least 4 x 4 pixels, not {height} x {width}"
    )]
    TooSmall {
        /// The network.
        network: String,
        /// Height of the images.
        height: usize,
        /// Their width.
        width: usize,
    },
    /// Their halves are not whole.
    #[error(
        "the shortcuts of {network} average 2 x 2 pixels twice, so height and width must be multiples of 4, not {height} x {width}"
    )]
    Odd {
        /// The network.
        network: String,
        /// Height of the images.
        height: usize,
        /// Their width.
        width: usize,
    },
}
