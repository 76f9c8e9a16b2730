//! [`Cell`]: a measurement of one model, kept beside it, so that it is made once.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use squeeze_engine::attack::choice::choose_unseen;
use squeeze_engine::attack::run::{self as attack, Target, clean};
use squeeze_engine::attack::suite;
use squeeze_engine::attack::transfer::{make, try_on};
use squeeze_engine::config::{AttackConfig, Choice, RunConfig};
use squeeze_engine::control::Control;
use squeeze_engine::evaluate::evaluate;
use squeeze_engine::event::{DeviceReport, Part};
use squeeze_engine::run::{Folder, write_report};
use squeeze_engine::verdict::LADDER;
use squeeze_engine::verdict::profile::{Profile, profile as look};
use squeeze_engine::verdict::report::Verdict;
use squeeze_engine::verdict::run::evaluate as judge;

use super::plan::{Column, Quantity, What};
use crate::model::{Stage, Trained};
use crate::show::Show;

/// File of the cells in a run directory.
const FILE: &str = "cells.json";

/// What a column came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Share of the images that are right, in [0, 1].
    pub accuracy: f64,
    /// Images.
    pub images: usize,
    /// The verdict, where there is one.
    pub verdict: Option<Verdict>,
    /// Logits, margins and gradients, where they are looked at.
    #[serde(default)]
    pub profile: Option<Profile>,
    /// Seconds that it took.
    pub seconds: f64,
    /// The program and the device that measured it.
    pub made_by: String,
    /// All that it depends on beside the model; a column with other settings is measured anew.
    settings: String,
}

impl Cell {
    /// A number of it; none if it has none.
    pub fn number(&self, of: Quantity) -> Option<f64> {
        let profile = self.profile.as_ref();
        match of {
            Quantity::Accuracy => Some(self.accuracy),
            Quantity::LogitNorm => profile.map(|profile| profile.logit_norm),
            Quantity::LogitMean => profile.map(|profile| profile.logit_mean),
            Quantity::GradientL1 => profile.map(|profile| profile.gradient_l1),
            Quantity::GradientL2 => profile.map(|profile| profile.gradient_l2),
            Quantity::Distance => profile.and_then(|profile| profile.distance),
        }
    }
}

/// The program and the device of a training or a measurement, in words.
pub fn made_by(version: &str, device: &DeviceReport) -> String {
    format!(
        "Squeeze {version} on {} through {}",
        device.name, device.api
    )
}

/// The cells of a model.
pub struct Cells {
    run: PathBuf,
    cells: BTreeMap<String, Cell>,
}

impl Cells {
    /// Those in a run directory.
    ///
    /// # Errors
    /// Names the file if it is wrong.
    pub fn read(run: &Path) -> Result<Self> {
        let path = run.join(FILE);
        let cells = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| {
                format!(
                    "{} is damaged: delete it, and its figures are measured again",
                    path.display()
                )
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("{} cannot be read", path.display()));
            }
        };
        Ok(Self {
            run: run.to_owned(),
            cells,
        })
    }

    /// The cell of a column, if it was measured with these settings.
    pub fn get(&self, column: &str, settings: &str) -> Option<&Cell> {
        self.cells
            .get(column)
            .filter(|cell| cell.settings == settings)
    }

    /// Keeps a cell; the file is replaced whole.
    ///
    /// # Errors
    /// Names the file if it cannot be written.
    pub fn put(&mut self, column: &str, cell: Cell) -> Result<()> {
        self.cells.insert(column.to_owned(), cell);
        let text = serde_json::to_string_pretty(&self.cells)? + "\n";
        let folder = Folder::at(&self.run)?;
        Ok(pollster::block_on(folder.write(FILE, text.as_bytes()))?)
    }
}

/// What is measured, and on what.
pub struct Measuring<'a> {
    /// The model.
    pub trained: &'a Trained,
    /// Its device and data.
    pub stage: &'a Stage,
    /// The model that images are made on, where they are moved from another.
    pub source: Option<&'a Trained>,
}

impl Measuring<'_> {
    /// Measures a column; nothing if the user stopped it.
    ///
    /// # Errors
    /// If the device fails or a file cannot be written.
    pub fn measure(
        &self,
        column: &Column,
        control: &Control,
        show: &mut Show,
    ) -> Result<Option<Cell>> {
        let began = Instant::now();
        let config = &self.trained.config;
        let target = Target {
            model: &self.trained.model,
            data: &self.stage.data,
            seed: config.seed,
        };
        let wanted = column.attack(config)?;
        let mut verdict = None;
        let mut profile = None;
        let (accuracy, images) = match &column.what {
            What::Clean => {
                let all: Vec<u32> = (0..self.stage.data.data().test.len() as u32).collect();
                let (model, data) = (&self.trained.model, &self.stage.data);
                let step = self.trained.about.step.unwrap_or_default();
                let seen = evaluate(model, data, Part::Test, &all, step, control);
                match pollster::block_on(seen)? {
                    Some(seen) => (seen.evaluation.accuracy, all.len()),
                    None => return Ok(None),
                }
            }
            What::Attack(_) => {
                let summary = show.follow(|emit| {
                    pollster::block_on(attack::run(&target, &wanted, 0, control, emit))
                })?;
                if summary.stopped {
                    return Ok(None);
                }
                (summary.robust_accuracy, summary.images)
            }
            What::Suite(version, _) => {
                let wanted = AttackConfig {
                    choose: Choice::First,
                    ..wanted
                };
                let summary = show.follow(|emit| {
                    pollster::block_on(suite::run(&target, *version, &wanted, control, emit))
                })?;
                if summary.stopped {
                    return Ok(None);
                }
                (summary.robust_accuracy, summary.images)
            }
            What::Verdict(effort, _) => {
                let mut config = config.clone();
                config.attack = wanted;
                config.evaluation = column.evaluation(&config, *effort);
                let about = &self.trained.about;
                let report = show.follow(|emit| {
                    pollster::block_on(judge(&target, &config, about, control, emit))
                })?;
                if !report.is_whole() {
                    return Ok(None);
                }
                pollster::block_on(write_report(&self.trained.folder, &report))?;
                verdict = Some(report.verdict);
                (report.robust_accuracy, report.subject.images)
            }
            What::Profile => {
                let seen = pollster::block_on(look(&target, &wanted, control))?;
                let Some(seen) = seen else {
                    return Ok(None);
                };
                let (accuracy, images) = (seen.accuracy, seen.images);
                profile = Some(seen);
                (accuracy, images)
            }
            What::Transfer(name, _) => {
                let source = self
                    .source
                    .with_context(|| format!("the model `{name}` is not there yet"))?;
                let (data, seed) = (&self.stage.data, config.seed);
                let places = show.follow(|emit| choose_unseen(data, seed, &wanted, emit))?;
                let made_on = Target {
                    model: &source.model,
                    seed: source.config.seed,
                    ..target
                };
                let made = show.follow(|emit| {
                    pollster::block_on(make(&made_on, &wanted, &places, control, emit))
                })?;
                let Some(pixels) = made else {
                    return Ok(None);
                };
                let batch = wanted.batch_size;
                let untouched = pollster::block_on(clean(&target, &places, batch))?;
                let moved = pollster::block_on(try_on(&target, &places, pixels, batch))?;
                let right = untouched.was_right.iter().zip(&moved.was_right);
                let right = right.filter(|(clean, moved)| **clean && **moved).count();
                (right as f64 / places.len().max(1) as f64, places.len())
            }
        };
        Ok(Some(Cell {
            profile,
            accuracy,
            images,
            verdict,
            seconds: began.elapsed().as_secs_f64(),
            made_by: made_by(env!("CARGO_PKG_VERSION"), &self.stage.opened.report),
            settings: settings(config, column, self.source.map(|source| &source.config))?,
        }))
    }
}

/// All that a column depends on beside the model; images that are moved depend on the run of their `source`.
///
/// # Errors
/// If the column's attack is none for this model.
pub fn settings(config: &RunConfig, column: &Column, source: Option<&RunConfig>) -> Result<String> {
    let attack = serde_json::to_string(&column.attack(config)?)?;
    Ok(match &column.what {
        What::Clean => "test set".to_owned(),
        What::Attack(_) => attack,
        What::Profile => format!("profile {attack}"),
        What::Suite(suite, _) => format!("{} {attack}", suite.name()),
        What::Verdict(effort, _) => {
            let evaluation = serde_json::to_string(&column.evaluation(config, *effort))?;
            format!("ladder {LADDER} {evaluation} {attack}")
        }
        What::Transfer(..) => {
            let mut source = source.cloned();
            if let Some(source) = &mut source {
                // Where the images lie on this machine changes nothing.
                source.data.path = None;
            }
            format!("from {} {attack}", serde_json::to_string(&source)?)
        }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_kept_for_its_settings_alone() {
        let folder = tempfile::tempdir().unwrap();
        let cell = Cell {
            accuracy: 0.5,
            images: 8,
            verdict: Some(Verdict::Undecided),
            profile: None,
            seconds: 1.0,
            made_by: "Squeeze".to_owned(),
            settings: "so".to_owned(),
        };
        let mut cells = Cells::read(folder.path()).unwrap();
        cells.put("test", cell.clone()).unwrap();
        let cells = Cells::read(folder.path()).unwrap();
        assert_eq!(cells.get("test", "so"), Some(&cell));
        assert_eq!(cells.get("test", "otherwise"), None);
        assert_eq!(cells.get("other", "so"), None);

        fs::write(folder.path().join(FILE), "{").unwrap();
        let error = format!("{:#}", Cells::read(folder.path()).err().unwrap());
        assert!(
            error.contains("cells.json is damaged: delete it"),
            "{error}"
        );
    }
}
