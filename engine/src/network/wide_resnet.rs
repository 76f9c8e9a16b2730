//! `wrn-d-k`: Wide ResNets, in two forms.
//!
//! With d = 6n + 4 that of Zagoruyko and Komodakis (2016, arXiv:1605.07146): ReLU, and a 1 x 1
//! convolution as the shortcut where channels change. With d = 6n + 2 that of the CIFAR-10 challenge
//! (Madry et al. 2018), which the paper trains: leaky ReLU of slope 0.1, and shortcuts without
//! weights. The challenge's code, in TensorFlow, pads a convolution of stride 2 on one side only;
//! here both sides are padded, as ports to other frameworks do.

use burn::module::Module;
use burn::nn::Linear;
use burn::nn::conv::Conv2d;
use burn::tensor::ops::AvgPoolOptions;
use burn::tensor::{Device, Tensor, activation, module::avg_pool2d};

use crate::config::Precision;
use crate::operation::convolution;
use crate::operation::linear::linear;

use super::batch_norm::{BatchNorm, Mode, Statistics};
use super::layers::{self, conv, global_average, pad_channels, standardize};
use super::precision::narrow;

/// Slope of the challenge's leaky ReLU below 0.
const SLOPE: f64 = 0.1;

/// Standardisation, a convolution, three stages of pre-activation units, normalisation, global
/// average, linear.
#[derive(Module, Debug)]
pub struct WideResNet {
    conv1: Conv2d,
    layer1: Vec<Unit>,
    layer2: Vec<Unit>,
    layer3: Vec<Unit>,
    bn: BatchNorm,
    fc: Linear,
    challenge: bool,
}

/// Two convolutions, each after normalisation and ReLU, beside a shortcut.
#[derive(Module, Debug)]
struct Unit {
    bn1: BatchNorm,
    conv1: Conv2d,
    bn2: BatchNorm,
    conv2: Conv2d,
    /// The standard form's 1 x 1 convolution, where channels change.
    shortcut: Option<Conv2d>,
}

impl WideResNet {
    /// `units` a stage, `width` times 16, 32 and 64 filters, weights 0.
    pub fn new(
        challenge: bool,
        units: usize,
        width: usize,
        channels: usize,
        classes: usize,
        device: &Device,
    ) -> Self {
        let stage = |inputs, outputs, stride| {
            (0..units)
                .map(|unit| {
                    let (inputs, stride) = if unit == 0 {
                        (inputs, stride)
                    } else {
                        (outputs, 1)
                    };
                    Unit {
                        bn1: BatchNorm::new(inputs, device),
                        conv1: conv([inputs, outputs], 3, stride, false, device),
                        bn2: BatchNorm::new(outputs, device),
                        conv2: conv([outputs, outputs], 3, 1, false, device),
                        shortcut: (!challenge && inputs != outputs)
                            .then(|| conv([inputs, outputs], 1, stride, false, device)),
                    }
                })
                .collect()
        };
        Self {
            conv1: conv([channels, 16], 3, 1, false, device),
            layer1: stage(16, 16 * width, 1),
            layer2: stage(16 * width, 32 * width, 2),
            layer3: stage(32 * width, 64 * width, 2),
            bn: BatchNorm::new(64 * width, device),
            fc: layers::linear(64 * width, classes, device),
            challenge,
        }
    }

    /// The first convolution.
    pub fn first(&self) -> &Conv2d {
        &self.conv1
    }

    /// The first convolution at full width.
    pub fn widest(&self) -> &Conv2d {
        self.layer1.first().map_or(&self.conv1, |unit| &unit.conv1)
    }

    /// # Shapes
    /// - `images`: `[batch, channels, height, width]`
    /// - output: `[batch, classes]`
    pub fn forward(&self, images: Tensor<4>, precision: Precision, mode: &mut Mode) -> Tensor<2> {
        let x = narrow(standardize(images), precision);
        let mut x = convolution::forward(&self.conv1, x);
        for (stage, units) in [&self.layer1, &self.layer2, &self.layer3]
            .into_iter()
            .enumerate()
        {
            for (place, unit) in units.iter().enumerate() {
                let first = (stage, place) == (0, 0);
                x = if self.challenge {
                    unit.challenge(x, first, mode)
                } else {
                    unit.standard(x, mode)
                };
            }
        }
        let x = self.bn.forward(x, mode);
        let x = if self.challenge {
            leaky(x)
        } else {
            activation::relu(x)
        };
        linear(&self.fc, global_average(x))
    }

    /// Takes the statistics, in the order of a forward pass, into the running ones.
    pub fn update(self, next: &mut impl Iterator<Item = Statistics>) -> Self {
        Self {
            layer1: update_stage(self.layer1, next),
            layer2: update_stage(self.layer2, next),
            layer3: update_stage(self.layer3, next),
            bn: self.bn.update(next),
            ..self
        }
    }
}

impl Unit {
    fn standard(&self, x: Tensor<4>, mode: &mut Mode) -> Tensor<4> {
        let active = activation::relu(self.bn1.forward(x.clone(), mode));
        let shortcut = match &self.shortcut {
            Some(conv) => convolution::forward(conv, active.clone()),
            None => x,
        };
        let path = convolution::forward(&self.conv1, active);
        let path = activation::relu(self.bn2.forward(path, mode));
        convolution::forward(&self.conv2, path) + shortcut
    }

    /// `first` is the network's first unit: its shortcut starts behind the activation.
    fn challenge(&self, x: Tensor<4>, first: bool, mode: &mut Mode) -> Tensor<4> {
        let active = leaky(self.bn1.forward(x.clone(), mode));
        let shortcut = if first { active.clone() } else { x };
        let path = convolution::forward(&self.conv1, active);
        let path = leaky(self.bn2.forward(path, mode));
        let path = convolution::forward(&self.conv2, path);
        path.clone() + shrink(shortcut, path.dims())
    }
}

/// The challenge's shortcut: average pooling to the size wanted, zero channels to the number wanted.
fn shrink(x: Tensor<4>, [_, channels, height, _]: [usize; 4]) -> Tensor<4> {
    let [_, inputs, from, _] = x.dims();
    if inputs == channels {
        return x;
    }
    let x = if from == height {
        x
    } else {
        avg_pool2d(x, AvgPoolOptions::new([2, 2]))
    };
    pad_channels(x, channels)
}

fn leaky(x: Tensor<4>) -> Tensor<4> {
    activation::leaky_relu(x, SLOPE)
}

fn update_stage(stage: Vec<Unit>, next: &mut impl Iterator<Item = Statistics>) -> Vec<Unit> {
    stage
        .into_iter()
        .map(|unit| Unit {
            bn1: unit.bn1.update(next),
            bn2: unit.bn2.update(next),
            ..unit
        })
        .collect()
}
