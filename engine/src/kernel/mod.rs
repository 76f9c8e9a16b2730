//! Launches the WGSL kernels of `squeeze-shaders` on a GPU.
//!
//! Each kernel is an operation of Burn's cube backend here; the module that needs it chooses between
//! the kernel and its plain form by the device.

pub mod attack_loss;
pub mod attack_step;
pub mod batch_gather;
pub mod fab_step;
pub mod objective;
pub mod random_fill;

use burn::backend::wgpu::{CubeDim, CubeTensor, KernelSource, SourceKernel, into_contiguous};
use burn::cubecl::prelude::*;
use burn::cubecl::server::KernelArguments;
use burn::tensor::{DType, Device, Int, Tensor, TensorData};

/// Makes a type that stands for a WGSL kernel.
macro_rules! wgsl_kernel {
    ($name:ident, $text:expr) => {
        #[derive(Debug)]
        struct $name;

        impl burn::backend::wgpu::KernelSource for $name {
            fn source(&self) -> burn::backend::wgpu::SourceTemplate {
                burn::backend::wgpu::SourceTemplate::new($text)
            }

            fn id(&self) -> burn::cubecl::prelude::KernelId {
                burn::cubecl::prelude::KernelId::new::<Self>()
            }

            fn lang(&self) -> &'static str {
                "wgsl"
            }
        }
    };
}
use wgsl_kernel;

/// Runs a kernel over its inputs and one output more, which is the last binding; gives that back.
///
/// `out` is taken as it is, so that a kernel may write a part of it.
fn launch_into(
    kernel: impl KernelSource + 'static,
    inputs: Vec<CubeTensor>,
    out: CubeTensor,
    workgroup: u32,
    invocations: usize,
) -> CubeTensor {
    launch(kernel, inputs, &out, workgroup, invocations);
    out
}

/// Runs a kernel over its inputs and what it writes last; gives back what it has taken for inputs,
/// some of which it may have written into.
fn launch(
    kernel: impl KernelSource + 'static,
    inputs: Vec<CubeTensor>,
    out: &CubeTensor,
    workgroup: u32,
    invocations: usize,
) -> Vec<CubeTensor> {
    let client = out.client.clone();
    let mut bound: Vec<CubeTensor> = Vec::with_capacity(inputs.len());
    for input in inputs {
        let input = into_contiguous(input);
        // WebGPU refuses one range of a buffer bound twice for writing.
        let memory = input.handle.memory.descriptor();
        let twice = bound
            .iter()
            .any(|other| other.handle.memory.descriptor() == memory);
        bound.push(if twice { input.copy() } else { input });
    }
    let mut bindings = KernelArguments::new();
    for input in &bound {
        bindings = bindings.with_buffer(input.handle.clone().binding());
    }
    let bindings = bindings.with_buffer(out.handle.clone().binding());
    let kernel = SourceKernel::new(kernel, CubeDim::new_1d(workgroup));
    client.launch(
        Box::new(kernel),
        workgroups(invocations, workgroup),
        bindings,
    );
    bound
}

/// A tensor that nobody else has, for a kernel to write into.
fn own(tensor: CubeTensor) -> CubeTensor {
    let tensor = into_contiguous(tensor);
    if tensor.can_mut() {
        tensor
    } else {
        tensor.copy()
    }
}

/// A tensor of floats beside another one, its numbers not set.
fn empty_like(tensor: &CubeTensor, shape: &[usize]) -> CubeTensor {
    let client = tensor.client.clone();
    let handle = client.empty(shape.iter().product::<usize>() * size_of::<f32>());
    CubeTensor::new_contiguous(
        client,
        tensor.device.clone(),
        shape.into(),
        handle,
        DType::F32,
    )
}

/// Words for a kernel, as the device's integers of the same bits.
pub fn words(words: &[u32], device: &Device) -> Tensor<1, Int> {
    let bits: Vec<i32> = words.iter().map(|word| word.cast_signed()).collect();
    let length = bits.len();
    Tensor::from_data(TensorData::new(bits, [length]), (device, DType::I32))
}

/// Enough workgroups for so many invocations, at most 65,535 along an axis (WebGPU's limit).
fn workgroups(invocations: usize, workgroup: u32) -> CubeCount {
    let groups = invocations.div_ceil(workgroup as usize) as u32;
    let rows = groups.div_ceil(65_535).max(1);
    CubeCount::Static(groups.div_ceil(rows), rows, 1)
}
