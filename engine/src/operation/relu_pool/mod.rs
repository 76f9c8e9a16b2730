//! ReLU, then the greatest of each square of 2 by 2.

#[cfg(feature = "cpu")]
mod cpu;
pub mod node;

use burn::tensor::Tensor;

/// # Shapes
/// - `x`: `[batch, channels, height, width]`
/// - output: `[batch, channels, height / 2, width / 2]`, a last row or column without a fellow being
///   left out
pub fn relu_pool(x: Tensor<4>) -> Tensor<4> {
    node::relu_pool(x)
}
