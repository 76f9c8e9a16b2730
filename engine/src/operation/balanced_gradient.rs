//! The identity, whose gradient is brought to one size image by image: a step along its sign stays the
//! same, and 16 bits have room for it however sure a network is of an image.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops};
use burn::backend::tensor::FloatTensor;
use burn::backend::wgpu::CubeBackend;
use burn::backend::{Autodiff, Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

/// The largest number of each image's gradient: as far from 16 bits' smallest as from their largest.
const SIZE: f32 = 64.0;

/// # Shapes
/// - `logits` and output: `[batch, classes]`, on a GPU
pub fn balanced_gradient(logits: Tensor<2>) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as BalancedGradientOps>::balanced_gradient(
        logits.into_dispatch(),
    ))
}

#[backend_extension(Cube, Autodiff)]
trait BalancedGradientOps: Backend {
    fn balanced_gradient(logits: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl BalancedGradientOps for CubeBackend {
    fn balanced_gradient(logits: FloatTensor<Self>) -> FloatTensor<Self> {
        logits
    }
}

#[derive(Debug)]
struct BalancedGradient;

impl<B: Backend> Backward<B, 1> for BalancedGradient {
    type State = ();

    fn backward(self, ops: Ops<(), 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        if let [Some(node)] = ops.parents {
            let largest = B::float_max_dim(B::float_abs(gradient.clone()), 1);
            // The least of 32 bits: an image whose gradient is 0 keeps it.
            let largest = B::float_clamp_min(largest, f32::MIN_POSITIVE.into());
            let by_size = B::float_mul_scalar(B::float_div(gradient, largest), SIZE.into());
            grads.register::<B>(node.id, by_size);
        }
    }
}

impl<B: BalancedGradientOps, C: CheckpointStrategy> BalancedGradientOps for Autodiff<B, C> {
    fn balanced_gradient(logits: FloatTensor<Self>) -> FloatTensor<Self> {
        let prepared = BalancedGradient.prepare::<C>([logits.node()]);
        prepared
            .compute_bound()
            .stateless(B::balanced_gradient(logits.into_primitive()))
    }
}
