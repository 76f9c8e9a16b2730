//! Layers without weights, and how convolutions are made.

use burn::module::Param;
use burn::nn::conv::Conv2d;
use burn::nn::{Linear, PaddingConfig2d};
use burn::tensor::{Device, Tensor};

use super::precision::widen;

/// A square convolution with "same" padding and zero weights.
pub fn conv(
    [inputs, outputs]: [usize; 2],
    kernel: usize,
    stride: usize,
    bias: bool,
    device: &Device,
) -> Conv2d {
    let pad = kernel / 2;
    Conv2d {
        weight: zeros([outputs, inputs, kernel, kernel], device),
        bias: bias.then(|| zeros([outputs], device)),
        stride: [stride, stride],
        kernel_size: [kernel, kernel],
        dilation: [1, 1],
        groups: 1,
        padding: PaddingConfig2d::Explicit(pad, pad, pad, pad),
    }
}

/// A linear layer with zero weights.
pub fn linear(inputs: usize, outputs: usize, device: &Device) -> Linear {
    Linear {
        weight: zeros([inputs, outputs], device),
        bias: Some(zeros([outputs], device)),
    }
}

/// Burn's own ways to begin would bring all of them along, and the matrix products that one of them
/// needs.
fn zeros<const D: usize>(shape: [usize; D], device: &Device) -> Param<Tensor<D>> {
    Param::from_tensor(Tensor::zeros(shape, device))
}

/// Each image minus its mean, over its standard deviation, which counts as at least `1/sqrt(N)` for
/// `N` numbers (as TensorFlow's `per_image_standardization`).
///
/// # Shapes
/// - `images` and output: `[batch, channels, height, width]`
pub fn standardize(images: Tensor<4>) -> Tensor<4> {
    let shape = images.dims();
    let numbers = shape[1] * shape[2] * shape[3];
    let flat = images.reshape([shape[0], numbers]);
    let centred = flat.clone() - flat.mean_dim(1);
    // The bound goes before the square root, which has no derivative at 0.
    let variance = (centred.clone() * centred.clone()).mean_dim(1);
    let deviation = variance.clamp_min(1.0 / numbers as f64).sqrt();
    (centred / deviation).reshape(shape)
}

/// # Shapes
/// - `x`: `[batch, channels, height, width]`
/// - output: `[batch, channels]`
pub fn global_average(x: Tensor<4>) -> Tensor<2> {
    let [batch, channels, height, width] = x.dims();
    widen(x)
        .reshape([batch, channels, height * width])
        .mean_dim(2)
        .reshape([batch, channels])
}

/// Zero channels before and after, half of the missing ones each.
///
/// # Shapes
/// - `x`: `[batch, inputs, height, width]`
/// - output: `[batch, channels, height, width]`
pub fn pad_channels(x: Tensor<4>, channels: usize) -> Tensor<4> {
    let [batch, inputs, height, width] = x.dims();
    let before = (channels - inputs) / 2;
    let after = channels - inputs - before;
    let kind = (&x.device(), x.dtype());
    let zeros = |count| Tensor::zeros([batch, count, height, width], kind);
    Tensor::cat(vec![zeros(before), x, zeros(after)], 1)
}
