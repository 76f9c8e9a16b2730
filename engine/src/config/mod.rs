//! [`RunConfig`]: the one description of a run.
//!
//! The page, the command line, a TOML file and a stored run all hold this same value. Pixels are in
//! [0, 1] everywhere.

mod adversary;
mod attack;
mod check;
mod data;
mod network;
mod objective;
mod optimizer;
pub mod preset;
mod schedule;
mod training;

use serde::{Deserialize, Serialize};

pub use adversary::{Adversary, AdversaryConfig};
pub use attack::AttackConfig;
pub use check::ConfigError;
use check::check;
pub use data::{DataConfig, DataKind};
pub use network::{NetworkKind, NetworkNameError};
pub use objective::{ObjectiveConfig, Squeeze};
pub use optimizer::{OptimizerConfig, OptimizerKind};
pub use schedule::{Schedule, ScheduleConfig};
pub use training::TrainingConfig;

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
    /// The images.
    pub data: DataConfig,
    /// What is minimised.
    pub objective: ObjectiveConfig,
    /// How it is minimised.
    pub optimizer: OptimizerConfig,
    /// How long, in which batches.
    pub training: TrainingConfig,
    /// What `attack` does to the trained model.
    pub attack: AttackConfig,
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
        check(self.seed <= MAX_SEED, "seed", self.seed, "at most 2^53 - 1")?;
        self.data.validate()?;
        self.objective.validate()?;
        self.optimizer.validate()?;
        self.training.validate()?;
        self.attack.validate()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn toml_round_trip_keeps_every_field() {
        let mut config = RunConfig {
            seed: MAX_SEED,
            network: "wrn-32-10".parse().unwrap(),
            ..RunConfig::default()
        };
        config.data.path = Some("some where/\"else\"".to_owned());
        config.objective.squeeze = Squeeze::Example;
        config.objective.adversary.kind = Adversary::Fast;
        config.optimizer.kind = OptimizerKind::AdamW;
        config.optimizer.schedule.milestones = vec![];
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
            ("network = \"wrn-17-4\"", "wrn-17-4"),
            ("[data]\nimage_size = 3", "image_size"),
            ("[data]\ntest_share = 1.0", "test_share"),
            ("[objective]\nlabel_smoothing = 1.5", "label_smoothing"),
            ("[objective]\nbeta = -1.0", "beta"),
            ("[objective]\ngamma = nan", "gamma"),
            ("[objective]\nnoise_sigma = inf", "noise_sigma"),
            (
                "[objective.adversary]\nepsilon = 2.0",
                "objective.adversary.epsilon",
            ),
            (
                "[objective.adversary]\niterations = 0",
                "objective.adversary.iterations",
            ),
            ("[optimizer]\nlearning_rate = 0.0", "learning_rate"),
            ("[optimizer]\nmomentum = 1.0", "momentum"),
            (
                "[optimizer]\nkind = \"nesterov\"\nmomentum = 0.0",
                "momentum",
            ),
            ("[optimizer]\nweight_decay = -1.0", "weight_decay"),
            ("[optimizer]\nclip_norm = nan", "clip_norm"),
            ("[optimizer]\nema_decay = 1.0", "ema_decay"),
            ("[optimizer.schedule]\nwarmup = 1.0", "warmup"),
            (
                "[optimizer.schedule]\nmilestones = [0.5, 0.4]",
                "milestones",
            ),
            ("[optimizer.schedule]\nfactor = 0.0", "factor"),
            ("[training]\nsteps = 0", "steps"),
            ("[training]\nbatch_size = 0", "batch_size"),
            ("[training]\ncrop_padding = 65", "crop_padding"),
            ("[training]\nheld_out = 0\npatience = 2", "patience"),
            ("[training]\neval_every = 0\nkeep_best = true", "keep_best"),
            ("[attack]\nstep_size = 0.0", "step_size"),
            ("[attack]\niterations = 0", "iterations"),
        ] {
            let text = RunConfig::from_toml(bad).unwrap_err().to_string();
            assert!(text.contains(field), "{bad}: {text}");
        }
    }
}
