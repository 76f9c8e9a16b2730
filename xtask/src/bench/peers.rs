//! Libraries for the browser that ours is measured beside: which, where they are, how they get there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::row::{Place, Row};
use crate::process::{on_path, run};
use crate::project;

/// A library on one backend.
pub struct Peer {
    name: &'static str,
    /// Its packages; the first one's version is the library's.
    packages: &'static [&'static str],
    page: &'static str,
    /// Where it runs.
    pub place: Place,
    /// A flag to set, and what the table calls that.
    flag: Option<(&'static str, &'static str)>,
    trains: bool,
    networks: &'static [&'static str],
}

const JAX: Peer = Peer {
    name: "jax-js",
    packages: &["@jax-js/jax"],
    page: "jax.html",
    place: Place::WebGpu,
    flag: None,
    trains: true,
    networks: &["small-cnn", "mnist-cnn"],
};

const TENSORFLOW: Peer = Peer {
    name: "TensorFlow.js",
    packages: &["@tensorflow/tfjs", "@tensorflow/tfjs-backend-webgpu"],
    page: "tfjs.html",
    ..JAX
};

const PEERS: [Peer; 5] = [
    JAX,
    TENSORFLOW,
    Peer {
        // Quicker with small kernels.
        flag: Some(("WEBGPU_CONV_SEPARATE_IM2COL_SHADER", "im2col")),
        networks: &["small-cnn"],
        ..TENSORFLOW
    },
    Peer {
        place: Place::Wasm,
        ..JAX
    },
    Peer {
        packages: &["@tensorflow/tfjs", "@tensorflow/tfjs-backend-wasm"],
        place: Place::Wasm,
        trains: false,
        ..TENSORFLOW
    },
];

/// The peers of a network in a place.
pub fn of(place: Place, network: &str) -> impl Iterator<Item = &'static Peer> {
    const { &PEERS }
        .iter()
        .filter(move |peer| peer.place == place && peer.networks.contains(&network))
}

impl Peer {
    /// Its row, empty.
    pub fn row(&self, network: &'static str) -> Result<Row> {
        let version = wanted(self.packages[0])?;
        let variant = self
            .flag
            .map_or(String::new(), |(_, name)| format!(", {name}"));
        let program = format!("{} {version}{variant}", self.name);
        let mut row = Row::new(self.place, program, network);
        if !self.trains {
            row.remark =
                Some("cannot train: has no gradient of convolutions by weights".to_owned());
        }
        Ok(row)
    }

    /// Whether all its packages are there in the versions that are wanted.
    pub fn is_installed(&self) -> Result<bool> {
        let modules = folder()?.join("node_modules");
        for package in self.packages {
            let manifest = modules.join(package).join("package.json");
            if !manifest.is_file() {
                return Ok(false);
            }
            if json(&manifest)?["version"].as_str() != Some(&wanted(package)?) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The address of its page below [`folder`].
    pub fn address(&self, network: &str) -> String {
        let backend = if self.place == Place::WebGpu {
            "webgpu"
        } else {
            "wasm"
        };
        let steps = if self.trains { 10 } else { 0 };
        let flag = self.flag.map_or("", |(flag, _)| flag);
        format!(
            "{}?backend={backend}&network={network}&steps={steps}&iterations=10&seconds=60&flag={flag}",
            self.page
        )
    }
}

/// The folder that the peers are installed into and served from.
pub fn folder() -> Result<PathBuf> {
    Ok(project::tools()?.join("peers"))
}

/// The pages' sources in the repository.
pub fn sources() -> Result<PathBuf> {
    Ok(project::root()?.join("tests").join("peers"))
}

/// Installs the peers' packages by npm.
pub fn install() -> Result<()> {
    if on_path("npm").is_none() {
        bail!(
            "npm is not on PATH: it comes with Node.js, from your system's packages or its maker"
        );
    }
    let folder = lay_out()?;
    run(Command::new("npm")
        .current_dir(folder)
        // Pages load the files as they are: nothing has to be built.
        .args(["install", "--ignore-scripts", "--no-audit", "--no-fund"])
        .arg("--no-package-lock"))
}

/// Puts the pages, and MNIST for them, beside the installed packages, and returns the folder.
pub fn lay_out() -> Result<PathBuf> {
    let folder = folder()?;
    copy_files(&sources()?, &folder)?;
    let data = Path::new("data").join("mnist");
    copy_files(&project::root()?.join(&data), &folder.join(&data))?;
    Ok(folder)
}

fn copy_files(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    let entries = fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?;
    for entry in entries {
        let path = entry?.path();
        let Some(name) = path.file_name().filter(|_| path.is_file()) else {
            continue;
        };
        fs::copy(&path, to.join(name))
            .with_context(|| format!("cannot copy {} to {}", path.display(), to.display()))?;
    }
    Ok(())
}

/// The version of a package that the repository asks for.
fn wanted(package: &str) -> Result<String> {
    let manifest = sources()?.join("package.json");
    json(&manifest)?["dependencies"][package]
        .as_str()
        .map(str::to_owned)
        .with_context(|| format!("{} asks for no {package}", manifest.display()))
}

fn json(path: &Path) -> Result<Value> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is no JSON", path.display()))
}

#[cfg(test)]
mod tests {
    use super::super::row::Place;
    use super::of;

    #[test]
    fn every_place_in_a_browser_has_a_peer_that_trains() {
        for place in [Place::WebGpu, Place::Wasm] {
            for network in ["small-cnn", "mnist-cnn"] {
                assert!(of(place, network).any(|peer| peer.trains));
            }
        }
        assert_eq!(of(Place::WebGpu, "small-cnn").count(), 3);
        assert_eq!(of(Place::WebGpu, "mnist-cnn").count(), 2);
    }

    #[test]
    fn every_peer_has_a_row_and_a_page() -> anyhow::Result<()> {
        for peer in &super::PEERS {
            peer.row("small-cnn")?;
            let address = peer.address("small-cnn");
            let page = address.split('?').next().unwrap_or_default();
            assert!(super::sources()?.join(page).is_file(), "{page}");
        }
        Ok(())
    }
}
