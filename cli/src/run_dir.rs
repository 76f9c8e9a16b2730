//! Run directories on this machine.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use squeeze_engine::run::Folder;

/// The folder for a new run: `wanted`, or the next free `runs/N`.
pub fn fresh(wanted: Option<&Path>) -> Result<Folder> {
    let path = match wanted {
        Some(path) => path.to_owned(),
        None => next_free(Path::new("runs"))?,
    };
    Ok(Folder::at(&path)?)
}

/// The folder of a run that is there.
pub fn existing(path: &Path) -> Result<Folder> {
    if !path.is_dir() {
        bail!(
            "{} is no directory; name one that `squeeze train` made",
            path.display()
        );
    }
    Ok(Folder::at(path)?)
}

fn next_free(parent: &Path) -> Result<PathBuf> {
    (1..)
        .map(|number: u32| parent.join(number.to_string()))
        .find(|path| !path.exists())
        .context("every runs/N is taken; name a directory with --out")
}
