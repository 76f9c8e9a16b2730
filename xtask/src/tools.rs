//! trunk and wasm-bindgen, in the versions that the page needs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{capture, cargo, on_path, run};
use crate::project;

/// trunk 0.22 needs a newer compiler than the project's.
const TRUNK_VERSION: &str = "0.21.14";

/// The page's build tools.
pub struct Tools {
    /// The program trunk.
    pub trunk: PathBuf,
    /// The program wasm-bindgen.
    pub wasm_bindgen: PathBuf,
}

/// Finds the tools on PATH or in the tools' folder, and installs what is missing into the latter.
pub fn bring() -> Result<Tools> {
    let trunk = Tool {
        program: "trunk",
        package: "trunk",
        version: TRUNK_VERSION.to_owned(),
        features: &["--no-default-features", "--features", "rustls"],
    };
    let wasm_bindgen = Tool {
        program: "wasm-bindgen",
        package: "wasm-bindgen-cli",
        // Its files are only read by the very same version.
        version: project::locked_version("wasm-bindgen")?,
        features: &["--no-default-features"],
    };
    Ok(Tools {
        trunk: trunk.bring()?,
        wasm_bindgen: wasm_bindgen.bring()?,
    })
}

struct Tool {
    program: &'static str,
    package: &'static str,
    version: String,
    features: &'static [&'static str],
}

impl Tool {
    fn bring(&self) -> Result<PathBuf> {
        let (program, version) = (self.program, &self.version);
        let root = project::tools()?;
        let cached = root
            .join("bin")
            .join(format!("{program}{}", std::env::consts::EXE_SUFFIX));
        for path in on_path(program).into_iter().chain([cached.clone()]) {
            if self.is_right(&path) {
                println!("{program} {version}: ready");
                return Ok(path);
            }
        }
        println!("{program} {version}: installing into {}", root.display());
        fs::create_dir_all(&root).with_context(|| {
            format!(
                "cannot make {}: set SQUEEZE_TOOLS to another folder",
                root.display()
            )
        })?;
        self.install(&root)?;
        if !self.is_right(&cached) {
            bail!(
                "{} was installed but is not {program} {version}",
                cached.display()
            );
        }
        Ok(cached)
    }

    fn is_right(&self, path: &Path) -> bool {
        // trunk 0.21 stops at NO_COLOR=1: it wants `true`.
        path.is_file()
            && capture(Command::new(path).arg("--version").env_remove("NO_COLOR"))
                .is_ok_and(|text| text.split_whitespace().any(|word| word == self.version))
    }

    fn install(&self, root: &Path) -> Result<()> {
        if on_path("cargo-binstall").is_some() && self.install_built(root).is_ok() {
            return Ok(());
        }
        if self.install_from_source(root, true).is_ok() {
            return Ok(());
        }
        println!(
            "{}: its own lock file cannot be used here; trying the newest compatible dependencies",
            self.program
        );
        self.install_from_source(root, false).with_context(|| {
            format!(
                "cannot install {} {}. Put that version on PATH (`cargo install {} --version {}`, or a \
                 build from its releases) and run this again",
                self.program, self.version, self.package, self.version
            )
        })
    }

    fn install_built(&self, root: &Path) -> Result<()> {
        let mut command = cargo()?;
        command
            .args([
                "binstall",
                "--no-confirm",
                "--force",
                "--disable-strategies",
                "compile",
            ])
            .arg("--root")
            .arg(root)
            .arg(format!("{}@{}", self.package, self.version));
        run(&mut command)
    }

    fn install_from_source(&self, root: &Path, locked: bool) -> Result<()> {
        let build = root.join("build");
        let mut command = cargo()?;
        command
            .args([
                "install",
                self.package,
                "--version",
                &self.version,
                "--force",
            ])
            .args(self.features)
            .arg("--root")
            .arg(root)
            // A folder of its own: a second try goes on where an interrupted one ended.
            .env("CARGO_TARGET_DIR", &build)
            // These run for seconds: compile quickly rather than for speed.
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
            .current_dir(root);
        if locked {
            command.arg("--locked");
        }
        run(&mut command)?;
        // Hundreds of MB, of no more use.
        fs::remove_dir_all(&build).ok();
        Ok(())
    }
}
