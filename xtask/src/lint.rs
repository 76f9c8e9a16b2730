//! `cargo xtask lint`.

use anyhow::{Result, bail};

use crate::phases::Phases;
use crate::process::{cargo, on_path, run};
use crate::wasm_target;

/// All lints.
pub fn run_all(phases: &mut Phases) {
    phases.step(
        "rustfmt",
        || run(cargo()?.args(["fmt", "--all", "--check"])),
    );
    phases.step("clippy, engine and command line", || {
        clippy(&ENGINE_PACKAGES, &["--all-targets"])
    });
    phases.step("clippy, page and tools", || {
        clippy(&["squeeze-app"], &["--all-targets"])?;
        clippy(
            &["squeeze-tests", "xtask"],
            &["--all-targets", "--features", "squeeze-tests/page"],
        )
    });
    phases.step("clippy, wasm", || {
        let target = ["--target", wasm_target::TRIPLE];
        clippy(&["squeeze-app"], &target)?;
        // Without the page, so that build scripts and macros are those that the workers' build needs.
        let workers = [
            "--no-default-features",
            "--features",
            "worker-cpu,worker-gpu",
        ];
        clippy(&["squeeze-app"], &[&target[..], &workers[..]].concat())
    });
    phases.step("dependencies", dependencies);
}

/// Packages to choose together, always these: cargo unites the features of what it builds, so any other
/// choice builds the tensor library a second time.
pub const ENGINE_PACKAGES: [&str; 4] = [
    "squeeze-cli",
    "squeeze-engine",
    "squeeze-fuzz",
    "squeeze-shaders",
];

fn clippy(packages: &[&str], options: &[&str]) -> Result<()> {
    let mut command = cargo()?;
    command.args(["clippy", "--release"]);
    for package in packages {
        command.args(["--package", package]);
    }
    command.args(options).args(["--", "-D", "warnings"]);
    run(&mut command)
}

/// Licences, duplicates and origins of the dependencies; advisories where their list can be had.
fn dependencies() -> Result<()> {
    if on_path("cargo-deny").is_none() {
        println!(
            "NOT RUN: cargo-deny is not installed. Get it with `cargo install --locked cargo-deny`."
        );
        return Ok(());
    }
    let deny = |checks: &[&str]| -> Result<()> {
        let mut command = cargo()?;
        command
            .args(["deny", "--all-features", "check"])
            .args(checks);
        run(&mut command)
    };
    deny(&["licenses", "bans", "sources"])?;
    let fetched = run(cargo()?.args(["deny", "fetch", "db"]));
    if fetched.is_err() {
        println!("NOT RUN: advisories, because their list cannot be reached from here.");
        return Ok(());
    }
    deny(&["advisories"])
}

/// `cargo xtask lint`.
pub fn run_chore() -> Result<()> {
    wasm_target::bring()?;
    let mut phases = Phases::default();
    run_all(&mut phases);
    phases.report();
    if phases.failed() > 0 {
        bail!("{} of the lints failed", phases.failed());
    }
    Ok(())
}
