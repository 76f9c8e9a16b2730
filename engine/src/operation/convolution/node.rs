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
/// A convolution, see [`super::conv2d`].
pub trait ConvolutionOps: Backend {
    /// The output.
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

    /// The gradients by `weight` and by the bias, those that are wanted at least.
    fn parameter_gradients(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        geometry: Geometry,
        wanted: [bool; 2],
    ) -> [Option<FloatTensor<Self>>; 2];
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
        let nodes = [weight_node, bias_node];
        let wanted = [0, 1].map(|parameter| nodes[parameter].is_some());
        if wanted.contains(&true) {
            let (x, weight, gradient) = (x.clone(), weight.clone(), gradient.clone());
            let by_parameters = B::parameter_gradients(x, weight, gradient, geometry, wanted);
            for (node, by_parameter) in nodes.into_iter().zip(by_parameters) {
                if let (Some(node), Some(by_parameter)) = (node, by_parameter) {
                    grads.register::<B>(node.id, by_parameter);
                }
            }
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
