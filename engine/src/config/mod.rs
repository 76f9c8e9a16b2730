//! [`RunConfig`]: the one description of a run.
//!
//! The page, the command line, a TOML file and a stored run all hold this same value. Pixels are in
//! [0, 1] everywhere.

mod data;
mod network;

use serde::{Deserialize, Serialize};

pub use data::{DataConfig, DataKind};
pub use network::{NetworkKind, NetworkNameError};

/// Largest seed: every integer up to it survives TOML, JSON and JavaScript numbers unchanged.
pub const MAX_SEED: u64 = (1 << 53) - 1;

/// Everything that decides what a run computes.
///
/// Two runs with equal configs on the same device give the same metrics.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunConfig {
    /// The one seed that every random number of the run derives from; at most [`MAX_SEED`].
    pub seed: u64,
    /// The network to train.
    pub network: NetworkKind,
    /// What is minimised.
    pub objective: ObjectiveConfig,
    /// How it is minimised.
    pub optimizer: OptimizerConfig,
    /// How long, in which batches.
    pub training: TrainingConfig,
    /// What `attack` does to the trained model.
    pub attack: AttackConfig,
}

/// The training objective: cross-entropy, with the regularisers of the poster composed onto it.
///
/// Natural training is all of them off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ObjectiveConfig {
    /// Label smoothing's lambda in [0, 1]: `y_warm = y_hot - lambda (y_hot - 1/C)`. 0 is off.
    pub label_smoothing: f64,
    /// The form of the logit squeezing penalty.
    pub squeeze: Squeeze,
    /// The penalty's weight beta, at least 0; ignored when `squeeze` is `none`.
    pub beta: f64,
    /// Standard deviation of the Gaussian noise added to training images, in pixel units, at least
    /// 0. Fresh every step, not clipped. 0 is off.
    pub noise_sigma: f64,
}

/// The form of the logit squeezing penalty (poster, "Logit-Squeezing").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Squeeze {
    /// No penalty.
    None,
    /// `beta / B * sum_i ||z_i||_2`.
    Example,
    /// `beta / B * ||Z||_F`.
    #[default]
    Batch,
}

impl Squeeze {
    /// All forms, in the order an interface lists them.
    pub const ALL: [Self; 3] = [Self::None, Self::Example, Self::Batch];

    /// The name used in files, flags and links.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Example => "example",
            Self::Batch => "batch",
        }
    }

    /// The beta from which on zero logits minimise the objective, so that the penalty alone can
    /// collapse the network (`recipe.md`, "The critical squeeze"). `None` without a penalty.
    ///
    /// `sqrt(B (C-1)/C)` batch-wise and `sqrt((C-1)/C)` per example, for batch size `B` and `C`
    /// classes.
    pub fn critical_beta(self, batch_size: usize, classes: usize) -> Option<f64> {
        let per_example = ((classes as f64 - 1.0) / classes as f64).sqrt();
        match self {
            Self::None => None,
            Self::Example => Some(per_example),
            Self::Batch => Some(per_example * (batch_size as f64).sqrt()),
        }
    }
}

impl Default for ObjectiveConfig {
    fn default() -> Self {
        Self {
            label_smoothing: 0.0,
            squeeze: Squeeze::Batch,
            beta: 5.0,
            noise_sigma: 0.5,
        }
    }
}

impl ObjectiveConfig {
    /// Plain cross-entropy on clean images.
    pub fn natural() -> Self {
        Self {
            label_smoothing: 0.0,
            squeeze: Squeeze::None,
            beta: 0.0,
            noise_sigma: 0.0,
        }
    }
}

/// The optimiser and its parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptimizerConfig {
    /// Which optimiser.
    pub kind: OptimizerKind,
    /// Learning rate, above 0.
    pub learning_rate: f64,
    /// Momentum in [0, 1); used by SGD.
    pub momentum: f64,
}

/// An optimiser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OptimizerKind {
    /// Adam with beta 0.9 and 0.999, epsilon 1e-8.
    #[default]
    Adam,
    /// Stochastic gradient descent with (heavy-ball) momentum.
    Sgd,
}

impl OptimizerKind {
    /// All optimisers, in the order an interface lists them.
    pub const ALL: [Self; 2] = [Self::Adam, Self::Sgd];

    /// The name used in files, flags and links.
    pub fn name(self) -> &'static str {
        match self {
            Self::Adam => "adam",
            Self::Sgd => "sgd",
        }
    }
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self {
            kind: OptimizerKind::Adam,
            learning_rate: 1e-3,
            momentum: 0.9,
        }
    }
}

/// How long to train, in which batches, and how often to look at the test set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingConfig {
    /// Training steps, at least 1.
    pub steps: usize,
    /// Images per step, at least 1.
    pub batch_size: usize,
    /// Steps between two evaluations while training; 0 evaluates at the end only.
    pub eval_every: usize,
    /// Test images of an evaluation while training (the first ones), at least 1. The final
    /// evaluation takes the whole test set.
    pub eval_images: usize,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            steps: 2000,
            batch_size: 128,
            eval_every: 100,
            eval_images: 1000,
        }
    }
}

/// An l_inf PGD attack (`recipe.md`, "Attack settings"): untargeted, ascending the cross-entropy
/// from a start drawn uniformly in the ball. The last iterate counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AttackConfig {
    /// Radius of the l_inf ball in pixel units, in [0, 1].
    pub epsilon: f64,
    /// Step size in pixel units, above 0.
    pub step_size: f64,
    /// Gradient steps, at least 1.
    pub iterations: usize,
    /// Test images attacked (the first ones), at least 1.
    pub images: usize,
    /// Images attacked at a time, at least 1.
    pub batch_size: usize,
}

impl Default for AttackConfig {
    fn default() -> Self {
        Self {
            epsilon: 0.3,
            step_size: 0.01,
            iterations: 40,
            images: 1000,
            batch_size: 128,
        }
    }
}

/// A config that cannot be used: which field, why, and what to write instead.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// A field holds a value out of its range.
    #[error("`{field}` is {value}: it must be {must_be}")]
    OutOfRange {
        /// Dotted path of the field, as in the TOML file.
        field: &'static str,
        /// The value found.
        value: String,
        /// The range, in words.
        must_be: &'static str,
    },
    /// The text is not a config.
    #[error("not a run config: {0}")]
    Syntax(String),
}

impl RunConfig {
    /// Reads and checks a config.
    ///
    /// # Errors
    /// [`ConfigError`] names the field (or line) and the fix.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        let config: Self =
            toml::from_str(text).map_err(|error| ConfigError::Syntax(error.to_string()))?;
        config.validate()?;
        Ok(config)
    }

    /// The config as TOML, every field written out.
    ///
    /// # Errors
    /// [`ConfigError::Syntax`] if a number has no TOML form.
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        toml::to_string_pretty(self).map_err(|error| ConfigError::Syntax(error.to_string()))
    }

    /// Checks every field's range.
    ///
    /// # Errors
    /// [`ConfigError::OutOfRange`] for the first field out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let whole = "a whole number, at least 1";
        check(self.seed <= MAX_SEED, "seed", self.seed, "at most 2^53 - 1")?;
        let objective = &self.objective;
        check(
            (0.0..=1.0).contains(&objective.label_smoothing),
            "objective.label_smoothing",
            objective.label_smoothing,
            "from 0 (off) to 1",
        )?;
        check(
            objective.beta.is_finite() && objective.beta >= 0.0,
            "objective.beta",
            objective.beta,
            "a number, at least 0",
        )?;
        check(
            objective.noise_sigma.is_finite() && objective.noise_sigma >= 0.0,
            "objective.noise_sigma",
            objective.noise_sigma,
            "a number of pixel units, at least 0",
        )?;
        let optimizer = &self.optimizer;
        check(
            optimizer.learning_rate.is_finite() && optimizer.learning_rate > 0.0,
            "optimizer.learning_rate",
            optimizer.learning_rate,
            "a number above 0",
        )?;
        check(
            (0.0..1.0).contains(&optimizer.momentum),
            "optimizer.momentum",
            optimizer.momentum,
            "at least 0 and below 1",
        )?;
        let training = &self.training;
        check(training.steps >= 1, "training.steps", training.steps, whole)?;
        check(
            training.batch_size >= 1,
            "training.batch_size",
            training.batch_size,
            whole,
        )?;
        check(
            training.eval_images >= 1,
            "training.eval_images",
            training.eval_images,
            whole,
        )?;
        self.attack.validate()
    }
}

impl AttackConfig {
    /// Checks every field's range.
    ///
    /// # Errors
    /// [`ConfigError::OutOfRange`] for the first field out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let whole = "a whole number, at least 1";
        check(
            (0.0..=1.0).contains(&self.epsilon),
            "attack.epsilon",
            self.epsilon,
            "from 0 to 1 (pixels are in [0, 1])",
        )?;
        check(
            self.step_size.is_finite() && self.step_size > 0.0,
            "attack.step_size",
            self.step_size,
            "a number above 0 (pixels are in [0, 1])",
        )?;
        check(
            self.iterations >= 1,
            "attack.iterations",
            self.iterations,
            whole,
        )?;
        check(self.images >= 1, "attack.images", self.images, whole)?;
        check(
            self.batch_size >= 1,
            "attack.batch_size",
            self.batch_size,
            whole,
        )
    }
}

fn check(
    holds: bool,
    field: &'static str,
    value: impl ToString,
    must_be: &'static str,
) -> Result<(), ConfigError> {
    if holds {
        return Ok(());
    }
    Err(ConfigError::OutOfRange {
        field,
        value: value.to_string(),
        must_be,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn toml_round_trip_keeps_every_field() {
        let mut config = RunConfig {
            seed: MAX_SEED,
            network: NetworkKind::MnistCnn,
            ..RunConfig::default()
        };
        config.objective.squeeze = Squeeze::Example;
        config.attack.step_size = 2.0 / 255.0;
        let text = config.to_toml().unwrap();
        assert_eq!(RunConfig::from_toml(&text).unwrap(), config);
    }

    #[test]
    fn a_partial_file_keeps_the_defaults_elsewhere() {
        let config = RunConfig::from_toml("[training]\nsteps = 7\n").unwrap();
        assert_eq!(config.training.steps, 7);
        assert_eq!(config.objective, ObjectiveConfig::default());
    }

    #[test]
    fn errors_name_the_field_and_the_fix() {
        let error = RunConfig::from_toml("[attack]\nepsilon = 8.0\n").unwrap_err();
        let text = error.to_string();
        assert!(text.contains("attack.epsilon"), "{text}");
        assert!(text.contains("from 0 to 1"), "{text}");
        let error = RunConfig::from_toml("[training]\nstep = 8\n").unwrap_err();
        assert!(
            error.to_string().contains("unknown field `step`"),
            "{error}"
        );
        for (bad, field) in [
            ("seed = 9007199254740992", "seed"),
            ("[objective]\nlabel_smoothing = 1.5", "label_smoothing"),
            ("[objective]\nbeta = -1.0", "beta"),
            ("[objective]\nnoise_sigma = inf", "noise_sigma"),
            ("[optimizer]\nlearning_rate = 0.0", "learning_rate"),
            ("[optimizer]\nmomentum = 1.0", "momentum"),
            ("[training]\nsteps = 0", "steps"),
            ("[training]\nbatch_size = 0", "batch_size"),
            ("[attack]\nstep_size = 0.0", "step_size"),
            ("[attack]\niterations = 0", "iterations"),
        ] {
            let text = RunConfig::from_toml(bad).unwrap_err().to_string();
            assert!(text.contains(field), "{bad}: {text}");
        }
    }

    #[test]
    fn critical_beta_matches_the_recipe() {
        let batch = Squeeze::Batch.critical_beta(128, 10).unwrap();
        assert!((batch - 10.733).abs() < 1e-3, "{batch}");
        let hundred = Squeeze::Batch.critical_beta(128, 100).unwrap();
        assert!((hundred - 11.257).abs() < 1e-3, "{hundred}");
        let example = Squeeze::Example.critical_beta(128, 10).unwrap();
        assert!((example - 0.949).abs() < 1e-3, "{example}");
        assert_eq!(Squeeze::None.critical_beta(128, 10), None);
    }
}
