//! Launches `fab_step.wgsl`.

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::wgpu::CubeBackend;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::{Int, Tensor};
use squeeze_shaders::fab_step::{WGSL, WORKGROUP};

use super::{empty_like, launch_into, wgsl_kernel};

wgsl_kernel!(FabStep, WGSL);

#[backend_extension(Cube)]
trait FabStepOps: Backend {
    fn fab_step(
        x: FloatTensor<Self>,
        clean: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        states: FloatTensor<Self>,
        params: IntTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// One step on a GPU, see [`squeeze_shaders::fab_step::fab_step`].
///
/// # Shapes
/// - `x`, `clean`, `gradient`, output: `[batch, channels, height, width]`
/// - `states`: `[batch, STATE]`
pub fn fab_step(
    x: Tensor<4>,
    clean: Tensor<4>,
    gradient: Tensor<4>,
    states: Tensor<2>,
    params: &Tensor<1, Int>,
) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as FabStepOps>::fab_step(
        x.into_dispatch(),
        clean.into_dispatch(),
        gradient.into_dispatch(),
        states.into_dispatch(),
        params.clone().into_dispatch(),
    ))
}

impl FabStepOps for CubeBackend {
    fn fab_step(
        x: FloatTensor<Self>,
        clean: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        states: FloatTensor<Self>,
        params: IntTensor<Self>,
    ) -> FloatTensor<Self> {
        let shape = x.meta.shape().clone();
        let next = empty_like(&x, &shape);
        let inputs = vec![x, clean, gradient, states, params];
        let invocations = shape[0] * WORKGROUP as usize;
        launch_into(FabStep, inputs, next, WORKGROUP, invocations)
    }
}
