//! The compiler's standard library for `wasm32-unknown-unknown`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::apt;
use crate::process::{capture, on_path, run, run_within};

/// The target of the page.
pub const TRIPLE: &str = "wasm32-unknown-unknown";

/// Makes [`TRIPLE`] a target that plain `cargo build --target` can use.
///
/// In this order: it is there already; rustup adds it; it is built from the standard library's source
/// of the very same compiler version, which comes with the compiler or from the distribution.
pub fn bring() -> Result<()> {
    if is_usable()? {
        println!("wasm target: ready");
        return Ok(());
    }
    let by_rustup = add_by_rustup();
    if is_usable()? {
        println!("wasm target: added by rustup");
        return Ok(());
    }
    println!(
        "wasm target: rustup cannot add it here; building it from the standard library's source"
    );
    let by_source = build_from_source();
    if is_usable()? {
        println!("wasm target: ready, built from source");
        return Ok(());
    }
    let reason = |result: Result<()>| match result {
        Ok(()) => "it said it worked, but the target is still missing".to_owned(),
        Err(error) => format!("{error:#}"),
    };
    bail!(
        "the compiler has no standard library for {TRIPLE}.\n\
         - rustup: {}\n\
         - from source: {}\n\
         Get it by one of these, then run this again:\n\
         - `rustup target add {TRIPLE}` where rustup can download;\n\
         - the distribution's package, if the compiler is the distribution's: libstd-rust-dev-wasm32 \
         (Debian, Ubuntu), rust-std-static-{TRIPLE} (Fedora), rust-wasm (Arch, Alpine);\n\
         - the standard library's source of this very compiler at {}.",
        reason(by_rustup),
        reason(by_source),
        source_folder()?.display()
    )
}

fn rustc() -> Command {
    // Outside the repository, so that nothing of its configuration matters.
    let mut command = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    command.current_dir(env::temp_dir());
    command
}

fn sysroot() -> Result<PathBuf> {
    Ok(capture(rustc().args(["--print", "sysroot"]))?.trim().into())
}

/// The folder of the target's libraries, there or not.
fn library_folder() -> Result<PathBuf> {
    let text = capture(rustc().args(["--print", "target-libdir", "--target", TRIPLE]))?;
    Ok(text.trim().into())
}

/// Where cargo looks for the standard library's source.
fn source_folder() -> Result<PathBuf> {
    Ok(sysroot()?.join("lib/rustlib/src/rust/library"))
}

/// The compiler's version, as `1.95.0`.
fn version() -> Result<String> {
    let text = capture(rustc().arg("-vV"))?;
    text.lines()
        .find_map(|line| line.strip_prefix("release: "))
        .map(str::to_owned)
        .context("`rustc -vV` names no release")
}

fn is_usable() -> Result<bool> {
    let Ok(entries) = fs::read_dir(library_folder()?) else {
        return Ok(false);
    };
    Ok(entries
        .filter_map(Result::ok)
        .any(|entry| is_library(&entry.path(), "libstd-")))
}

fn is_library(path: &Path, prefix: &str) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "rlib")
        && path
            .file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.starts_with(prefix))
}

fn add_by_rustup() -> Result<()> {
    if on_path("rustup").is_none() {
        bail!("it is not installed");
    }
    let mut command = Command::new("rustup");
    command.args(["target", "add", TRIPLE]);
    // Offline it must fail soon, not after a round of retries.
    command.env("RUSTUP_MAX_RETRIES", "1");
    command.env_remove("RUST_BACKTRACE");
    run_within(&mut command, Duration::from_secs(240))
}

fn build_from_source() -> Result<()> {
    let work = tempfile::tempdir()?;
    bring_source(work.path())?;
    let built = build_libraries(work.path())?;
    install(&built)
}

/// Puts the standard library's source where cargo looks for it.
fn bring_source(work: &Path) -> Result<()> {
    let source = source_folder()?;
    if source.join("std/Cargo.toml").is_file() {
        return Ok(());
    }
    if !apt::is_here() {
        bail!("there is no apt to get the source with");
    }
    let version = version()?;
    // Ubuntu carries older compilers as rustc-1.95 with rust-1.95-src.
    let minor = version
        .rsplit_once('.')
        .map_or(version.as_str(), |(minor, _)| minor);
    let versioned = format!("rust-{minor}-src");
    let packages = ["rust-src", versioned.as_str(), "rust-web-src"];
    let unpacked = apt::unpack_version(&packages, &version, work)?;
    let found = fs::read_dir(unpacked.join("usr/src"))
        .context("the package holds no usr/src")?
        .filter_map(|entry| Some(entry.ok()?.path().join("library")))
        .find(|library| library.join("std/Cargo.toml").is_file())
        .context("the package holds no standard library")?;
    place(&found, &source)
}

/// Builds the standard library for the target and returns the folder of its libraries.
fn build_libraries(work: &Path) -> Result<PathBuf> {
    let package = work.join("empty");
    fs::create_dir_all(package.join("src"))?;
    fs::write(
        package.join("Cargo.toml"),
        "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [profile.release]\nopt-level = 3\ndebug = false\n",
    )?;
    fs::write(package.join("src/lib.rs"), "")?;
    let target = work.join("target");
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // Flags meant for other code must not reach the standard library.
    for (name, _) in env::vars_os() {
        let Some(text) = name.to_str() else { continue };
        let is_flag = text.ends_with("RUSTFLAGS")
            || text.starts_with("CARGO_PROFILE_")
            || text.starts_with("CARGO_BUILD_")
            || text.starts_with("CARGO_UNSTABLE_");
        if is_flag {
            command.env_remove(name);
        }
    }
    command
        .current_dir(&package)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_ENCODED_RUSTFLAGS", "")
        .env("CARGO_TARGET_DIR", &target)
        .args(["build", "--release", "--target", TRIPLE])
        .args(["-Z", "build-std=std,panic_abort,test"]);
    run(&mut command)?;
    Ok(target.join(TRIPLE).join("release/deps"))
}

/// Copies the libraries into the sysroot; the target appears at once, or not at all.
fn install(built: &Path) -> Result<()> {
    let ready = built.join("ready");
    let library = ready.join("lib");
    fs::create_dir_all(&library)?;
    for entry in fs::read_dir(built)? {
        let path = entry?.path();
        if is_library(&path, "lib")
            && !is_library(&path, "libempty-")
            && let Some(name) = path.file_name()
        {
            fs::copy(&path, library.join(name))?;
        }
    }
    let target = library_folder()?;
    let target = target.parent().context("the target has no folder")?;
    if target.exists() && !target.join("lib").exists() {
        // Left by a component that holds no library.
        return place(&library, &target.join("lib"));
    }
    place(&ready, target)
}

/// Copies a folder beside its place, then moves it there in one step.
fn place(from: &Path, to: &Path) -> Result<()> {
    let parent = to.parent().context("a folder without a parent")?;
    let attempt = || -> Result<()> {
        fs::create_dir_all(parent)?;
        let stage = tempfile::Builder::new()
            .prefix(".squeeze-")
            .tempdir_in(parent)?;
        let copy = stage.path().join("copy");
        copy_folder(from, &copy)?;
        fs::rename(&copy, to)?;
        Ok(())
    };
    attempt().with_context(|| {
        format!(
            "cannot write {} (a system-wide compiler needs root for this)",
            to.display()
        )
    })
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name() else {
            continue;
        };
        let target = to.join(name);
        if path.is_dir() {
            copy_folder(&path, &target)?;
        } else if path.exists() {
            fs::copy(&path, &target)?;
        }
    }
    Ok(())
}
