//! `cargo xtask serve`.

use anyhow::{Result, bail};
use clap::Args;

use crate::process::{self, cargo};
use crate::{page, project, setup};

/// How to serve the page.
#[derive(Args)]
pub struct Options {
    /// Port on 127.0.0.1; 0 takes any free one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Open the page in the browser.
    #[arg(long)]
    open: bool,
    /// Serve what was built before.
    #[arg(long)]
    no_build: bool,
}

/// Builds the page and serves it until interrupted.
pub fn run(options: &Options) -> Result<()> {
    let dist = project::dist()?;
    if !options.no_build {
        let tools = setup::for_page()?;
        page::build(&tools)?;
    } else if !dist.join("index.html").is_file() {
        bail!(
            "there is no page in {}: run without --no-build",
            dist.display()
        );
    }
    let mut server = cargo()?;
    server
        .args(["run", "--quiet", "--release", "--package", "squeeze-tests"])
        .args([
            "--no-default-features",
            "--features",
            "server",
            "--bin",
            "squeeze-serve",
            "--",
        ])
        .arg(&dist)
        .args(["--port", &options.port.to_string()]);
    if options.open {
        server.arg("--open");
    }
    process::become_it(&mut server)
}
