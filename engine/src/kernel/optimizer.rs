//! Launches `optimizer_momentum.wgsl` and `optimizer_adam.wgsl`.

use burn::backend::tensor::FloatTensor;
use burn::backend::wgpu::CubeBackend;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;
use squeeze_shaders::optimizer::{ADAM, MOMENTUM, WORKGROUP};

use super::{empty_like, launch_into, own, wgsl_kernel};

wgsl_kernel!(OptimizerMomentum, MOMENTUM);
wgsl_kernel!(OptimizerAdam, ADAM);

#[backend_extension(Cube)]
trait OptimizerOps: Backend {
    fn momentum_step(
        value: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        velocity: FloatTensor<Self>,
        params: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    fn adam_step(
        value: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        square: FloatTensor<Self>,
        params: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// The next value and velocity, see [`squeeze_shaders::optimizer::Momentum`]; all tensors `[n]`.
pub fn momentum_step(
    value: Tensor<1>,
    gradient: Tensor<1>,
    velocity: Tensor<1>,
    params: &Tensor<1>,
) -> (Tensor<1>, Tensor<1>) {
    let (next, velocity) = <Dispatch as OptimizerOps>::momentum_step(
        value.into_dispatch(),
        gradient.into_dispatch(),
        velocity.into_dispatch(),
        params.clone().into_dispatch(),
    );
    (Tensor::from_dispatch(next), Tensor::from_dispatch(velocity))
}

/// The next value, mean and mean square, see [`squeeze_shaders::optimizer::Adam`]; all tensors `[n]`.
pub fn adam_step(
    value: Tensor<1>,
    gradient: Tensor<1>,
    [mean, square]: [Tensor<1>; 2],
    params: &Tensor<1>,
) -> (Tensor<1>, [Tensor<1>; 2]) {
    let (next, mean, square) = <Dispatch as OptimizerOps>::adam_step(
        value.into_dispatch(),
        gradient.into_dispatch(),
        mean.into_dispatch(),
        square.into_dispatch(),
        params.clone().into_dispatch(),
    );
    let moments = [Tensor::from_dispatch(mean), Tensor::from_dispatch(square)];
    (Tensor::from_dispatch(next), moments)
}

impl OptimizerOps for CubeBackend {
    fn momentum_step(
        value: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        velocity: FloatTensor<Self>,
        params: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let count = value.meta.num_elements();
        let next = empty_like(&value, &[count]);
        let velocity = own(velocity);
        let inputs = vec![value, gradient, velocity.clone(), params];
        let next = launch_into(OptimizerMomentum, inputs, next, WORKGROUP, count);
        (next, velocity)
    }

    fn adam_step(
        value: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        square: FloatTensor<Self>,
        params: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let count = value.meta.num_elements();
        let next = empty_like(&value, &[count]);
        let (mean, square) = (own(mean), own(square));
        let inputs = vec![value, gradient, mean.clone(), square.clone(), params];
        let next = launch_into(OptimizerAdam, inputs, next, WORKGROUP, count);
        (next, mean, square)
    }
}
