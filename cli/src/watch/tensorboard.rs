//! `--tensorboard`: a file of events in the run directory, for `tensorboard --logdir runs`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use squeeze_engine::event::{Event, Part, Spread, StepMetrics};

use super::record::{Histogram, Session, Summary, TensorBoardEvent, Value, What, record};

/// A file of events.
pub struct EventFile {
    path: PathBuf,
    file: BufWriter<File>,
}

impl EventFile {
    /// A new file in a folder. Each time that a run goes on has one of its own.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn create(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let path = folder.join(format!(
            "events.out.tfevents.{:.0}.{}.squeeze",
            now(),
            std::process::id()
        ));
        let file = OpenOptions::new().create_new(true).write(true).open(&path);
        let file = file.with_context(|| format!("{} cannot be made", path.display()))?;
        let mut events = Self {
            path,
            file: BufWriter::new(file),
        };
        let version = What::FileVersion("brain.Event:2".to_owned());
        let written = events.write(0, version);
        written.with_context(|| events.name())?;
        Ok(events)
    }

    /// Its name, for people.
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Takes note of an event.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::TrainingStarted(started) => {
                // Steps from here on are done again: readers forget what another file has of them.
                let next = started.step + 1;
                self.write(next, What::Session(Session { status: 1 }))?;
            }
            Event::Steps(steps) => {
                for step in &steps.steps {
                    self.step(step)?;
                }
                if let Some(last) = steps.steps.last() {
                    self.numbers(
                        last.step,
                        [("train/steps_per_second", steps.steps_per_sec as f32)],
                    )?;
                    if let Some(seen) = steps.loss_scale {
                        self.numbers(last.step, [("train/loss_scale", seen.scale)])?;
                    }
                }
            }
            Event::Evaluation(evaluation) => {
                let part = match evaluation.part {
                    Part::HeldOut => "held_out",
                    Part::Test => "test",
                };
                self.numbers(
                    evaluation.step,
                    [
                        (format!("{part}/accuracy"), evaluation.accuracy as f32),
                        (
                            format!("{part}/cross_entropy"),
                            evaluation.cross_entropy as f32,
                        ),
                    ],
                )?;
            }
            Event::Look(look) => {
                if let Some(attack) = look.attack {
                    self.numbers(
                        look.step,
                        [("held_out/robust_accuracy", attack.accuracy as f32)],
                    )?;
                }
                let values = [
                    ("held_out/logits", &look.logits),
                    ("held_out/margins", &look.margins),
                ];
                let values = values.map(|(tag, spread)| Value {
                    tag: tag.to_owned(),
                    number: None,
                    histogram: Some(histogram(spread)),
                });
                self.write(
                    look.step,
                    What::Summary(Summary {
                        values: values.into(),
                    }),
                )?;
            }
            _ => return Ok(()),
        }
        self.file.flush()
    }

    fn step(&mut self, step: &StepMetrics) -> io::Result<()> {
        self.numbers(
            step.step,
            [
                ("train/loss", step.loss),
                ("train/cross_entropy", step.cross_entropy),
                ("train/penalty", step.penalty),
                ("train/accuracy", step.accuracy),
                ("train/logit_norm", step.logit_norm),
                ("train/learning_rate", step.learning_rate),
            ],
        )
    }

    fn numbers<T: Into<String>, const N: usize>(
        &mut self,
        step: usize,
        numbers: [(T, f32); N],
    ) -> io::Result<()> {
        let values = numbers.map(|(tag, number)| Value {
            tag: tag.into(),
            number: Some(number),
            histogram: None,
        });
        self.write(
            step,
            What::Summary(Summary {
                values: values.into(),
            }),
        )
    }

    fn write(&mut self, step: usize, what: What) -> io::Result<()> {
        self.file.write_all(&record(&TensorBoardEvent {
            wall_time: now(),
            step: step as i64,
            what: Some(what),
        }))
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0.0, |now| now.as_secs_f64())
}

/// The parts of a spread; sums are those of the parts' middles, which is all that is kept.
fn histogram(spread: &Spread) -> Histogram {
    let (low, high) = (f64::from(spread.low), f64::from(spread.high));
    let width = (high - low) / spread.counts.len().max(1) as f64;
    let counts: Vec<f64> = spread
        .counts
        .iter()
        .map(|count| f64::from(*count))
        .collect();
    let middles = (0..counts.len()).map(|part| low + (part as f64 + 0.5) * width);
    let pairs: Vec<(f64, f64)> = middles.zip(counts.iter().copied()).collect();
    Histogram {
        low,
        high,
        count: counts.iter().sum(),
        sum: pairs.iter().map(|(middle, count)| middle * count).sum(),
        sum_of_squares: pairs
            .iter()
            .map(|(middle, count)| middle * middle * count)
            .sum(),
        ends: (1..=counts.len())
            .map(|part| low + part as f64 * width)
            .collect(),
        counts,
    }
}
