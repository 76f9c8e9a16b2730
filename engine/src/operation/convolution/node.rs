//! The convolution as an operation of Burn, with its gradients.

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

use super::geometry::Geometry;

/// See [`super::conv2d`].
pub fn conv2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    geometry: Geometry,
) -> Tensor<4> {
    // The operation takes tensors alone, not options of them.
    let bias = bias.unwrap_or_else(|| Tensor::zeros([weight.dims()[0]], &x.device()));
    Tensor::from_dispatch(<Dispatch as ConvolutionOps>::convolution(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        geometry,
    ))
}

#[backend_extension(Flex, Autodiff)]
pub trait ConvolutionOps: Backend {
    fn convolution(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        geometry: Geometry,
    ) -> FloatTensor<Self>;
}

/// The gradients of a convolution.
pub trait ConvolutionGradients: Backend {
    /// The gradient by `x`.
    fn x_gradient(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        geometry: Geometry,
    ) -> FloatTensor<Self>;

    /// The gradient by `weight`.
    fn weight_gradient(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        geometry: Geometry,
    ) -> FloatTensor<Self>;

    /// The gradient by the bias.
    fn bias_gradient(gradient: FloatTensor<Self>) -> FloatTensor<Self>;
}

#[derive(Debug)]
struct Convolution;

impl<B: ConvolutionGradients> Backward<B, 3> for Convolution {
    type State = (NodeId, NodeId, Geometry);

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let [x_node, weight_node, bias_node] = ops.parents;
        let gradient = grads.consume::<B>(&ops.node);
        let (x, weight, geometry) = ops.state;
        let x: FloatTensor<B> = checkpointer.retrieve_node_output(x);
        let weight: FloatTensor<B> = checkpointer.retrieve_node_output(weight);
        if let Some(node) = weight_node {
            let by_weight =
                B::weight_gradient(x.clone(), weight.clone(), gradient.clone(), geometry);
            grads.register::<B>(node.id, by_weight);
        }
        if let Some(node) = bias_node {
            let by_bias = B::bias_gradient(gradient.clone());
            grads.register::<B>(node.id, by_bias);
        }
        if let Some(node) = x_node {
            let by_x = B::x_gradient(x, weight, gradient, geometry);
            grads.register::<B>(node.id, by_x);
        }
    }
}

impl<B: ConvolutionOps + ConvolutionGradients, C: CheckpointStrategy> ConvolutionOps
    for Autodiff<B, C>
{
    fn convolution(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        geometry: Geometry,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node(), bias.node()];
        match Convolution.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(mut tracked) => {
                let state = (
                    tracked.checkpoint(&x),
                    tracked.checkpoint(&weight),
                    geometry,
                );
                let out = B::convolution(
                    x.into_primitive(),
                    weight.into_primitive(),
                    bias.into_primitive(),
                    geometry,
                );
                tracked.finish(state, out)
            }
            OpsKind::UnTracked(untracked) => untracked.finish(B::convolution(
                x.into_primitive(),
                weight.into_primitive(),
                bias.into_primitive(),
                geometry,
            )),
        }
    }
}
