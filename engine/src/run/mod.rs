//! A stored run: a folder with `config.toml`, `metrics.jsonl`, `checkpoint.safetensors`,
//! `model.safetensors` and `summary.json`, and once it was judged `evaluation.json` and `report.html`
//! (`evaluation-NORM-RADIUS.json` and so on for budgets that it was judged for before),
//! on a disk or in a browser.

mod archive;
mod evaluation;
mod library;
mod metrics;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use crate::platform::Folder;
pub use archive::{ArchiveError, pack, unpack};
pub use evaluation::{can_write_report, read_report, write_report};
pub use library::Library;
pub use metrics::History;

use crate::checkpoint::{Checkpoint, CheckpointError, Progress};
use crate::config::{ConfigError, RunConfig};
use crate::event::{DeviceReport, Evaluation, Event};
use crate::network::weights::{self, Parameter, WeightsError};

const CONFIG: &str = "config.toml";
const METRICS: &str = "metrics.jsonl";
const CHECKPOINT: &str = "checkpoint.safetensors";
const MODEL: &str = "model.safetensors";
const SUMMARY: &str = "summary.json";

/// A run that cannot be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or folder refused.
    #[error("{name} cannot be {what} ({reason})")]
    Failed {
        /// What was tried, as a participle.
        what: &'static str,
        /// The file or folder.
        name: String,
        /// What the system said.
        reason: String,
    },
    /// A file of the run is missing.
    #[error("{folder} has no {file}: {hint}")]
    Missing {
        /// The run.
        folder: String,
        /// The file.
        file: &'static str,
        /// What to do.
        hint: &'static str,
    },
    /// The folder is taken.
    #[error("{0} is not empty, and a run overwrites nothing; name another folder")]
    Taken(String),
    /// Another program writes into the folder.
    #[error(
        "{0} is in use by another program or window; end the run there first, or work with a copy"
    )]
    Held(String),
    /// `config.toml` is wrong.
    #[error("{folder}/{CONFIG}: {error}")]
    Config {
        /// The run.
        folder: String,
        /// What is wrong.
        error: ConfigError,
    },
    /// `model.safetensors` is wrong.
    #[error("{folder}/{MODEL} {error}")]
    Model {
        /// The run.
        folder: String,
        /// What is wrong.
        error: WeightsError,
    },
    /// `checkpoint.safetensors` is wrong.
    #[error("{folder}/{CHECKPOINT} {error}")]
    Checkpoint {
        /// The run.
        folder: String,
        /// What is wrong.
        error: CheckpointError,
    },
    /// A JSON file is wrong.
    #[error("{folder}/{file}{line}: {error}")]
    Json {
        /// The run.
        folder: String,
        /// The file.
        file: &'static str,
        /// `:` and the line, where there are several.
        line: String,
        /// What is wrong.
        error: String,
    },
}

/// What a run has come to: `summary.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Every step was done, or patience ended the run.
    pub finished: bool,
    /// Steps of the stored state.
    pub steps: usize,
    /// The last evaluation: of the whole test set if the run finished.
    pub evaluation: Option<Evaluation>,
    /// Seconds of training so far.
    pub seconds: f64,
    /// The device of the last session.
    pub device: DeviceReport,
    /// Version of the program.
    pub version: String,
}

/// A run's folder, and the metrics that are not yet in it.
pub struct Run {
    folder: Folder,
    pending: String,
    last_evaluation: Option<Evaluation>,
    device: DeviceReport,
}

impl Run {
    /// Begins a run in an empty folder, and holds it.
    ///
    /// # Errors
    /// [`StoreError`] if the folder is not empty, is held already or cannot be written.
    pub async fn create(
        folder: Folder,
        config: &RunConfig,
        device: &DeviceReport,
    ) -> Result<Self, StoreError> {
        // What a killed program was about to write is nothing yet.
        let names = folder.names().await?;
        if names.iter().any(|name| !name.ends_with(".part")) {
            return Err(StoreError::Taken(folder.name()));
        }
        let folder = folder.hold().await?;
        let text = config.to_toml().map_err(|error| StoreError::Config {
            folder: folder.name(),
            error,
        })?;
        folder.write(CONFIG, text.as_bytes()).await?;
        Ok(Self::new(folder, device))
    }

    /// Goes on with a run from its checkpoint, or, if it ended before there was one, from its
    /// beginning. Metrics after that are dropped: the steps will be done again, with the same
    /// numbers. The folder is held.
    ///
    /// # Errors
    /// [`StoreError`] if something in the folder is wrong, or it is held already.
    pub async fn resume(
        folder: Folder,
        device: &DeviceReport,
    ) -> Result<(Self, Option<Checkpoint>), StoreError> {
        let folder = folder.hold().await?;
        let mut checkpoint = read_checkpoint(&folder).await?;
        let summary = read_summary(&folder).await?;
        if checkpoint.is_none() && summary.is_some() {
            let hint = "it was saved once; put that file back, or train anew with this config";
            return Err(missing(&folder, CHECKPOINT, hint));
        }
        let whole = summary.is_some_and(|summary| summary.finished);
        if let Some(checkpoint) = &mut checkpoint
            && !whole
        {
            // A program that was killed in its last save: its end is made once more.
            checkpoint.progress.finished = false;
        }
        let mut run = Self::new(folder, device);
        let progress = checkpoint.as_ref().map(|checkpoint| &checkpoint.progress);
        // A finished run has nothing after its state.
        if progress.is_none_or(|progress| !progress.finished) {
            let (step, looked_at) = progress.map_or((0, 0), |p| (p.step, p.looked_at));
            run.rewind(step, looked_at).await?;
        }
        Ok((run, checkpoint))
    }

    fn new(folder: Folder, device: &DeviceReport) -> Self {
        Self {
            folder,
            pending: String::new(),
            last_evaluation: None,
            device: device.clone(),
        }
    }

    /// Its folder.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Takes note of an event's numbers.
    pub fn record(&mut self, event: &Event) {
        if let Event::Evaluation(evaluation) = event {
            self.last_evaluation = Some(*evaluation);
        }
        metrics::write(&mut self.pending, event);
    }

    /// Writes down the metrics noted so far.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be written.
    pub async fn flush(&mut self) -> Result<(), StoreError> {
        if !self.pending.is_empty() {
            self.folder.append(METRICS, self.pending.as_bytes()).await?;
            self.pending.clear();
        }
        Ok(())
    }

    /// Writes down the state: first its metrics, then the checkpoint, then what is made of it. Each
    /// file is replaced whole; [`Self::resume`] mends what is missing of the last ones.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written; the state before it is kept where the checkpoint could
    /// not be.
    pub async fn save(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        self.flush().await?;
        let failed = |error| StoreError::Checkpoint {
            folder: self.folder.name(),
            error,
        };
        let bytes = checkpoint.to_bytes().map_err(failed)?;
        self.folder.write(CHECKPOINT, &bytes).await?;
        self.write_model(checkpoint.model()).await?;
        let Progress {
            step,
            seconds,
            finished,
            ..
        } = checkpoint.progress;
        let summary = Summary {
            finished,
            steps: step,
            evaluation: self.last_evaluation,
            seconds,
            device: self.device.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        // A summary is plain data: it always has a JSON form.
        let mut text = serde_json::to_string_pretty(&summary).unwrap_or_default();
        text.push('\n');
        self.folder.write(SUMMARY, text.as_bytes()).await
    }

    async fn write_model(&self, parameters: &[Parameter]) -> Result<(), StoreError> {
        let bytes =
            weights::to_safetensors(parameters, None).map_err(|error| StoreError::Model {
                folder: self.folder.name(),
                error,
            })?;
        self.folder.write(MODEL, &bytes).await
    }

    /// Cuts the metrics back to a state that has had `to` steps, the last evaluation at `looked_at`.
    async fn rewind(&mut self, to: usize, looked_at: usize) -> Result<(), StoreError> {
        let bytes = self.folder.read(METRICS).await?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let wrong = |error| wrong_metrics(&self.folder, error);
        let kept = metrics::cut(&text, to, looked_at).map_err(wrong)?;
        let history = metrics::read(&kept).map_err(wrong)?;
        self.last_evaluation = history.evaluations.last().copied();
        self.folder.write(METRICS, kept.as_bytes()).await
    }
}

/// Reads a run's config.
///
/// # Errors
/// [`StoreError`] if it is missing or wrong.
pub async fn read_config(folder: &Folder) -> Result<RunConfig, StoreError> {
    let bytes = folder.read(CONFIG).await?;
    let bytes = bytes.ok_or_else(|| missing(folder, CONFIG, "it is no run directory"))?;
    let text = String::from_utf8_lossy(&bytes);
    RunConfig::from_toml(&text).map_err(|error| StoreError::Config {
        folder: folder.name(),
        error,
    })
}

/// Reads a run's model.
///
/// # Errors
/// [`StoreError`] if it is missing or wrong.
pub async fn read_model(folder: &Folder) -> Result<Vec<Parameter>, StoreError> {
    let hint = "the run has not been saved yet; go on with it first";
    let bytes = folder.read(MODEL).await?;
    let bytes = bytes.ok_or_else(|| missing(folder, MODEL, hint))?;
    weights::from_safetensors(&bytes).map_err(|error| StoreError::Model {
        folder: folder.name(),
        error,
    })
}

/// Reads a run's state; `None` if it was never saved.
///
/// # Errors
/// [`StoreError`] if it is wrong.
pub async fn read_checkpoint(folder: &Folder) -> Result<Option<Checkpoint>, StoreError> {
    let Some(bytes) = folder.read(CHECKPOINT).await? else {
        return Ok(None);
    };
    let checkpoint = Checkpoint::from_bytes(&bytes).map_err(|error| StoreError::Checkpoint {
        folder: folder.name(),
        error,
    })?;
    Ok(Some(checkpoint))
}

/// Reads what a run has come to; `None` if it was never saved.
///
/// # Errors
/// [`StoreError`] if it is wrong.
pub async fn read_summary(folder: &Folder) -> Result<Option<Summary>, StoreError> {
    read_json(folder, SUMMARY).await
}

/// Reads a file of a run; none if it is not there.
async fn read_json<T: DeserializeOwned>(
    folder: &Folder,
    file: &'static str,
) -> Result<Option<T>, StoreError> {
    let Some(bytes) = folder.read(file).await? else {
        return Ok(None);
    };
    let read = serde_json::from_slice(&bytes).map_err(|error| StoreError::Json {
        folder: folder.name(),
        file,
        line: String::new(),
        error: error.to_string(),
    })?;
    Ok(Some(read))
}

/// Reads a run's metrics; none if there are none yet.
///
/// # Errors
/// [`StoreError`] if a line is wrong. A last line that was cut off half-way is left out.
pub async fn read_history(folder: &Folder) -> Result<History, StoreError> {
    let bytes = folder.read(METRICS).await?.unwrap_or_default();
    metrics::read(&String::from_utf8_lossy(&bytes)).map_err(|error| wrong_metrics(folder, error))
}

fn wrong_metrics(folder: &Folder, (line, error): (usize, String)) -> StoreError {
    StoreError::Json {
        folder: folder.name(),
        file: METRICS,
        line: format!(":{line}"),
        error,
    }
}

fn missing(folder: &Folder, file: &'static str, hint: &'static str) -> StoreError {
    StoreError::Missing {
        folder: folder.name(),
        file,
        hint,
    }
}
