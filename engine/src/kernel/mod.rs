//! Launches the WGSL kernels of `squeeze-shaders` on a GPU.
//!
//! Each kernel is an operation of Burn's cube backend here; the module that needs it chooses between
//! the kernel and its plain form by the device.

pub mod attack_loss;
pub mod attack_step;
pub mod batch_gather;
pub mod convolution;
pub mod fab_step;
pub mod linear;
pub mod loss_scale;
pub mod objective;
pub mod optimizer;
pub mod random_fill;
pub mod relu_pool;
pub mod sheet;

use std::sync::atomic::{AtomicBool, Ordering};

use burn::backend::wgpu::{CubeDim, CubeTensor, KernelSource, SourceKernel, into_contiguous};
use burn::cubecl::prelude::*;
use burn::cubecl::server::KernelArguments;
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use squeeze_shaders::float::Float;

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

/// Makes a type that stands for a WGSL kernel whose text depends on a shape, and on floats.
macro_rules! shaped_kernel {
    ($name:ident, $shape:ty, $text:expr) => {
        #[derive(Debug)]
        struct $name($shape);

        impl burn::backend::wgpu::KernelSource for $name {
            fn source(&self) -> burn::backend::wgpu::SourceTemplate {
                burn::backend::wgpu::SourceTemplate::new($text(&self.0))
            }

            fn id(&self) -> burn::cubecl::prelude::KernelId {
                burn::cubecl::prelude::KernelId::new::<Self>().info(self.0)
            }

            fn lang(&self) -> &'static str {
                "wgsl"
            }
        }
    };
}
use shaped_kernel;

/// Whether this process's adapter carries kernels out on the CPU; see [`note_software`].
static IS_SOFTWARE: AtomicBool = AtomicBool::new(false);

/// Tells kernels that come in two forms which one suits the adapter. A process opens one adapter, or
/// several of a kind.
pub fn note_software(is_software: bool) {
    IS_SOFTWARE.store(is_software, Ordering::Relaxed);
}

/// What [`note_software`] was told last.
fn is_software() -> bool {
    IS_SOFTWARE.load(Ordering::Relaxed)
}

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
    mut inputs: Vec<CubeTensor>,
    out: &CubeTensor,
    workgroup: u32,
    invocations: usize,
) -> Vec<CubeTensor> {
    inputs.push(out.clone());
    let mut bound = launch_grid(
        kernel,
        inputs,
        workgroup,
        workgroups(invocations, workgroup),
    );
    bound.pop();
    bound
}

/// Runs so many workgroups of a kernel over its bindings; gives back what it has taken for them.
fn launch_grid(
    kernel: impl KernelSource + 'static,
    tensors: Vec<CubeTensor>,
    workgroup: u32,
    grid: CubeCount,
) -> Vec<CubeTensor> {
    launch_blocks(kernel, tensors, CubeDim::new_1d(workgroup), grid)
}

/// The same with workgroups of several axes.
fn launch_blocks(
    kernel: impl KernelSource + 'static,
    tensors: Vec<CubeTensor>,
    block: CubeDim,
    grid: CubeCount,
) -> Vec<CubeTensor> {
    let mut bound: Vec<CubeTensor> = Vec::with_capacity(tensors.len());
    let mut bindings = KernelArguments::new();
    for tensor in tensors {
        let tensor = into_contiguous(tensor);
        // WebGPU refuses one range of a buffer bound twice for writing.
        let memory = tensor.handle.memory.descriptor();
        let twice = bound
            .iter()
            .any(|other| other.handle.memory.descriptor() == memory);
        let tensor = if twice { tensor.copy() } else { tensor };
        bindings = bindings.with_buffer(tensor.handle.clone().binding());
        bound.push(tensor);
    }
    if let Some(client) = bound.first().map(|tensor| tensor.client.clone()) {
        let kernel = SourceKernel::new(kernel, block);
        client.launch(Box::new(kernel), grid, bindings);
    }
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

/// A tensor of 32-bit floats beside another one, its numbers not set.
fn empty_like(tensor: &CubeTensor, shape: &[usize]) -> CubeTensor {
    empty_of(tensor, shape, DType::F32)
}

/// The same of numbers of another kind.
fn empty_of(tensor: &CubeTensor, shape: &[usize], dtype: DType) -> CubeTensor {
    let client = tensor.client.clone();
    let handle = client.empty(shape.iter().product::<usize>() * dtype.size());
    let device = tensor.device.clone();
    CubeTensor::new_contiguous(client, device, shape.into(), handle, dtype)
}

/// The floats of a tensor as kernels know them.
fn float(tensor: &CubeTensor) -> Float {
    match tensor.dtype {
        DType::F16 => Float::F16,
        _ => Float::F32,
    }
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
