//! `squeeze sweep collect`: one table of what a sweep has measured.

use std::fs::{self, File};
use std::process::ExitCode;

use anyhow::{Context, Result};
use squeeze_engine::data::Dataset;

use super::args::CollectArgs;
use super::parquet;
use super::place::Place;
use super::status::{all, summary};
use super::tidy::Tidy;
use crate::data;
use crate::reproduce::table::{FILES, write};
use crate::say::say;

/// Writes the table, and names what is missing.
pub fn collect(args: &CollectArgs) -> Result<ExitCode> {
    let place = Place::open(&args.folder)?;
    let mut table = place.table();
    table.diverged = place.diverged()?;
    let mut wanted = place.plan.models[0].config.clone();
    // A table needs names and classes, and no image.
    let set = match Dataset::without_images(wanted.data.set) {
        Some(set) => set,
        None => {
            if let Some(path) = &args.data {
                wanted.data.path = Some(path.to_string_lossy().into_owned());
            }
            data::load(&wanted.data, wanted.seed)?
        }
    };
    let out = args.results.as_ref().unwrap_or(&place.folder);
    fs::create_dir_all(out).with_context(|| format!("{} cannot be made", out.display()))?;
    let results = table.results(&set)?;
    write(&results, out)?;
    let tidy = Tidy::of(&results)?;
    let csv = out.join("sweep.csv");
    fs::write(&csv, tidy.csv()).with_context(|| format!("{} cannot be written", csv.display()))?;
    let path = out.join("sweep.parquet");
    let written = File::create(&path)
        .map_err(anyhow::Error::from)
        .and_then(|file| parquet::write(&tidy, file));
    written.with_context(|| format!("{} cannot be written", path.display()))?;
    results.print();
    for name in ["sweep.csv", "sweep.parquet"].into_iter().chain(FILES) {
        say!("written to {}", out.join(name).display());
    }
    let found = all(&place)?;
    say!("{}", summary(&found));
    let left: Vec<&str> = found
        .iter()
        .filter(|found| !found.is_settled())
        .map(|found| found.name.as_str())
        .collect();
    if left.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    say!("not whole: {}", left.join(", "));
    Ok(ExitCode::FAILURE)
}
