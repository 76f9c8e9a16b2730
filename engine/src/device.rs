//! Opening the device that [`crate::choice`] decides on.

pub use burn::tensor::Device;
#[cfg(feature = "gpu")]
use burn::tensor::DeviceKind as AdapterKind;
#[cfg(feature = "gpu")]
use burn::tensor::wgpu::{WgpuBackend, WgpuSetup, wgpu};

use crate::choice::{AdapterFacts, DeviceWish, Place, choose_device};
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
        (DeviceKind::Gpu, Some(info)) => {
            open_gpu(info, AdapterKind::DefaultDevice, choice.reason).await
        }
        (DeviceKind::Gpu, _) => Err(DeviceError::NotBuilt("GPU")),
    }
}

/// Opens the devices that train together: the one that the images lie on, and the others. One that is
/// named twice is opened once.
///
/// # Errors
/// [`DeviceError`] says which one is missing and what there is.
pub async fn open_together(places: &[Place]) -> Result<(OpenDevice, Vec<Device>), DeviceError> {
    let mut opened: Vec<(Place, OpenDevice)> = Vec::new();
    let mut devices = Vec::new();
    let mut names: Vec<(String, usize)> = Vec::new();
    for &place in places {
        let known = opened.iter().find(|(known, _)| *known == place);
        let open = match known {
            Some((_, open)) => open.clone(),
            None => {
                let reason = "It was asked for.".to_owned();
                let open = match place {
                    Place::Cpu => open_cpu(reason)?,
                    Place::Gpu(number) => open_numbered(number, reason).await?,
                };
                opened.push((place, open.clone()));
                open
            }
        };
        devices.push(open.device);
        match names.iter_mut().find(|(name, _)| *name == open.report.name) {
            Some((_, count)) => *count += 1,
            None => names.push((open.report.name, 1)),
        }
    }
    let is_software = opened.iter().any(|(_, open)| open.report.software);
    let first = opened.into_iter().next();
    let (_, mut first) = first.ok_or_else(|| DeviceError::NotThere("no device is named".into()))?;
    let names = names.into_iter().map(|(name, count)| match count {
        1 => name,
        _ => format!("{count} x {name}"),
    });
    first.report.name = names.collect::<Vec<_>>().join(" + ");
    first.report.software = is_software;
    if places.len() > 1 {
        first.report.reason = "Each takes an equal part of every batch.".to_owned();
    }
    Ok((first, devices.split_off(1)))
}

/// The adapters that [`Place::Gpu`] numbers.
pub async fn adapters() -> Vec<AdapterFacts> {
    platform::adapters().await.iter().map(facts).collect()
}

#[cfg(feature = "gpu")]
async fn open_numbered(number: usize, reason: String) -> Result<OpenDevice, DeviceError> {
    let all = platform::adapters().await;
    let Some(info) = all.get(number) else {
        let there = match all.len() {
            0 => platform::NO_ADAPTER.to_owned(),
            1 => "the only one here is gpu:0".to_owned(),
            more => format!("they go from gpu:0 to gpu:{}", more - 1),
        };
        return Err(DeviceError::NotThere(format!(
            "there is no gpu:{number}: {there}; `squeeze devices` lists them"
        )));
    };
    let same = |other: &&wgpu::AdapterInfo| other.device_type == info.device_type;
    let index = all[..number].iter().filter(same).count();
    let kind = match info.device_type {
        wgpu::DeviceType::DiscreteGpu => AdapterKind::DiscreteGpu(index),
        wgpu::DeviceType::IntegratedGpu => AdapterKind::IntegratedGpu(index),
        wgpu::DeviceType::VirtualGpu => AdapterKind::VirtualGpu(index),
        wgpu::DeviceType::Cpu if index == 0 => AdapterKind::Cpu,
        // Burn has no name for more.
        wgpu::DeviceType::Cpu | wgpu::DeviceType::Other => {
            return Err(DeviceError::NotThere(format!(
                "gpu:{number}, {}, is of a kind that cannot be chosen by its number; say `--device gpu`",
                info.name
            )));
        }
    };
    open_gpu(info.clone(), kind, reason).await
}

#[cfg(not(feature = "gpu"))]
async fn open_numbered(_number: usize, _reason: String) -> Result<OpenDevice, DeviceError> {
    Err(DeviceError::NotBuilt("GPU"))
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
async fn open_gpu(
    info: wgpu::AdapterInfo,
    kind: AdapterKind,
    reason: String,
) -> Result<OpenDevice, DeviceError> {
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
        .device_kind(kind)
        .graphics_api(api)
        .init_with_setup_async()
        .await
        .map_err(|error| DeviceError::Refused {
            name: name.clone(),
            reason: error.to_string(),
        })?;
    crate::kernel::note_software(software);
    crate::limits::watch_memory(&setup.device);
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
