//! Opening the device that [`crate::choice`] decides on.

use burn::tensor::Device;
#[cfg(feature = "gpu")]
use burn::tensor::wgpu::{WgpuBackend, WgpuSetup, wgpu};

use crate::choice::{AdapterFacts, DeviceWish, choose_device};
use crate::event::{DeviceKind, DeviceReport};
use crate::platform;

/// A device, ready for tensors, and what to tell the user of it.
#[derive(Clone, Debug)]
pub struct OpenDevice {
    /// The device, without autodiff.
    pub device: Device,
    /// What it is, and why it was chosen.
    pub report: DeviceReport,
    /// The GPU beneath it, if it is one.
    pub graphics: Option<Graphics>,
}

/// The GPU beneath a device, for what is no tensor.
#[derive(Clone, Debug)]
pub struct Graphics {
    /// The same device.
    pub tensors: Device,
    /// Its handles.
    #[cfg(feature = "gpu")]
    pub setup: WgpuSetup,
}

/// A device that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// What was asked for is not there.
    #[error("{0}")]
    NotThere(String),
    /// This build lacks the backend.
    #[error("this build of Squeeze has no {0} backend")]
    NotBuilt(&'static str),
    /// The adapter refused.
    #[error("the adapter {name} could not be opened ({reason}); ask for the device `cpu` instead")]
    Refused {
        /// The adapter.
        name: String,
        /// What it said.
        reason: String,
    },
}

/// Opens the device that fits the wish best.
///
/// A GPU can be opened once in a process: keep the result and clone it.
///
/// # Errors
/// [`DeviceError`] says what is missing and what to ask for instead.
pub async fn open(wish: DeviceWish) -> Result<OpenDevice, DeviceError> {
    // An adapter that nobody wants is not woken.
    let info = match wish {
        DeviceWish::Cpu => None,
        DeviceWish::Auto | DeviceWish::Gpu => platform::adapter().await,
    };
    let facts = info.as_ref().map(facts);
    let choice = choose_device(wish, facts.as_ref().ok_or(platform::NO_ADAPTER))
        .map_err(DeviceError::NotThere)?;
    match (choice.kind, info) {
        (DeviceKind::Cpu, _) => open_cpu(choice.reason),
        #[cfg(feature = "gpu")]
        (DeviceKind::Gpu, Some(info)) => open_gpu(info, choice.reason).await,
        (DeviceKind::Gpu, _) => Err(DeviceError::NotBuilt("GPU")),
    }
}

/// The GPU adapter that would be opened, if there is one.
pub async fn adapter() -> Option<AdapterFacts> {
    platform::adapter().await.as_ref().map(facts)
}

/// What the CPU backend runs on, for people.
pub fn cpu_name() -> String {
    platform::cpu_name()
}

#[cfg(feature = "cpu")]
fn open_cpu(reason: String) -> Result<OpenDevice, DeviceError> {
    Ok(OpenDevice {
        device: Device::flex(),
        report: DeviceReport {
            kind: DeviceKind::Cpu,
            name: platform::cpu_name(),
            api: "flex".to_owned(),
            software: false,
            reason,
        },
        graphics: None,
    })
}

#[cfg(not(feature = "cpu"))]
fn open_cpu(_reason: String) -> Result<OpenDevice, DeviceError> {
    Err(DeviceError::NotBuilt("CPU"))
}

#[cfg(feature = "gpu")]
async fn open_gpu(info: wgpu::AdapterInfo, reason: String) -> Result<OpenDevice, DeviceError> {
    let AdapterFacts { name, software } = facts(&info);
    // The interface of the adapter that was chosen: no other one is tried or woken.
    let (api, api_name) = match info.backend {
        wgpu::Backend::Vulkan => (WgpuBackend::Vulkan, "Vulkan"),
        wgpu::Backend::Metal => (WgpuBackend::Metal, "Metal"),
        wgpu::Backend::Dx12 => (WgpuBackend::Dx12, "DX12"),
        wgpu::Backend::BrowserWebGpu => (WgpuBackend::WebGpu, "WebGPU"),
        wgpu::Backend::Gl | wgpu::Backend::Noop => (WgpuBackend::Auto, "another interface"),
    };
    let (device, setup) = Device::wgpu_options()
        .graphics_api(api)
        .init_with_setup_async()
        .await
        .map_err(|error| DeviceError::Refused {
            name: name.clone(),
            reason: error.to_string(),
        })?;
    crate::kernel::note_software(software);
    Ok(OpenDevice {
        graphics: Some(Graphics {
            tensors: device.clone(),
            setup,
        }),
        device,
        report: DeviceReport {
            kind: DeviceKind::Gpu,
            name,
            api: api_name.to_owned(),
            software,
            reason,
        },
    })
}

#[cfg(feature = "gpu")]
fn facts(info: &wgpu::AdapterInfo) -> AdapterFacts {
    // Browsers may keep the name to themselves.
    let name = match info.name.trim() {
        "" => "GPU".to_owned(),
        name => name.to_owned(),
    };
    AdapterFacts {
        name,
        software: info.device_type == wgpu::DeviceType::Cpu,
    }
}

#[cfg(not(feature = "gpu"))]
fn facts(never: &std::convert::Infallible) -> AdapterFacts {
    match *never {}
}
