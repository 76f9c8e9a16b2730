//! Building the page.

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process::{clean, run};
use crate::tools::Tools;
use crate::{offline, project, sheet};

/// Builds the page in release into `dist`.
pub fn build(tools: &Tools) -> Result<()> {
    let mut command = Command::new(&tools.trunk);
    clean(&mut command);
    let wasm_bindgen = tools
        .wasm_bindgen
        .parent()
        .context("a program without a folder")?;
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = [wasm_bindgen.to_owned()]
        .into_iter()
        .chain(env::split_paths(&path));
    command
        .current_dir(project::root()?)
        .env("PATH", env::join_paths(folders)?)
        // trunk 0.21 stops at NO_COLOR=1.
        .env_remove("NO_COLOR")
        // All it needs is here, so it has nothing to download.
        .args(["build", "--release", "--offline"]);
    run(&mut command)?;
    finish(&project::dist()?)
}

/// What trunk leaves to do.
pub fn finish(dist: &Path) -> Result<()> {
    sheet::join(dist)?;
    offline::equip(dist)
}
