//! Where things are: the repository, the tools' folder, locked versions.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{capture, cargo};

/// The top folder of the repository.
pub fn root() -> Result<PathBuf> {
    // Cargo says it to what it runs. What was compiled in may be of another clone, where several share
    // a target folder.
    let package = set("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&package)
        .parent()
        .map(Path::to_owned)
        .context("the xtask package has no parent folder")
}

/// The folder that trunk builds the page into.
pub fn dist() -> Result<PathBuf> {
    Ok(root()?.join("dist"))
}

/// The folder that set-up installs tools into: `SQUEEZE_TOOLS`, or `squeeze/tools` in the user's cache.
pub fn tools() -> Result<PathBuf> {
    if let Some(folder) = set("SQUEEZE_TOOLS") {
        return Ok(folder.into());
    }
    let cache = set("XDG_CACHE_HOME")
        .or_else(|| set("LOCALAPPDATA"))
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cache")))
        .context("there is no home folder: set SQUEEZE_TOOLS to a folder for build tools")?;
    Ok(cache.join("squeeze").join("tools"))
}

/// The version of a package in `Cargo.lock`.
pub fn locked_version(package: &str) -> Result<String> {
    let path = root()?.join("Cargo.lock");
    let text = fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}: run `cargo metadata` once", path.display()))?;
    match locked_versions(&text, package).as_slice() {
        [one] => Ok((*one).to_owned()),
        [] => bail!(
            "Cargo.lock holds no package `{package}`: add it to the page's dependencies (`cargo add \
             --package squeeze-app {package}`)"
        ),
        many => bail!(
            "Cargo.lock holds several versions of `{package}` ({}): `cargo update` them to one",
            many.join(", ")
        ),
    }
}

fn locked_versions<'a>(lock: &'a str, package: &str) -> Vec<&'a str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines();
    let mut versions = Vec::new();
    while let Some(line) = lines.next() {
        if line == name {
            let version = lines
                .next()
                .and_then(|line| line.strip_prefix("version = \""));
            versions.extend(version.map(|rest| rest.trim_end_matches('"')));
        }
    }
    versions
}

/// What rustc builds for here.
pub fn host() -> Result<String> {
    let said = capture(Command::new("rustc").arg("-vV"))?;
    let line = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(line.context("rustc does not say its host")?.to_owned())
}

/// Cargo's target folder.
pub fn target_folder() -> Result<PathBuf> {
    let said = capture(cargo()?.args(["metadata", "--format-version", "1", "--no-deps"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&said)?;
    let folder = metadata["target_directory"].as_str();
    Ok(folder
        .context("cargo does not say its target folder")?
        .into())
}

fn set(variable: &str) -> Option<std::ffi::OsString> {
    env::var_os(variable).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::locked_versions;

    #[test]
    fn versions_are_read_from_the_lock_file() {
        let lock = "[[package]]\nname = \"a\"\nversion = \"1.2.3\"\n\n[[package]]\nname = \"a-b\"\n\
                    version = \"2.0.0\"\n\n[[package]]\nname = \"a\"\nversion = \"0.1.0\"\n";
        assert_eq!(locked_versions(lock, "a"), ["1.2.3", "0.1.0"]);
        assert_eq!(locked_versions(lock, "a-b"), ["2.0.0"]);
        assert!(locked_versions(lock, "b").is_empty());
    }
}
