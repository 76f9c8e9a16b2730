//! Linear layers, with ReLU behind them or without. On a GPU they are one kernel of our own
//! (`kernel/linear.rs`), on a CPU Burn's matrix product.

#[cfg(feature = "gpu")]
pub mod node;

use burn::nn::Linear;
use burn::tensor::{Tensor, activation};

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

fn forward(layer: &Linear, x: Tensor<2>, is_relu: bool) -> Tensor<2> {
    #[cfg(feature = "gpu")]
    if let (false, Some(bias)) = (super::is_on_cpu(&x.device()), &layer.bias) {
        return node::linear(x, layer.weight.val(), bias.val(), is_relu);
    }
    let out = layer.forward(x);
    if is_relu { activation::relu(out) } else { out }
}
