//! Two convolutions with pooling, then two linear layers: `small-cnn` and `mnist-cnn`.

use burn::module::Module;
use burn::nn::Linear;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};

use crate::operation::convolution;
use crate::operation::linear::{linear, linear_relu};
use crate::operation::relu_pool::relu_pool;

use super::layers;
use super::precision::narrow;
use crate::config::Precision;

/// conv, relu, pool2, conv, relu, pool2, fc, relu, fc (`recipe.md`, "Architectures").
#[derive(Module, Debug)]
pub struct Cnn {
    conv1: Conv2d,
    conv2: Conv2d,
    fc1: Linear,
    fc2: Linear,
}

impl Cnn {
    /// `small-cnn`: 3 x 3 convolutions with 16 and 32 channels, 128 hidden units.
    pub fn small(image_shape: [usize; 3], classes: usize, device: &Device) -> Self {
        Self::new(image_shape, 3, [16, 32], 128, classes, device)
    }

    /// `mnist-cnn`: 5 x 5 convolutions with 32 and 64 channels, 1024 hidden units; the network of
    /// the MNIST challenge (Madry et al. 2018).
    pub fn mnist(image_shape: [usize; 3], classes: usize, device: &Device) -> Self {
        Self::new(image_shape, 5, [32, 64], 1024, classes, device)
    }

    fn new(
        [channels, height, width]: [usize; 3],
        kernel: usize,
        filters: [usize; 2],
        hidden: usize,
        classes: usize,
        device: &Device,
    ) -> Self {
        let features = filters[1] * (height / 4) * (width / 4);
        Self {
            conv1: layers::conv([channels, filters[0]], kernel, 1, true, device),
            conv2: layers::conv([filters[0], filters[1]], kernel, 1, true, device),
            fc1: layers::linear(features, hidden, device),
            fc2: layers::linear(hidden, classes, device),
        }
    }

    /// The first convolution.
    pub fn first(&self) -> &Conv2d {
        &self.conv1
    }

    /// # Shapes
    /// - `images`: `[batch, channels, height, width]`
    /// - output: `[batch, classes]`
    pub fn forward(&self, images: Tensor<4>, precision: Precision) -> Tensor<2> {
        let x = narrow(images, precision);
        let x = relu_pool(convolution::forward(&self.conv1, x));
        let x = relu_pool(convolution::forward(&self.conv2, x));
        let x = linear_relu(&self.fc1, x.flatten(1, 3));
        linear(&self.fc2, x)
    }
}
