//! A number whose gradient is given: how a gradient that a kernel made goes on through a network.

use burn::tensor::Tensor;

/// The sum of `x * gradient`, for its gradient by `x`. On a GPU, where that is all it is for, its value
/// is 0.
///
/// # Shapes
/// - `x`: `[batch, classes]`, with autodiff
/// - `gradient`: the same, without
/// - output: `[1]`
pub fn given_gradient(x: Tensor<2>, gradient: Tensor<2>) -> Tensor<1> {
    #[cfg(feature = "gpu")]
    if !super::is_on_cpu(&x.device()) {
        return on_gpu::given_gradient(x, gradient);
    }
    (x * Tensor::from_inner(gradient)).sum()
}

#[cfg(feature = "gpu")]
mod on_gpu {
    use burn::backend::autodiff::checkpoint::base::Checkpointer;
    use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
    use burn::backend::autodiff::grads::Gradients;
    use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
    use burn::backend::tensor::{Device as BackendDevice, FloatTensor};
    use burn::backend::wgpu::CubeBackend;
    use burn::backend::{Autodiff, Backend, Dispatch, backend_extension};
    use burn::tensor::{FloatDType, Tensor};

    pub fn given_gradient(x: Tensor<2>, gradient: Tensor<2>) -> Tensor<1> {
        Tensor::from_dispatch(<Dispatch as GivenGradientOps>::given_gradient(
            x.into_dispatch(),
            Tensor::<2>::from_inner(gradient).into_dispatch(),
        ))
    }

    #[backend_extension(Cube, Autodiff)]
    trait GivenGradientOps: Backend {
        fn given_gradient(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self>;
    }

    impl GivenGradientOps for CubeBackend {
        fn given_gradient(x: FloatTensor<Self>, _: FloatTensor<Self>) -> FloatTensor<Self> {
            zero::<Self>(&x.device)
        }
    }

    fn zero<B: Backend>(device: &BackendDevice<B>) -> FloatTensor<B> {
        B::float_zeros([1].into(), device, FloatDType::F32)
    }

    #[derive(Debug)]
    struct GivenGradient;

    impl<B: Backend> Backward<B, 1> for GivenGradient {
        type State = FloatTensor<B>;

        fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
            let factor = grads.consume::<B>(&ops.node);
            if let [Some(node)] = ops.parents {
                let factor = B::float_reshape(factor, [1, 1].into());
                grads.register::<B>(node.id, B::float_mul(ops.state, factor));
            }
        }
    }

    impl<B: GivenGradientOps, C: CheckpointStrategy> GivenGradientOps for Autodiff<B, C> {
        fn given_gradient(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
            let prepared = GivenGradient.prepare::<C>([x.node()]).compute_bound();
            let gradient = gradient.into_primitive();
            match prepared.stateful() {
                OpsKind::Tracked(tracked) => {
                    let out = B::given_gradient(x.into_primitive(), gradient.clone());
                    tracked.finish(gradient, out)
                }
                OpsKind::UnTracked(untracked) => {
                    untracked.finish(B::given_gradient(x.into_primitive(), gradient))
                }
            }
        }
    }
}
