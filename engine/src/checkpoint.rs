//! [`Checkpoint`]: all that a run needs to go on, in one safetensors file.
//!
//! Tensors are named by what they belong to: `network.conv1.weight` (PyTorch's layout),
//! `optimizer.0.conv1.weight` (flat), `average...`, `best...`, `perturbation`. Everything else is JSON in
//! the file's metadata. Random numbers have no state: they derive from seed and step.

use std::collections::BTreeMap;

use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};
use squeeze_shaders::loss_scale::{LARGEST, LossScale};

use crate::config::{ConfigError, RunConfig};
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
    /// The loss scale of mixed precision.
    pub loss_scale: Option<LossScale>,
}

/// The numbers of a run's state.
#[derive(Clone, Debug, PartialEq)]
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

/// [`Progress`] as it is written. JSON readers may lose the last bit of a fraction, and a run must not:
/// the config is in TOML, which keeps it, and fractions are in bits.
#[derive(Serialize, Deserialize)]
struct Head {
    format: u32,
    config: String,
    updates: usize,
    step: usize,
    seconds_bits: u64,
    best_step: Option<usize>,
    best_accuracy_bits: Option<u64>,
    worse: usize,
    looked_at: usize,
    first_loss_bits: Option<u32>,
    finished: bool,
    /// Words of the scale as the device keeps them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    loss_scale: Option<[u32; 4]>,
}

impl Head {
    fn new(
        progress: &Progress,
        updates: usize,
        loss_scale: Option<LossScale>,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            format: FORMAT,
            config: progress.config.to_toml()?,
            updates,
            step: progress.step,
            seconds_bits: progress.seconds.to_bits(),
            best_step: progress.best.map(|(step, _)| step),
            best_accuracy_bits: progress.best.map(|(_, accuracy)| accuracy.to_bits()),
            worse: progress.worse,
            looked_at: progress.looked_at,
            first_loss_bits: progress.first_loss.map(f32::to_bits),
            finished: progress.finished,
            loss_scale: loss_scale.map(|scale| scale.words()),
        })
    }

    fn progress(self) -> Result<Progress, ConfigError> {
        let accuracy = self.best_accuracy_bits.map(f64::from_bits);
        Ok(Progress {
            config: RunConfig::from_toml(&self.config)?,
            step: self.step,
            seconds: f64::from_bits(self.seconds_bits),
            best: self.best_step.zip(accuracy),
            worse: self.worse,
            looked_at: self.looked_at,
            first_loss: self.first_loss_bits.map(f32::from_bits),
            finished: self.finished,
        })
    }
}

impl Checkpoint {
    /// The bytes of a safetensors file.
    ///
    /// # Errors
    /// [`CheckpointError`] if a tensor's shape and values do not fit.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CheckpointError> {
        let metadata = |error: &dyn std::fmt::Display| CheckpointError::Metadata(error.to_string());
        let head = Head::new(&self.progress, self.optimizer.updates, self.loss_scale)
            .map_err(|error| metadata(&error))?;
        let head = serde_json::to_string(&head).map_err(|error| metadata(&error))?;
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
        let updates = head.updates;
        let loss_scale = head.loss_scale.map(LossScale::from_words);
        let is_odd = |scale: &LossScale| !(1.0..=LARGEST).contains(&scale.scale);
        if let Some(scale) = loss_scale.filter(is_odd) {
            let odd = format!("a loss scale of {}", scale.scale);
            return Err(CheckpointError::Metadata(odd));
        }
        let progress = head
            .progress()
            .map_err(|error| CheckpointError::Metadata(error.to_string()))?;
        let mut networks: BTreeMap<String, Vec<Parameter>> = BTreeMap::new();
        let mut optimizer = OptimizerState {
            updates,
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
            progress,
            network: networks.remove("network").unwrap_or_default(),
            optimizer,
            average: networks.remove("average"),
            best: networks.remove("best"),
            perturbation,
            loss_scale,
        })
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
        serde_json::from_str(text).map_err(parse)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn checkpoint() -> Checkpoint {
        let mut config = RunConfig::default();
        config.attack.step_size = 2.0 / 255.0;
        config.optimizer.learning_rate = 0.1 + 0.2;
        let tensor = |name: &str, values: Vec<f32>| Parameter {
            name: name.to_owned(),
            shape: vec![values.len()],
            values,
        };
        Checkpoint {
            progress: Progress {
                config,
                step: 3,
                seconds: 1.5,
                best: Some((2, 1.0 / 3.0 + 1e-17)),
                worse: 1,
                looked_at: 2,
                first_loss: Some(0.1 + 0.2),
                finished: false,
            },
            network: vec![tensor("a.weight", vec![1.0, f32::MIN_POSITIVE])],
            optimizer: OptimizerState {
                updates: 3,
                moments: BTreeMap::from([("a.weight".to_owned(), vec![vec![0.5], vec![0.25]])]),
            },
            average: Some(vec![tensor("a.weight", vec![2.0, 3.0])]),
            best: None,
            perturbation: Some(tensor("perturbation", vec![-0.1])),
            loss_scale: Some(LossScale {
                scale: 1024.0,
                clean_steps: 7,
                left_out: 6,
            }),
        }
    }

    #[test]
    fn every_bit_comes_back() {
        // Among many fractions some have a last bit that a careless reader loses.
        for numerator in 0..2000 {
            let mut before = checkpoint();
            before.progress.best = Some((1, f64::from(numerator) / 2001.0));
            before.progress.config.optimizer.learning_rate = f64::from(numerator + 1) / 2003.0;
            let after = Checkpoint::from_bytes(&before.to_bytes().unwrap()).unwrap();
            assert_eq!(after, before);
        }
    }

    #[test]
    fn what_is_no_checkpoint_is_refused() {
        let bytes = checkpoint().to_bytes().unwrap();
        for length in [0, 7, 100, bytes.len() - 1] {
            let error = Checkpoint::from_bytes(&bytes[..length]).unwrap_err();
            assert!(error.to_string().contains("safetensors"), "{error}");
        }
        let plain = weights::to_safetensors(&checkpoint().network, None).unwrap();
        let error = Checkpoint::from_bytes(&plain).unwrap_err().to_string();
        assert!(error.contains("not a checkpoint"), "{error}");
        let newer = r#"{"format": 99}"#;
        let newer = weights::to_safetensors(&[], Some((KEY, newer))).unwrap();
        let error = Checkpoint::from_bytes(&newer).unwrap_err().to_string();
        assert!(error.contains("format 99"), "{error}");
    }
}
