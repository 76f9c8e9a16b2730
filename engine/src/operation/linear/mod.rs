//! Linear layers, with ReLU behind them or without. On a GPU they are one kernel of our own
//! (`kernel/linear.rs`), on a CPU Burn's matrix product.

#[cfg(feature = "gpu")]
pub mod node;

use burn::nn::Linear;
use burn::tensor::Tensor;
#[cfg(feature = "cpu")]
use burn::tensor::activation;

/// # Shapes
/// - `x`: `[batch, inputs]`
/// - output: `[batch, outputs]`
pub fn linear(layer: &Linear, x: Tensor<2>) -> Tensor<2> {
    forward(layer, x, false)
}

/// A layer with ReLU behind it.
///
/// # Shapes
/// - `x`: `[batch, inputs]`
/// - output: `[batch, outputs]`
pub fn linear_relu(layer: &Linear, x: Tensor<2>) -> Tensor<2> {
    forward(layer, x, true)
}

#[cfg(feature = "gpu")]
fn forward(layer: &Linear, x: Tensor<2>, is_relu: bool) -> Tensor<2> {
    #[cfg(feature = "cpu")]
    if super::is_on_cpu(&x.device()) {
        return on_cpu(layer, x, is_relu);
    }
    let weight = layer.weight.val();
    let bias = layer.bias.as_ref().map(|bias| bias.val());
    // The operation takes tensors alone, not options of them.
    let bias = bias.unwrap_or_else(|| Tensor::zeros([weight.dims()[1]], &x.device()));
    node::linear(x, weight, bias, is_relu)
}

#[cfg(not(feature = "gpu"))]
use on_cpu as forward;

#[cfg(feature = "cpu")]
fn on_cpu(layer: &Linear, x: Tensor<2>, is_relu: bool) -> Tensor<2> {
    let out = layer.forward(x);
    if is_relu { activation::relu(out) } else { out }
}
