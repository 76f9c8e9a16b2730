//! [`Model`]: what is evaluated and attacked.

use std::cell::RefCell;

use burn::module::Module;
use burn::tensor::Tensor;

use crate::config::{Guard, GuardConfig};
use crate::guard::guard;
use crate::network::Network;
#[cfg(feature = "onnx")]
use crate::onnx::OnnxModel;
use crate::random::{Purpose, Stream};

/// A network behind its guard, as it answers images: its weights fixed, its batch normalisation on
/// running statistics.
pub struct Model {
    classifier: Classifier,
    guard: GuardConfig,
    stream: RefCell<Stream>,
}

#[derive(Clone)]
enum Classifier {
    Network(Box<Network>),
    #[cfg(feature = "onnx")]
    Onnx(Box<OnnxModel>),
}

impl Model {
    /// Of a network on the autodiff device. Where the guard is random it draws from `seed`, anew each
    /// time that the model is asked.
    pub fn new(network: &Network, guard: &GuardConfig, seed: u64) -> Self {
        Self {
            classifier: Classifier::Network(Box::new(network.clone().no_grad())),
            guard: guard.clone(),
            stream: RefCell::new(Stream::new(seed, Purpose::Guard, 0)),
        }
    }

    /// Of a model from an ONNX file.
    #[cfg(feature = "onnx")]
    pub fn from_onnx(model: OnnxModel, seed: u64) -> Self {
        Self {
            classifier: Classifier::Onnx(Box::new(model)),
            guard: GuardConfig::default(),
            stream: RefCell::new(Stream::new(seed, Purpose::Guard, 0)),
        }
    }

    /// Logits, through which gradients go back to the images.
    ///
    /// # Shapes
    /// - `images`: `[batch, channels, height, width]`, on the autodiff device, pixels in [0, 1]
    /// - output: `[batch, classes]`
    pub fn logits(&self, images: Tensor<4>) -> Tensor<2> {
        let images = guard(&self.guard, images, &mut self.stream.borrow_mut());
        match &self.classifier {
            Classifier::Network(network) => network.forward(images),
            #[cfg(feature = "onnx")]
            Classifier::Onnx(model) => model.forward(images),
        }
    }

    /// [`Network::widest`]; `None` for a model from elsewhere.
    pub fn widest(&self, image_shape: [usize; 3]) -> Option<usize> {
        match &self.classifier {
            Classifier::Network(network) => Some(network.widest(image_shape)),
            #[cfg(feature = "onnx")]
            Classifier::Onnx(_) => None,
        }
    }

    /// Logits of images without autodiff; shapes as in [`Self::logits`].
    pub fn answer(&self, images: Tensor<4>) -> Tensor<2> {
        self.logits(images.autodiff()).inner()
    }

    /// The network without its guard.
    pub fn unguarded(&self) -> Self {
        let stream = self.stream.borrow().clone();
        Self {
            classifier: self.classifier.clone(),
            guard: GuardConfig::default(),
            stream: RefCell::new(stream),
        }
    }

    /// Whether something is done to images before the network sees them.
    pub fn is_guarded(&self) -> bool {
        self.guard.kind != Guard::None
    }

    /// Whether the same image may get another answer the next time.
    pub fn is_random(&self) -> bool {
        self.guard.kind.is_random()
    }
}
