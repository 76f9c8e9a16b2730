//! Launches `linf_step.wgsl`.

use burn::backend::tensor::FloatTensor;
use burn::backend::wgpu::{
    CubeBackend, CubeDim, CubeTensor, KernelSource, SourceKernel, SourceTemplate, into_contiguous,
};
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::cubecl::prelude::*;
use burn::cubecl::server::KernelArguments;
use burn::tensor::Tensor;
use squeeze_shaders::linf_step::{WGSL, WORKGROUP};

#[backend_extension(Cube)]
trait LinfStepOps: Backend {
    fn linf_step(
        x: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        clean: FloatTensor<Self>,
        params: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// [`super::linf_step`] on a GPU.
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
        let x = into_contiguous(x);
        let gradient = into_contiguous(gradient);
        let clean = into_contiguous(clean);
        // WebGPU refuses one range of a buffer bound twice for writing.
        let x = if x.handle.memory.descriptor() == clean.handle.memory.descriptor() {
            x.copy()
        } else {
            x
        };
        let client = x.client.clone();
        let count = x.meta.num_elements();
        let bytes = count * size_of::<f32>();
        let next = client.empty(bytes);
        let bindings = KernelArguments::new()
            .with_buffer(x.handle.clone().binding())
            .with_buffer(gradient.handle.binding())
            .with_buffer(clean.handle.binding())
            .with_buffer(params.handle.binding())
            .with_buffer(next.clone().binding());
        let kernel = SourceKernel::new(LinfStepKernel, CubeDim::new_1d(WORKGROUP));
        client.launch(Box::new(kernel), workgroups(count), bindings);
        CubeTensor::new_contiguous(client, x.device, x.meta.shape().clone(), next, x.dtype)
    }
}

/// Enough workgroups for `count` invocations, at most 65,535 along an axis (WebGPU's limit).
fn workgroups(count: usize) -> CubeCount {
    let groups = count.div_ceil(WORKGROUP as usize) as u32;
    let rows = groups.div_ceil(65_535);
    CubeCount::Static(groups.div_ceil(rows), rows, 1)
}

#[derive(Debug)]
struct LinfStepKernel;

impl KernelSource for LinfStepKernel {
    fn source(&self) -> SourceTemplate {
        SourceTemplate::new(WGSL)
    }

    fn id(&self) -> KernelId {
        KernelId::new::<Self>()
    }

    fn lang(&self) -> &'static str {
        "wgsl"
    }
}
