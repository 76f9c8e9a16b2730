//! Launches `linf_step.wgsl`.

use burn::backend::tensor::FloatTensor;
use burn::backend::wgpu::CubeBackend;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;
use squeeze_shaders::linf_step::{WGSL, WORKGROUP};

use super::{empty_like, launch_into, wgsl_kernel};

wgsl_kernel!(LinfStep, WGSL);

#[backend_extension(Cube)]
trait LinfStepOps: Backend {
    fn linf_step(
        x: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        clean: FloatTensor<Self>,
        params: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// [`crate::attack::linf_step`] on a GPU.
pub fn linf_step(
    x: Tensor<4>,
    gradient: Tensor<4>,
    clean: Tensor<4>,
    params: Tensor<1>,
) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as LinfStepOps>::linf_step(
        x.into_dispatch(),
        gradient.into_dispatch(),
        clean.into_dispatch(),
        params.into_dispatch(),
    ))
}

impl LinfStepOps for CubeBackend {
    fn linf_step(
        x: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        clean: FloatTensor<Self>,
        params: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let count = x.meta.num_elements();
        let next = empty_like(&x, &x.meta.shape().clone());
        launch_into(
            LinfStep,
            vec![x, gradient, clean, params],
            next,
            WORKGROUP,
            count,
        )
    }
}
