//! `cargo xtask dist`.

use std::fs;
use std::path::{Path, PathBuf, absolute};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::bench::sizes;
use crate::{dist_cli, offline, page, project, setup};

/// Where to put the page.
#[derive(Args)]
pub struct Options {
    /// Folder to write, new or empty [default: dist, where the page is built].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Take the page that was built before.
    #[arg(long)]
    no_build: bool,
    /// Instead of the page: the command line as one file that needs nothing of the machine, for the CPU
    /// alone.
    #[arg(long, conflicts_with = "no_build")]
    cli: bool,
}

/// Builds the page and writes the folder that any static host can serve under any path: what the page
/// needs, and beside it a .br and a .gz of what gets smaller by that, for hosts that send such copies.
pub fn run(options: &Options) -> Result<()> {
    if options.cli {
        return dist_cli::run(options.out.as_deref());
    }
    let built = project::dist()?;
    // Before the minutes that a build takes.
    let out = match &options.out {
        Some(folder) => {
            let out = absolute(folder).context("--out names no folder")?;
            check_free(&out, &built)?;
            out
        }
        None => built.clone(),
    };
    if options.no_build {
        if !built.join("index.html").is_file() {
            bail!(
                "there is no page in {}: run without --no-build",
                built.display()
            );
        }
        page::finish(&built)?;
    } else {
        page::build(&setup::for_page()?)?;
    }
    if out != built {
        copy(&built, &out)?;
    }
    println!("{}", sizes::compress(&out)?);
    println!(
        "The page is in {}. Copy the folder to any static host, under any path; over https it can be \
         installed, and opens without a connection from the second visit on.",
        out.display()
    );
    Ok(())
}

/// Nothing is overwritten, and what is built is not put into itself.
fn check_free(out: &Path, built: &Path) -> Result<()> {
    if out.starts_with(built) {
        bail!(
            "--out {}: the page is built in {}, so name another folder (without --out it is left there)",
            out.display(),
            built.display()
        );
    }
    if out.is_file() {
        bail!("--out {} is a file: name a folder", out.display());
    }
    if !out.exists() {
        return Ok(());
    }
    let mut entries =
        fs::read_dir(out).with_context(|| format!("--out {} cannot be read", out.display()))?;
    if entries.next().is_some() {
        bail!(
            "--out {} is not empty: empty it, or name another folder",
            out.display()
        );
    }
    Ok(())
}

/// Copies the page, but no copies that were compressed before.
fn copy(built: &Path, out: &Path) -> Result<()> {
    let worker = offline::WORKER.to_owned();
    for name in offline::names(built)?.into_iter().chain([worker]) {
        let (from, to) = (built.join(&name), out.join(&name));
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot make {}", folder.display()))?;
        }
        fs::copy(&from, &to)
            .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_something_in_it_is_refused() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let built = folder.path().join("dist");
        fs::create_dir_all(built.join("models"))?;
        fs::write(built.join("index.html"), "page")?;
        fs::write(built.join("index.html.br"), "old")?;
        fs::write(built.join("models/index.json"), "[]")?;
        fs::write(built.join(offline::WORKER), "worker")?;
        let refused = |out: &Path| {
            check_free(out, &built)
                .err()
                .map(|error| error.to_string())
                .unwrap_or_default()
        };
        let out = folder.path().join("out");
        assert_eq!(refused(&out), "");
        copy(&built, &out)?;
        assert_eq!(offline::names(&out)?, ["index.html", "models/index.json"]);
        assert!(out.join(offline::WORKER).is_file());
        assert!(refused(&out).contains("not empty"));
        assert!(refused(&out.join("index.html")).contains("is a file"));
        assert!(refused(&built.join("deeper")).contains("name another folder"));
        Ok(())
    }
}
