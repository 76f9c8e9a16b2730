//! `resnet-d`: the CIFAR ResNets (He et al. 2016, arXiv:1512.03385, section 4.2).

use burn::module::Module;
use burn::nn::Linear;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor, activation::relu, s};

use crate::config::Precision;
use crate::operation::convolution;
use crate::operation::linear::linear;

use super::batch_norm::{BatchNorm, Mode, Statistics};
use super::layers::{self, conv, global_average, pad_channels, standardize};
use super::precision::narrow;

/// Standardisation, a convolution, three stages of blocks, global average, linear.
#[derive(Module, Debug)]
pub struct ResNet {
    conv1: Conv2d,
    bn1: BatchNorm,
    layer1: Vec<Block>,
    layer2: Vec<Block>,
    layer3: Vec<Block>,
    fc: Linear,
}

/// Two convolutions beside a shortcut without weights.
#[derive(Module, Debug)]
struct Block {
    conv1: Conv2d,
    bn1: BatchNorm,
    conv2: Conv2d,
    bn2: BatchNorm,
}

impl ResNet {
    /// `units` blocks a stage, weights 0.
    pub fn new(units: usize, channels: usize, classes: usize, device: &Device) -> Self {
        let stage = |inputs, outputs| {
            (0..units)
                .map(|unit| {
                    if unit == 0 {
                        Block::new(inputs, outputs, device)
                    } else {
                        Block::new(outputs, outputs, device)
                    }
                })
                .collect()
        };
        Self {
            conv1: conv([channels, 16], 3, 1, false, device),
            bn1: BatchNorm::new(16, device),
            layer1: stage(16, 16),
            layer2: stage(16, 32),
            layer3: stage(32, 64),
            fc: layers::linear(64, classes, device),
        }
    }

    /// The first convolution.
    pub fn first(&self) -> &Conv2d {
        &self.conv1
    }

    /// # Shapes
    /// - `images`: `[batch, channels, height, width]`
    /// - output: `[batch, classes]`
    pub fn forward(&self, images: Tensor<4>, precision: Precision, mode: &mut Mode) -> Tensor<2> {
        let x = narrow(standardize(images), precision);
        let x = convolution::forward(&self.conv1, x);
        let mut x = relu(self.bn1.forward(x, mode));
        for block in [&self.layer1, &self.layer2, &self.layer3]
            .into_iter()
            .flatten()
        {
            x = block.forward(x, mode);
        }
        linear(&self.fc, global_average(x))
    }

    /// Takes the statistics, in the order of a forward pass, into the running ones.
    pub fn update(self, next: &mut impl Iterator<Item = Statistics>) -> Self {
        Self {
            bn1: self.bn1.update(next),
            layer1: update_stage(self.layer1, next),
            layer2: update_stage(self.layer2, next),
            layer3: update_stage(self.layer3, next),
            ..self
        }
    }
}

impl Block {
    fn new(inputs: usize, outputs: usize, device: &Device) -> Self {
        let stride = if inputs == outputs { 1 } else { 2 };
        Self {
            conv1: conv([inputs, outputs], 3, stride, false, device),
            bn1: BatchNorm::new(outputs, device),
            conv2: conv([outputs, outputs], 3, 1, false, device),
            bn2: BatchNorm::new(outputs, device),
        }
    }

    fn forward(&self, x: Tensor<4>, mode: &mut Mode) -> Tensor<4> {
        let path = relu(
            self.bn1
                .forward(convolution::forward(&self.conv1, x.clone()), mode),
        );
        let path = self
            .bn2
            .forward(convolution::forward(&self.conv2, path), mode);
        let channels = path.dims()[1];
        // Where channels grow, every second pixel along each axis goes on.
        let shortcut = if channels == x.dims()[1] {
            x
        } else {
            pad_channels(x.slice(s![.., .., ..;2, ..;2]), channels)
        };
        relu(path + shortcut)
    }
}

fn update_stage(stage: Vec<Block>, next: &mut impl Iterator<Item = Statistics>) -> Vec<Block> {
    stage
        .into_iter()
        .map(|block| Block {
            bn1: block.bn1.update(next),
            bn2: block.bn2.update(next),
            ..block
        })
        .collect()
}
