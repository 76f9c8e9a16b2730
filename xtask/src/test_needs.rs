//! What the tests need beyond cargo: Chromium for the page, a Vulkan driver for the engine.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use squeeze_tests::chromium;

use crate::apt;
use crate::process::on_path;

/// One thing that may be missing.
struct Need {
    name: &'static str,
    packages: &'static [&'static str],
    is_here: fn() -> bool,
    elsewhere: &'static str,
}

/// Programs that one test is about, which says that it was NOT RUN without them. A cluster's daemons are nothing
/// to put on somebody's machine unasked: they are installed where everything runs as root, as in a
/// container.
const SLURM: Need = Need {
    name: "Slurm",
    packages: &["slurm-wlm"],
    is_here: || {
        let folders = ["/usr/sbin", "/usr/local/sbin"];
        on_path("slurmctld").is_some()
            || folders
                .iter()
                .any(|folder| Path::new(folder).join("slurmctld").is_file())
    },
    elsewhere: "package slurm-wlm (Debian, Ubuntu) or slurm-slurmctld and slurm-slurmd (Fedora)",
};

const NEEDS: [Need; 3] = [
    Need {
        name: "Chromium",
        // The fonts: without any, screenshots hold no text.
        packages: &["chromium", "fonts-liberation"],
        is_here: || chromium::find().is_some(),
        elsewhere: "Chromium or Chrome 121 or newer from your system's packages or its maker, on PATH or \
                    named by the variable CHROME",
    },
    Need {
        name: "the Vulkan loader",
        packages: &["libvulkan1"],
        is_here: || !cfg!(target_os = "linux") || has_vulkan_loader(),
        elsewhere: "libvulkan.so.1: package vulkan-loader (Fedora, Alpine) or vulkan-icd-loader (Arch)",
    },
    Need {
        name: "Mesa's Vulkan driver for the CPU (lavapipe)",
        packages: &["mesa-vulkan-drivers"],
        is_here: || !cfg!(target_os = "linux") || lavapipe().is_some(),
        elsewhere: "package mesa-vulkan-drivers (Fedora), vulkan-swrast (Arch) or mesa-vulkan-swrast \
                    (Alpine), or the driver's .json file named by the variable VK_DRIVER_FILES",
    },
];

/// Installs what the tests need, or says what is missing and how to get it.
pub fn bring() -> Result<()> {
    let missing = || -> Vec<&Need> { NEEDS.iter().filter(|need| !(need.is_here)()).collect() };
    let before = missing();
    let mut tried = String::new();
    if !before.is_empty() && apt::is_here() {
        let packages: Vec<&str> = before
            .iter()
            .flat_map(|need| need.packages)
            .copied()
            .collect();
        println!("installing {}", packages.join(" "));
        if let Err(error) = apt::install(&packages) {
            tried = format!(
                "\nInstalling by apt failed: {error:#}. By hand: `apt-get install {}` as root.",
                packages.join(" ")
            );
        }
    }
    bring_slurm()?;
    let after = missing();
    for need in &NEEDS {
        if !after.iter().any(|one| one.name == need.name) {
            println!("{}: ready", need.name);
        }
    }
    if after.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = after
        .iter()
        .map(|need| format!("- {}: get {}", need.name, need.elsewhere))
        .collect();
    for name in ["CHROME", "VK_DRIVER_FILES", "VK_ICD_FILENAMES"] {
        if let Some(value) = env::var_os(name) {
            tried += &format!(
                "\nThe variable {name} is set, to {}: only that was looked at.",
                value.display()
            );
        }
    }
    bail!(
        "the tests need what is missing here:\n{}{tried}",
        list.join("\n")
    )
}

/// Installs Slurm where that is nobody's concern, or says that its test will not run.
fn bring_slurm() -> Result<()> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    if !(SLURM.is_here)() && apt::is_here() && apt::is_root()? {
        println!("installing {}", SLURM.packages.join(" "));
        if let Err(error) = apt::install(SLURM.packages) {
            println!("Installing by apt failed: {error:#}");
        }
    }
    match (SLURM.is_here)() {
        true => println!("{}: ready", SLURM.name),
        false => println!(
            "NOT HERE: {}; the test of sweeps on it will NOT RUN. For it: {}",
            SLURM.name, SLURM.elsewhere
        ),
    }
    Ok(())
}

/// Variables that make Vulkan use lavapipe alone, unless the user chose a driver.
pub fn vulkan_variables() -> Vec<(&'static str, OsString)> {
    let is_set = |name: &str| env::var_os(name).is_some();
    let mut variables = Vec::new();
    if !is_set("XDG_RUNTIME_DIR") {
        // Without it the driver complains about a desktop that nobody asked for.
        variables.push(("XDG_RUNTIME_DIR", env::temp_dir().into()));
    }
    if is_set("VK_DRIVER_FILES") || is_set("VK_ICD_FILENAMES") {
        return variables;
    }
    if let Some(path) = lavapipe() {
        variables.push(("VK_DRIVER_FILES", path.clone().into()));
        // Its name in loaders before 1.3.207.
        variables.push(("VK_ICD_FILENAMES", path.into()));
    }
    variables
}

/// The manifest of a Vulkan driver: the one that the user chose, else lavapipe's.
fn lavapipe() -> Option<PathBuf> {
    for name in ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"] {
        if let Some(files) = env::var_os(name) {
            return env::split_paths(&files).find(|path| path.exists());
        }
    }
    ["/usr/share", "/usr/local/share", "/etc"]
        .iter()
        .filter_map(|folder| fs::read_dir(Path::new(folder).join("vulkan/icd.d")).ok())
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| {
            path.file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name.starts_with("lvp_icd") && name.ends_with(".json"))
        })
}

fn has_vulkan_loader() -> bool {
    let from_environment = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&from_environment).collect();
    for base in ["/usr/lib", "/lib", "/usr/lib64", "/usr/local/lib"] {
        folders.push(base.into());
        // Debian keeps libraries one folder deeper, by architecture.
        folders.push(Path::new(base).join(format!("{}-linux-gnu", env::consts::ARCH)));
    }
    folders
        .iter()
        .any(|folder| folder.join("libvulkan.so.1").exists())
}
