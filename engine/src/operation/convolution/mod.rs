//! Convolution over images, by kernels of our own: on a CPU those of `cpu.rs`, on a GPU those in WGSL
//! (`kernel/convolution.rs`).

#[cfg(feature = "cpu")]
mod cpu;
pub mod geometry;
pub mod node;
#[cfg(feature = "cpu")]
mod planes;
#[cfg(feature = "cpu")]
mod tap_dots;
#[cfg(feature = "cpu")]
mod tap_sums;

use burn::nn::PaddingConfig2d;
use burn::nn::conv::Conv2d;
use burn::tensor::{Tensor, ops::ConvOptions};

/// A convolution's output (a cross-correlation, as everywhere in this field). It is Burn's with a
/// dilation, groups, a padding that differs from side to side, or a large kernel on a GPU: what models
/// from elsewhere may have, and builds without those do without.
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
    match geometry::Geometry::of(&options) {
        Some(geometry) if is_fit(&x, &weight) => node::conv2d(x, weight, bias, geometry),
        #[cfg(feature = "onnx")]
        _ => burn::tensor::module::conv2d(x, weight, bias, options),
        #[cfg(not(feature = "onnx"))]
        _ => unreachable!("the kernels make every convolution of the networks"),
    }
}

/// Whether there are kernels for a device and a shape.
fn is_fit(x: &Tensor<4>, weight: &Tensor<4>) -> bool {
    #[cfg(feature = "gpu")]
    if !super::is_on_cpu(&x.device()) {
        return crate::kernel::convolution::is_fit(weight.dims());
    }
    let _ = (x, weight);
    true
}

/// The output of one of the networks' layers, whose padding is written out.
///
/// # Shapes
/// - `x`: `[batch, inputs, height, width]`
/// - output: `[batch, outputs, output height, output width]`
pub fn forward(layer: &Conv2d, x: Tensor<4>) -> Tensor<4> {
    let PaddingConfig2d::Explicit(top, left, bottom, right) = layer.padding else {
        unreachable!("the networks' convolutions say how many zeros stand on each side");
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
