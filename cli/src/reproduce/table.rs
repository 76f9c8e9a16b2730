//! [`Table`]: where the models of a plan lie, what is measured of them, and the files that are made of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use squeeze_engine::data::Dataset;
use squeeze_engine::run::{Folder, read_report};
use squeeze_engine::verdict::html::standalone;

use super::cells::{Cell, Cells, settings};
use super::page;
use super::plan::{Column, Plan, PlannedModel};
use super::plots::plots;
use super::results::{Results, Row};
use crate::train;

/// The files that every table has.
pub const FILES: [&str; 3] = ["results.csv", "results.json", "index.html"];

/// The models of a plan, in their folders.
pub struct Table<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Folder of the runs.
    pub runs: PathBuf,
    /// Places of the models whose training diverged: they have no figures.
    pub diverged: BTreeSet<usize>,
}

impl Table<'_> {
    /// The run directory of a model.
    pub fn run(&self, planned: &PlannedModel) -> PathBuf {
        self.runs.join(&planned.name)
    }

    /// The cells of a model, one a column: those that are measured with the plan's settings.
    ///
    /// # Errors
    /// Names the file if it is wrong.
    pub fn cells(&self, planned: &PlannedModel) -> Result<Vec<Option<Cell>>> {
        let cells = Cells::read(&self.run(planned))?;
        let columns = self.plan.columns.iter();
        let found = columns.map(|column| {
            let settings = self.settings(planned, column)?;
            Ok(cells.get(&column.name, &settings).cloned())
        });
        found.collect()
    }

    /// Whether a column is measured with the plan's settings.
    ///
    /// # Errors
    /// Names the file if it is wrong.
    pub fn has(&self, planned: &PlannedModel, column: &Column) -> Result<bool> {
        let cells = Cells::read(&self.run(planned))?;
        let settings = self.settings(planned, column)?;
        Ok(cells.get(&column.name, &settings).is_some())
    }

    /// All that a column of a model depends on.
    fn settings(&self, planned: &PlannedModel, column: &Column) -> Result<String> {
        let source = self.plan.source(column);
        settings(&planned.config, column, source.map(|source| &source.config))
    }

    /// All that is measured so far.
    ///
    /// # Errors
    /// Names the file that is wrong.
    pub fn results<'a>(&'a self, data: &'a Dataset) -> Result<Results<'a>> {
        let rows = self.plan.models.iter().enumerate();
        let rows = rows.map(|(number, planned)| {
            let path = self.run(planned);
            let cells = self.cells(planned)?;
            let is_judged = |cell: &Cell| cell.verdict.is_some();
            let report = match cells.iter().flatten().any(is_judged) {
                true => pollster::block_on(read_report(&Folder::at(&path)?))?,
                false => None,
            };
            Ok(Row {
                planned,
                training: train::finished(&path)?,
                diverged: self.diverged.contains(&number),
                cells,
                report,
            })
        });
        Ok(Results {
            plan: self.plan,
            data,
            rows: rows.collect::<Result<_>>()?,
        })
    }
}

/// Writes [`FILES`] and the plots.
///
/// # Errors
/// Names the file that cannot be written.
pub fn write(results: &Results, out: &Path) -> Result<()> {
    let plots = plots(results);
    let plots = plots
        .iter()
        .map(|plot| (plot.file(), standalone(&plot.svg, page::STYLE)));
    let [csv, json, html] = FILES.map(str::to_owned);
    let files = [
        (csv, results.csv()),
        (json, results.json()?),
        (html, page::html(results)),
    ];
    for (name, text) in files.into_iter().chain(plots) {
        let path = out.join(name);
        fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}
