//! Launches `random_fill.wgsl`.

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::wgpu::CubeBackend;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::{Device, Tensor};
use squeeze_shaders::random_fill::{Fill, WGSL, WORKGROUP};

use super::{empty_like, launch_into, wgsl_kernel, words};

wgsl_kernel!(RandomFill, WGSL);

#[backend_extension(Cube)]
trait RandomFillOps: Backend {
    fn random_fill(params: IntTensor<Self>, length: usize) -> FloatTensor<Self>;
}

/// [`squeeze_shaders::random_fill::random_fill`] on a GPU.
///
/// # Shapes
/// - output: `[length]`
pub fn random_fill(fill: &Fill, length: usize, device: &Device) -> Tensor<1> {
    let params = words(&fill.words(), device);
    Tensor::from_dispatch(<Dispatch as RandomFillOps>::random_fill(
        params.into_dispatch(),
        length,
    ))
}

impl RandomFillOps for CubeBackend {
    fn random_fill(params: IntTensor<Self>, length: usize) -> FloatTensor<Self> {
        let out = empty_like(&params, &[length]);
        launch_into(RandomFill, vec![params], out, WORKGROUP, length.div_ceil(4))
    }
}
