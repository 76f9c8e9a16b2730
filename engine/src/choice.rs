//! Which device to use, and why: one decision for the page and the command line.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::event::DeviceKind;

/// What the user asked for (`?device=`, `--device`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceWish {
    /// A real GPU if there is one, else the CPU backend.
    #[default]
    Auto,
    /// A GPU interface, a software one included.
    Gpu,
    /// The CPU backend.
    Cpu,
}

impl FromStr for DeviceWish {
    type Err = String;

    /// Reads `auto`, `gpu` (or `webgpu`, `vulkan`, which mean the same) or `cpu`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "gpu" | "webgpu" | "vulkan" => Ok(Self::Gpu),
            "cpu" => Ok(Self::Cpu),
            other => Err(format!(
                "there is no device `{other}`: say auto, gpu (or webgpu) or cpu"
            )),
        }
    }
}

/// One of the devices that train together (`--devices`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The CPU backend.
    Cpu,
    /// The GPU of this number, in the order of [`crate::device::adapters`].
    Gpu(usize),
}

impl FromStr for Place {
    type Err = String;

    /// Reads `cpu`, `gpu:0`, `gpu:1` and so on.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = || text.strip_prefix("gpu:")?.parse().ok();
        match text {
            "cpu" => Ok(Self::Cpu),
            _ => number().map(Self::Gpu).ok_or_else(|| {
                format!("`{text}` is no place: say gpu:0, gpu:1 and so on, as `squeeze devices` numbers them, or cpu")
            }),
        }
    }
}

/// How the images of an attack come to a page (`?draw=`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Drawing {
    /// Drawn from the memory of a real GPU; a software adapter's memory is the CPU's, and some of them break down
    /// at a canvas.
    #[default]
    Auto,
    /// Drawn by a software adapter too.
    Canvas,
    /// Read from the device.
    Bytes,
}

impl Drawing {
    /// Whether images are drawn from the memory of a GPU, which may be a software one.
    pub fn is_on(self, software: bool) -> bool {
        match self {
            Self::Auto => !software,
            Self::Canvas => true,
            Self::Bytes => false,
        }
    }
}

impl FromStr for Drawing {
    type Err = String;

    /// Reads `auto`, `canvas` or `bytes`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "canvas" => Ok(Self::Canvas),
            "bytes" => Ok(Self::Bytes),
            other => Err(format!(
                "there is no way to draw called `{other}`: say auto, canvas or bytes"
            )),
        }
    }
}

/// What is known of an adapter before it is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterFacts {
    /// Its name for people.
    pub name: String,
    /// True if it is carried out in software on the CPU (`isFallbackAdapter`, device type CPU).
    pub software: bool,
}

/// The decision of [`choose_device`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceChoice {
    /// The kind of device to open.
    pub kind: DeviceKind,
    /// One sentence: why.
    pub reason: String,
}

/// Chooses between the GPU and the CPU backend.
///
/// `adapter` is the best adapter found, or the reason why there is none, as a clause ("this browser
/// has no WebGPU"). A software adapter counts as no GPU unless a GPU was asked for, because the CPU
/// backend is faster.
///
/// # Errors
/// A sentence, if a GPU was asked for and there is none.
pub fn choose_device(
    wish: DeviceWish,
    adapter: Result<&AdapterFacts, &str>,
) -> Result<DeviceChoice, String> {
    let gpu = |reason: String| DeviceChoice {
        kind: DeviceKind::Gpu,
        reason,
    };
    let cpu = |reason: String| DeviceChoice {
        kind: DeviceKind::Cpu,
        reason,
    };
    match (wish, adapter) {
        (DeviceWish::Cpu, _) => Ok(cpu("The CPU was asked for.".to_owned())),
        (DeviceWish::Gpu, Ok(facts)) if facts.software => Ok(gpu(format!(
            "A GPU was asked for; {} is a software adapter, slower than the CPU backend.",
            facts.name
        ))),
        (DeviceWish::Gpu, Ok(_)) => Ok(gpu("A GPU was asked for.".to_owned())),
        (DeviceWish::Gpu, Err(why)) => Err(format!(
            "A GPU was asked for, but {why}. Ask for the device `auto` or `cpu` instead."
        )),
        (DeviceWish::Auto, Ok(facts)) if facts.software => Ok(cpu(format!(
            "The only adapter, {}, is software; the CPU backend is faster.",
            facts.name
        ))),
        (DeviceWish::Auto, Ok(_)) => Ok(gpu("A GPU is there.".to_owned())),
        (DeviceWish::Auto, Err(why)) => Ok(cpu(format!("The CPU is used because {why}."))),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_wish_meets_every_adapter() {
        let real = AdapterFacts {
            name: "Fast card".to_owned(),
            software: false,
        };
        let software = AdapterFacts {
            name: "SwiftShader".to_owned(),
            software: true,
        };
        let none = "this browser has no WebGPU";
        let kind = |wish, adapter| choose_device(wish, adapter).map(|choice| choice.kind);
        assert_eq!(kind(DeviceWish::Auto, Ok(&real)), Ok(DeviceKind::Gpu));
        assert_eq!(kind(DeviceWish::Auto, Ok(&software)), Ok(DeviceKind::Cpu));
        assert_eq!(kind(DeviceWish::Auto, Err(none)), Ok(DeviceKind::Cpu));
        assert_eq!(kind(DeviceWish::Gpu, Ok(&real)), Ok(DeviceKind::Gpu));
        assert_eq!(kind(DeviceWish::Gpu, Ok(&software)), Ok(DeviceKind::Gpu));
        assert_eq!(kind(DeviceWish::Cpu, Ok(&real)), Ok(DeviceKind::Cpu));
        let error = choose_device(DeviceWish::Gpu, Err(none)).unwrap_err();
        assert!(error.contains(none) && error.contains("`cpu`"), "{error}");
        let choice = choose_device(DeviceWish::Auto, Ok(&software)).unwrap();
        assert!(choice.reason.contains("SwiftShader"), "{}", choice.reason);
    }

    #[test]
    fn a_software_adapter_draws_only_if_it_is_asked_to() {
        let drawn = |wish: &str, software| wish.parse::<Drawing>().map(|wish| wish.is_on(software));
        assert_eq!(drawn("auto", false), Ok(true));
        assert_eq!(drawn("auto", true), Ok(false));
        assert_eq!(drawn("canvas", true), Ok(true));
        assert_eq!(drawn("bytes", false), Ok(false));
        let odd = drawn("oil", false).unwrap_err();
        assert!(odd.contains("`oil`") && odd.contains("canvas"), "{odd}");
    }

    #[test]
    fn unknown_device_names_the_ones_there_are() {
        let error = "tpu".parse::<DeviceWish>().unwrap_err();
        assert!(error.contains("tpu") && error.contains("webgpu"), "{error}");
        assert_eq!("webgpu".parse(), Ok(DeviceWish::Gpu));
        assert_eq!("gpu:12".parse(), Ok(Place::Gpu(12)));
        assert_eq!("cpu".parse(), Ok(Place::Cpu));
        for text in ["gpu", "gpu:", "gpu:-1", "gpu:1.5", "cpu:0", ""] {
            let error = text.parse::<Place>().unwrap_err();
            assert!(
                error.contains(&format!("`{text}`")) && error.contains("gpu:0"),
                "{error}"
            );
        }
    }
}
