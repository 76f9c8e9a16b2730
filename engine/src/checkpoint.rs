//! [`Checkpoint`]: all that a run needs to go on, in one safetensors file.
//!
//! Tensors are named by what they belong to: `network.conv1.weight` (PyTorch's layout),
//! `optimizer.0.conv1.weight` (flat), `average...`, `best...`, `perturbation`. Everything else is JSON in
//! the file's metadata. Random numbers have no state: they derive from seed and step.

use std::collections::BTreeMap;

use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

use crate::config::RunConfig;
use crate::network::weights::{self, Parameter, WeightsError};
use crate::optimizer::OptimizerState;

/// The metadata's key.
const KEY: &str = "squeeze";
/// The format that this program writes and reads.
const FORMAT: u32 = 1;

/// The state of a run between two steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// All but tensors.
    pub progress: Progress,
    /// The network's weights and running statistics.
    pub network: Vec<Parameter>,
    /// What the optimiser remembers.
    pub optimizer: OptimizerState,
    /// The moving average of the weights, if the run has one.
    pub average: Option<Vec<Parameter>>,
    /// The best model so far, if the run keeps it.
    pub best: Option<Vec<Parameter>>,
    /// The perturbation that free adversarial training keeps.
    pub perturbation: Option<Parameter>,
}

/// The numbers of a run's state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The run.
    pub config: RunConfig,
    /// Steps done.
    pub step: usize,
    /// Seconds of training so far.
    pub seconds: f64,
    /// Step and held-out accuracy of the best evaluation so far.
    pub best: Option<(usize, f64)>,
    /// Evaluations since then.
    pub worse: usize,
    /// The step of the last evaluation.
    pub looked_at: usize,
    /// Loss of the first step, by which an explosion is told.
    pub first_loss: Option<f32>,
    /// Nothing is left to train.
    pub finished: bool,
}

/// A file that is no checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The bytes or a tensor in them.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The metadata.
    #[error("is not a checkpoint of Squeeze ({0})")]
    Metadata(String),
    /// Another format.
    #[error(
        "has checkpoint format {0}, this program reads {FORMAT}: use the version of Squeeze that wrote it"
    )]
    Format(u32),
}

#[derive(Serialize, Deserialize)]
struct Head {
    format: u32,
    updates: usize,
    #[serde(flatten)]
    progress: Progress,
}

impl Checkpoint {
    /// The bytes of a safetensors file.
    ///
    /// # Errors
    /// [`CheckpointError`] if a tensor's shape and values do not fit.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CheckpointError> {
        let head = Head {
            format: FORMAT,
            updates: self.optimizer.updates,
            progress: self.progress.clone(),
        };
        let head = serde_json::to_string(&head)
            .map_err(|error| CheckpointError::Metadata(error.to_string()))?;
        let mut tensors = Vec::new();
        let mut add = |prefix: &str, parameters: &[Parameter]| {
            tensors.extend(parameters.iter().map(|parameter| Parameter {
                name: format!("{prefix}.{}", parameter.name),
                ..parameter.clone()
            }));
        };
        add("network", &self.network);
        for (prefix, network) in [("average", &self.average), ("best", &self.best)] {
            if let Some(network) = network {
                add(prefix, network);
            }
        }
        for (name, moments) in &self.optimizer.moments {
            tensors.extend(moments.iter().enumerate().map(|(place, values)| Parameter {
                name: format!("optimizer.{place}.{name}"),
                shape: vec![values.len()],
                values: values.clone(),
            }));
        }
        tensors.extend(self.perturbation.clone());
        Ok(weights::to_safetensors(&tensors, Some((KEY, &head)))?)
    }

    /// Reads the bytes of a safetensors file.
    ///
    /// # Errors
    /// [`CheckpointError`] if they are no checkpoint.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let head = Self::head(bytes)?;
        let mut networks: BTreeMap<String, Vec<Parameter>> = BTreeMap::new();
        let mut optimizer = OptimizerState {
            updates: head.updates,
            moments: BTreeMap::new(),
        };
        let mut perturbation = None;
        // Sorted by name, so that an optimiser's first moment comes before its second.
        let mut tensors = weights::from_safetensors(bytes)?;
        tensors.sort_by(|a, b| a.name.cmp(&b.name));
        for mut tensor in tensors {
            if tensor.name == "perturbation" {
                perturbation = Some(tensor);
                continue;
            }
            let odd = || CheckpointError::Metadata(format!("odd tensor `{}`", tensor.name));
            let (prefix, name) = tensor.name.split_once('.').ok_or_else(odd)?;
            match prefix {
                "optimizer" => {
                    let (_, name) = name.split_once('.').ok_or_else(odd)?;
                    let moments = optimizer.moments.entry(name.to_owned()).or_default();
                    moments.push(tensor.values);
                }
                "network" | "average" | "best" => {
                    let network = networks.entry(prefix.to_owned()).or_default();
                    tensor.name = name.to_owned();
                    network.push(tensor);
                }
                _ => return Err(odd()),
            }
        }
        Ok(Self {
            progress: head.progress,
            network: networks.remove("network").unwrap_or_default(),
            optimizer,
            average: networks.remove("average"),
            best: networks.remove("best"),
            perturbation,
        })
    }

    /// Reads the numbers alone.
    ///
    /// # Errors
    /// [`CheckpointError`] if the bytes are no checkpoint.
    pub fn read_progress(bytes: &[u8]) -> Result<Progress, CheckpointError> {
        Ok(Self::head(bytes)?.progress)
    }

    /// The model of the run as it stands: the best one, the average, or the last one.
    pub fn model(&self) -> &[Parameter] {
        let averaged = self.average.as_ref().unwrap_or(&self.network);
        self.best.as_ref().unwrap_or(averaged)
    }

    fn head(bytes: &[u8]) -> Result<Head, CheckpointError> {
        #[derive(Deserialize)]
        struct FormatOnly {
            format: u32,
        }
        let (_, metadata) = SafeTensors::read_metadata(bytes)
            .map_err(|error| WeightsError::Format(error.to_string()))?;
        let text = metadata
            .metadata()
            .as_ref()
            .and_then(|entries| entries.get(KEY))
            .ok_or_else(|| CheckpointError::Metadata("its metadata has no `squeeze`".to_owned()))?;
        let parse = |error: serde_json::Error| CheckpointError::Metadata(error.to_string());
        let FormatOnly { format } = serde_json::from_str(text).map_err(parse)?;
        if format != FORMAT {
            return Err(CheckpointError::Format(format));
        }
        let head: Head = serde_json::from_str(text).map_err(parse)?;
        head.progress
            .config
            .validate()
            .map_err(|error| CheckpointError::Metadata(error.to_string()))?;
        Ok(head)
    }
}
