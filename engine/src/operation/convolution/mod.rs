//! Convolution over images. Without a GPU it is made by kernels of our own (`cpu.rs`).

#[cfg(feature = "cpu")]
mod cpu;
#[cfg(feature = "cpu")]
mod geometry;
#[cfg(feature = "cpu")]
mod node;
#[cfg(feature = "cpu")]
mod planes;
#[cfg(feature = "cpu")]
mod tap_dots;
#[cfg(feature = "cpu")]
mod tap_sums;

use burn::nn::PaddingConfig2d;
use burn::nn::conv::Conv2d;
use burn::tensor::{Tensor, module, ops::ConvOptions};

/// A convolution's output (a cross-correlation, as everywhere in this field). On a GPU it is Burn's, and
/// so it is with a dilation, groups, or a padding that differs from side to side.
///
/// # Shapes
/// - `x`: `[batch, inputs, height, width]`
/// - `weight`: `[outputs, inputs, kernel height, kernel width]`
/// - `bias`: `[outputs]`
/// - output: `[batch, outputs, output height, output width]`
pub fn conv2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: ConvOptions<2>,
) -> Tensor<4> {
    #[cfg(feature = "cpu")]
    if super::is_on_cpu(&x.device())
        && let Some(geometry) = geometry::Geometry::of(&options)
    {
        return node::conv2d(x, weight, bias, geometry);
    }
    module::conv2d(x, weight, bias, options)
}

/// The output of one of Burn's layers; by [`conv2d`] if its padding is written out.
///
/// # Shapes
/// - `x`: `[batch, inputs, height, width]`
/// - output: `[batch, outputs, output height, output width]`
pub fn forward(layer: &Conv2d, x: Tensor<4>) -> Tensor<4> {
    let PaddingConfig2d::Explicit(top, left, bottom, right) = layer.padding else {
        return layer.forward(x);
    };
    let options = ConvOptions::new_with_padding(
        layer.stride,
        [(top, bottom), (left, right)],
        layer.dilation,
        layer.groups,
    );
    let bias = layer.bias.as_ref().map(|bias| bias.val());
    conv2d(x, layer.weight.val(), bias, options)
}
