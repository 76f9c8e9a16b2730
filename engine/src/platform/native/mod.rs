//! Native programs.

#[cfg(feature = "gpu")]
pub mod easel;
mod folder;

#[cfg(feature = "gpu")]
use std::sync::LazyLock;

#[cfg(feature = "backend")]
use burn::tensor::Tensor;
#[cfg(feature = "backend")]
use burn::tensor::distributed::ReduceOperation;
#[cfg(feature = "gpu")]
use burn::tensor::wgpu::wgpu;

pub use folder::Folder;

/// Why there is no adapter, as a clause.
pub const NO_ADAPTER: &str = "no Vulkan, Metal or DX12 adapter was found";

/// Made once and kept: Vulkan loaders may crash when instances come and go on several threads.
#[cfg(feature = "gpu")]
static INSTANCE: LazyLock<wgpu::Instance> = LazyLock::new(|| {
    wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: wgpu::Backends::PRIMARY,
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    })
});

/// The adapter that a GPU device would be opened on.
#[cfg(feature = "gpu")]
pub async fn adapter() -> Option<wgpu::AdapterInfo> {
    let options = wgpu::RequestAdapterOptions {
        power_preference: wgpu::PowerPreference::HighPerformance,
        ..wgpu::RequestAdapterOptions::default()
    };
    let adapter = INSTANCE.request_adapter(&options).await.ok()?;
    Some(adapter.get_info())
}

/// All adapters behind the interface of the one that a GPU device would be opened on: behind another one
/// they would be there once more.
#[cfg(feature = "gpu")]
pub async fn adapters() -> Vec<wgpu::AdapterInfo> {
    let Some(best) = adapter().await else {
        return Vec::new();
    };
    let all = INSTANCE.enumerate_adapters(best.backend.into()).await;
    all.iter().map(wgpu::Adapter::get_info).collect()
}

/// Without the `gpu` feature there is none.
#[cfg(not(feature = "gpu"))]
pub async fn adapter() -> Option<std::convert::Infallible> {
    None
}

/// Likewise.
#[cfg(not(feature = "gpu"))]
pub async fn adapters() -> Vec<std::convert::Infallible> {
    Vec::new()
}

/// The sum of the devices' tensors, `[n]` each, on every one of them.
#[cfg(feature = "backend")]
pub fn all_reduce(tensors: Vec<Tensor<1>>) -> Vec<Tensor<1>> {
    Tensor::all_reduce(tensors, ReduceOperation::Sum)
}

/// Lets the host handle its events; a native program has none.
pub async fn yield_now() {}

/// What the CPU backend runs on, for people.
pub fn cpu_name() -> String {
    #[cfg(feature = "threads")]
    let threads = rayon::current_num_threads();
    #[cfg(not(feature = "threads"))]
    let threads = 1;
    let plural = if threads == 1 { "" } else { "s" };
    format!("CPU ({threads} thread{plural}, SIMD)")
}
