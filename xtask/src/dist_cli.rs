//! `cargo xtask dist --cli`: the command line as one file, for machines that have nothing.

use std::env;
use std::fs;
use std::path::{Path, absolute};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::process::{self, capture, cargo};
use crate::project::{self, host, target_folder};

/// Linked statically against glibc: musl's allocator makes training on a CPU slower, and a graphics driver
/// can be loaded by neither. Data sets are fetched by names that glibc itself can ask for.
const STATIC: &str = "-Ctarget-feature=+crt-static";

/// Builds it into `out`, a folder (the top one's `dist-cli` if none is named), and tries it.
pub fn run(out: Option<&Path>) -> Result<()> {
    let out = match out {
        Some(out) => absolute(out).context("--out names no folder")?,
        None => project::root()?.join("dist-cli"),
    };
    let file = out.join(format!("squeeze{}", env::consts::EXE_SUFFIX));
    let target = host()?;
    let mut build = cargo()?;
    build.args(["build", "--release", "--package", "squeeze-cli"]);
    // Naming the target keeps what is linked statically apart from what cargo itself loads.
    build.args(["--no-default-features", "--target", &target]);
    if cfg!(target_os = "linux") {
        build.env("RUSTFLAGS", STATIC);
    }
    run_build(&mut build)?;
    let built = target_folder()?
        .join(&target)
        .join("release")
        .join(format!("squeeze{}", env::consts::EXE_SUFFIX));
    if cfg!(target_os = "linux") {
        ensure!(
            is_static(&built)?,
            "{} asks for libraries of the machine",
            built.display()
        );
    }
    fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    fs::copy(&built, &file).with_context(|| format!("cannot write {}", file.display()))?;
    let said = capture(Command::new(&file).arg("devices"))?;
    ensure!(
        said.contains("CPU"),
        "{} finds no device: {said}",
        file.display()
    );
    let size = fs::metadata(&file)?.len();
    println!(
        "{} ({:.0} MB): the command line for any {} machine, on the CPU.",
        file.display(),
        size as f64 / 1e6,
        target.split('-').next().unwrap_or(&target)
    );
    Ok(())
}

fn run_build(build: &mut Command) -> Result<()> {
    process::run(build).context("the command line cannot be built (Linux: static linking needs libc.a, Debian's libc6-dev or Fedora's glibc-static)")
}

/// Whether an ELF file of 64 bits asks for no loader.
fn is_static(file: &Path) -> Result<bool> {
    const INTERPRETER: u32 = 3;
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let number = |at: usize, length: usize| -> Result<usize> {
        let part = bytes.get(at..at + length).context("a file cut short")?;
        let bytes = part.iter().rev();
        Ok(bytes.fold(0, |sum, byte| (sum << 8) | usize::from(*byte)))
    };
    if !bytes.starts_with(b"\x7fELF\x02\x01") {
        bail!("{} is no ELF file of 64 bits", file.display());
    }
    let (table, size, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
    for entry in 0..count {
        if number(table + entry * size, 4)? as u32 == INTERPRETER {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn this_test_is_linked_with_the_machines_libraries() -> Result<()> {
        assert!(!is_static(&env::current_exe()?)?);
        Ok(())
    }
}
