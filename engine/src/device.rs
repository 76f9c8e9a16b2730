//! Opening the device that [`crate::choice`] decides on.

use burn::tensor::Device;

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
    let facts = adapter().await;
    let choice = choose_device(wish, facts.as_ref().ok_or(platform::NO_ADAPTER))
        .map_err(DeviceError::NotThere)?;
    match (choice.kind, facts) {
        (DeviceKind::Cpu, _) => open_cpu(choice.reason),
        #[cfg(feature = "gpu")]
        (DeviceKind::Gpu, Some(facts)) => open_gpu(facts, choice.reason).await,
        (DeviceKind::Gpu, _) => Err(DeviceError::NotBuilt("GPU")),
    }
}

/// The GPU adapter that would be opened, if there is one.
pub async fn adapter() -> Option<AdapterFacts> {
    platform::adapter().await.map(facts)
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
    })
}

#[cfg(not(feature = "cpu"))]
fn open_cpu(_reason: String) -> Result<OpenDevice, DeviceError> {
    Err(DeviceError::NotBuilt("CPU"))
}

#[cfg(feature = "gpu")]
async fn open_gpu(facts: AdapterFacts, reason: String) -> Result<OpenDevice, DeviceError> {
    let (device, setup) = Device::wgpu_options()
        .init_with_setup_async()
        .await
        .map_err(|error| DeviceError::Refused {
            name: facts.name.clone(),
            reason: error.to_string(),
        })?;
    Ok(OpenDevice {
        device,
        report: DeviceReport {
            kind: DeviceKind::Gpu,
            name: facts.name,
            api: match setup.backend {
                burn::tensor::wgpu::wgpu::Backend::BrowserWebGpu => "WebGPU".to_owned(),
                other => format!("{other:?}"),
            },
            software: facts.software,
            reason,
        },
    })
}

#[cfg(feature = "gpu")]
fn facts(info: burn::tensor::wgpu::wgpu::AdapterInfo) -> AdapterFacts {
    // Browsers may keep the name to themselves.
    let name = if info.name.trim().is_empty() {
        "GPU".to_owned()
    } else {
        info.name
    };
    AdapterFacts {
        name,
        software: info.device_type == burn::tensor::wgpu::wgpu::DeviceType::Cpu,
    }
}

#[cfg(not(feature = "gpu"))]
fn facts(never: std::convert::Infallible) -> AdapterFacts {
    match never {}
}
