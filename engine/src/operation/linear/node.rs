//! A linear layer as an operation of Burn, with its gradients.

use burn::backend::TensorMetadata;
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, backend_extension};
use burn::tensor::{DType, Tensor};

/// A layer on a GPU.
///
/// # Shapes
/// - `x`: `[batch, inputs]`, of 16-bit floats or 32-bit ones
/// - `weight`: `[inputs, outputs]`
/// - `bias`: `[outputs]`
/// - output: `[batch, outputs]`, of floats as `x`'s with ReLU, of 32-bit ones without
pub fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>, is_relu: bool) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as LinearOps>::linear_layer(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        is_relu,
    ))
}

/// A linear layer, see [`linear`].
#[backend_extension(Cube, Autodiff)]
pub trait LinearOps: Backend {
    /// The output.
    fn linear_layer(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        is_relu: bool,
    ) -> FloatTensor<Self>;
}

/// The gradients of a linear layer.
pub trait LinearGradients: Backend {
    /// The gradient by what ReLU took, from that by what it gave.
    fn relu_gradient(out: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The gradient by `x`, whose floats are of a kind.
    fn x_gradient(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        dtype: DType,
    ) -> FloatTensor<Self>;

    /// The gradient by `weight`.
    fn weight_gradient(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The gradient by the bias.
    fn bias_gradient(gradient: FloatTensor<Self>) -> FloatTensor<Self>;
}

#[derive(Debug)]
struct Linear;

/// What the gradients need of the pass before.
#[derive(Clone, Debug)]
struct Kept<T> {
    x: NodeId,
    weight: NodeId,
    /// The output, where ReLU comes last.
    out: Option<T>,
}

impl<B: LinearGradients> Backward<B, 3> for Linear {
    type State = Kept<FloatTensor<B>>;

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let [x_node, weight_node, bias_node] = ops.parents;
        let mut gradient = grads.consume::<B>(&ops.node);
        let kept = ops.state;
        if let Some(out) = kept.out {
            gradient = B::relu_gradient(out, gradient);
        }
        let x: FloatTensor<B> = checkpointer.retrieve_node_output(kept.x);
        let weight: FloatTensor<B> = checkpointer.retrieve_node_output(kept.weight);
        let dtype = x.dtype();
        if let Some(node) = weight_node {
            grads.register::<B>(node.id, B::weight_gradient(x, gradient.clone()));
        }
        if let Some(node) = bias_node {
            grads.register::<B>(node.id, B::bias_gradient(gradient.clone()));
        }
        if let Some(node) = x_node {
            grads.register::<B>(node.id, B::x_gradient(weight, gradient, dtype));
        }
    }
}

impl<B: LinearOps + LinearGradients, C: CheckpointStrategy> LinearOps for Autodiff<B, C> {
    fn linear_layer(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        is_relu: bool,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node(), bias.node()];
        match Linear.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(mut tracked) => {
                let (x_id, weight_id) = (tracked.checkpoint(&x), tracked.checkpoint(&weight));
                let out = B::linear_layer(
                    x.into_primitive(),
                    weight.into_primitive(),
                    bias.into_primitive(),
                    is_relu,
                );
                let kept = Kept {
                    x: x_id,
                    weight: weight_id,
                    out: is_relu.then(|| out.clone()),
                };
                tracked.finish(kept, out)
            }
            OpsKind::UnTracked(untracked) => untracked.finish(B::linear_layer(
                x.into_primitive(),
                weight.into_primitive(),
                bias.into_primitive(),
                is_relu,
            )),
        }
    }
}
