//! `cargo xtask bench`.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use clap::Args;

use crate::process::{cargo, run};
use crate::{page, project, setup, test_needs};

/// What to measure.
#[derive(Args)]
pub struct Options {
    /// Leave the page out: native figures alone.
    #[arg(long, conflicts_with = "page")]
    native: bool,
    /// The page alone.
    #[arg(long)]
    page: bool,
}

/// Measures training steps and PGD iterations, natively and in Chromium, and the page's size.
pub fn run_chore(options: &Options) -> Result<()> {
    if !options.page {
        println!("natively, `squeeze bench`:");
        for device in ["cpu", "gpu"] {
            let mut bench = cargo()?;
            bench
                .args(["run", "--release", "--quiet", "--package", "squeeze-cli"])
                .args(["--", "bench", "--json", "--device", device])
                .envs(test_needs::vulkan_variables());
            run(&mut bench)?;
        }
    }
    if !options.native {
        let tools = setup::for_page()?;
        setup::for_tests()?;
        page::build(&tools)?;
        let dist = project::dist()?;
        println!("the page over the wire, gzip -9, in bytes:");
        sizes(&dist)?;
        println!("the page in Chromium (`webgpu` is SwiftShader):");
        let mut bench = cargo()?;
        bench
            .args(["run", "--release", "--quiet", "--package", "squeeze-tests"])
            .args(["--bin", "squeeze-bench-page", "--"])
            .arg(dist);
        run(&mut bench)?;
    }
    Ok(())
}

/// Prints the size of every file of the page, raw and gzipped; data files are gzipped already.
fn sizes(dist: &Path) -> Result<()> {
    let mut files: Vec<_> = fs::read_dir(dist)
        .with_context(|| format!("cannot read {}", dist.display()))?
        .collect::<io::Result<Vec<_>>>()?
        .into_iter()
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    for file in files {
        let bytes = fs::read(&file)?;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&bytes)?;
        let zipped = encoder.finish()?.len();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        println!("{zipped:>9} of {:>9}  {name}", bytes.len());
    }
    Ok(())
}
