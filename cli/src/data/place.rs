//! Where fetched data sets lie.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use squeeze_engine::config::DataKind;

/// The folder of a data set: `$SQUEEZE_DATA/NAME`, else `squeeze/data/NAME` in the user's cache
/// folder.
///
/// # Errors
/// If the environment tells of no such folder.
pub fn folder(kind: DataKind) -> Result<PathBuf> {
    folder_in(kind, |name| std::env::var_os(name))
}

fn folder_in(kind: DataKind, variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf> {
    let variable = |name| variable(name).filter(|value| !value.is_empty());
    if let Some(data) = variable("SQUEEZE_DATA") {
        return Ok(Path::new(&data).join(kind.name()));
    }
    let cache = if cfg!(windows) {
        variable("LOCALAPPDATA").map(PathBuf::from)
    } else {
        // The XDG specification has paths that are not absolute ignored.
        variable("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| Some(Path::new(&variable("HOME")?).join(".cache")))
    };
    let cache = cache.context(
        "the environment names no home folder; say where data sets lie in SQUEEZE_DATA, or give a folder",
    )?;
    Ok(cache.join("squeeze").join("data").join(kind.name()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<PathBuf> {
        folder_in(DataKind::Cifar10, |name| {
            let (_, value) = variables.iter().find(|(known, _)| *known == name)?;
            Some(OsString::from(value))
        })
    }

    #[test]
    fn the_environment_decides() {
        let path = with(&[("SQUEEZE_DATA", "sets"), ("HOME", "/home/me")]).unwrap();
        assert_eq!(path, Path::new("sets/cifar10"));
        assert!(with(&[]).unwrap_err().to_string().contains("SQUEEZE_DATA"));
    }

    #[cfg(unix)]
    #[test]
    fn the_cache_folder_is_that_of_the_system() {
        let home = Path::new("/home/me/.cache/squeeze/data/cifar10");
        assert_eq!(with(&[("HOME", "/home/me")]).unwrap(), home);
        assert_eq!(
            with(&[("HOME", "/home/me"), ("XDG_CACHE_HOME", "relative")]).unwrap(),
            home
        );
        assert_eq!(
            with(&[
                ("HOME", "/home/me"),
                ("XDG_CACHE_HOME", "/cache"),
                ("SQUEEZE_DATA", "")
            ])
            .unwrap(),
            Path::new("/cache/squeeze/data/cifar10")
        );
    }
}
