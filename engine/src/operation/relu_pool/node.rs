//! ReLU with pooling as an operation of Burn, with its gradient.

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

/// See [`super::relu_pool`].
pub fn relu_pool(x: Tensor<4>) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as ReluPoolOps>::relu_pool(x.into_dispatch()))
}

#[cfg_attr(
    all(feature = "cpu", feature = "gpu"),
    backend_extension(Flex, Cube, Autodiff)
)]
#[cfg_attr(
    all(feature = "cpu", not(feature = "gpu")),
    backend_extension(Flex, Autodiff)
)]
#[cfg_attr(
    all(feature = "gpu", not(feature = "cpu")),
    backend_extension(Cube, Autodiff)
)]
/// ReLU with pooling, see [`super::relu_pool`].
pub trait ReluPoolOps: Backend {
    /// The output.
    fn relu_pool(x: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// The gradient of ReLU with pooling.
pub trait ReluPoolGradient: Backend {
    /// The gradient by `x`.
    fn relu_pool_gradient(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self>;
}

#[derive(Debug)]
struct ReluPool;

impl<B: ReluPoolGradient> Backward<B, 1> for ReluPool {
    type State = NodeId;

    fn backward(self, ops: Ops<NodeId, 1>, grads: &mut Gradients, states: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        if let [Some(node)] = ops.parents {
            let x: FloatTensor<B> = states.retrieve_node_output(ops.state);
            grads.register::<B>(node.id, B::relu_pool_gradient(x, gradient));
        }
    }
}

impl<B: ReluPoolOps + ReluPoolGradient, C: CheckpointStrategy> ReluPoolOps for Autodiff<B, C> {
    fn relu_pool(x: FloatTensor<Self>) -> FloatTensor<Self> {
        match ReluPool.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(mut tracked) => {
                let state = tracked.checkpoint(&x);
                tracked.finish(state, B::relu_pool(x.into_primitive()))
            }
            OpsKind::UnTracked(untracked) => untracked.finish(B::relu_pool(x.into_primitive())),
        }
    }
}
