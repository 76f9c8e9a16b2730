//! [`RunConfig`]: the one description of a run.
//!
//! The page, the command line, a TOML file and a stored run all hold this same value. Pixels are in
//! [0, 1] everywhere.

mod adversary;
mod attack;
mod check;
mod choice;
mod data;
mod evaluation;
mod fields;
mod goal;
mod guard;
pub mod link;
mod network;
mod objective;
mod optimizer;
mod precision;
pub mod preset;
mod schedule;
mod training;

use serde::{Deserialize, Serialize};

pub use adversary::{Adversary, AdversaryConfig};
pub use attack::{AttackConfig, AttackLoss, AttackMethod, Norm, Setting, distance};
pub use check::ConfigError;
use check::check;
pub use choice::{Choice, ChoiceNameError};
pub use data::{DataConfig, DataKind};
pub use evaluation::{Effort, EvaluationConfig, Suite};
pub use fields::Place;
pub use goal::{Goal, GoalNameError};
pub use guard::{Guard, GuardConfig};
pub use link::LinkError;
pub use network::{NetworkKind, NetworkNameError};
pub use objective::{ObjectiveConfig, Squeeze};
pub use optimizer::{OptimizerConfig, OptimizerKind};
pub use precision::Precision;
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
    /// What is done to images before the network sees them.
    pub guard: GuardConfig,
    /// What is minimised.
    pub objective: ObjectiveConfig,
    /// How it is minimised.
    pub optimizer: OptimizerConfig,
    /// How long, in which batches.
    pub training: TrainingConfig,
    /// What `attack` does to the trained model.
    pub attack: AttackConfig,
    /// How it is judged, in the norm and radius of `attack`.
    pub evaluation: EvaluationConfig,
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

    /// The config with another value in one field.
    ///
    /// `field` is its dotted path as in the TOML file; `value` is in TOML, or a text without quotes.
    ///
    /// # Errors
    /// [`ConfigError`] if there is no such field, or the value is none for it.
    pub fn with_field(&self, field: &str, value: &str) -> Result<Self, ConfigError> {
        self.with_fields([(field, value)])
    }

    /// The config with other values in several fields, which are checked together; else as
    /// [`Self::with_field`].
    ///
    /// # Errors
    /// As [`Self::with_field`].
    pub fn with_fields<'a>(
        &self,
        fields: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, ConfigError> {
        let syntax = |error: String| ConfigError::Syntax(error);
        let mut table: toml::Table =
            toml::from_str(&self.to_toml()?).map_err(|error| syntax(error.to_string()))?;
        for (field, value) in fields {
            let value = toml::from_str::<toml::Table>(&format!("v = {value}"))
                .ok()
                .and_then(|mut table| table.remove("v"))
                .unwrap_or_else(|| toml::Value::String(value.to_owned()));
            let (path, last) = field.rsplit_once('.').unwrap_or(("", field));
            let mut place = &mut table;
            for part in path.split('.').filter(|part| !part.is_empty()) {
                place = place
                    .get_mut(part)
                    .and_then(toml::Value::as_table_mut)
                    .ok_or_else(|| syntax(format!("there is no `{part}` in `{field}`")))?;
            }
            // A whole number stands for itself where a fraction is expected.
            let value = match (place.get(last), value) {
                (Some(toml::Value::Float(_)), toml::Value::Integer(whole)) => {
                    toml::Value::Float(whole as f64)
                }
                (_, value) => value,
            };
            place.insert(last.to_owned(), value);
        }
        // Through text, so that an error shows the field in its place.
        let text = toml::to_string_pretty(&table).map_err(|error| syntax(error.to_string()))?;
        Self::from_toml(&text)
    }

    /// Checks every field's range.
    ///
    /// # Errors
    /// [`ConfigError::OutOfRange`] for the first field out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check(self.seed <= MAX_SEED, "seed", self.seed, "at most 2^53 - 1")?;
        self.data.validate()?;
        self.guard.validate()?;
        check(
            self.guard.kind == Guard::None || self.objective.adversary.kind == Adversary::None,
            "guard.kind",
            self.guard.kind.name(),
            "none with adversarial training, which trains on the images themselves",
        )?;
        self.objective.validate()?;
        self.optimizer.validate()?;
        self.training.validate()?;
        self.attack.validate()?;
        self.evaluation.validate()
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
        config.attack.choose = Choice::Class(7);
        let text = config.to_toml().unwrap();
        assert_eq!(RunConfig::from_toml(&text).unwrap(), config);
    }

    #[test]
    fn a_partial_file_keeps_the_defaults_elsewhere() {
        let config = RunConfig::from_toml("[training]\nsteps = 7\n").unwrap();
        assert_eq!(config.training.steps, 7);
        assert_eq!(config.objective, ObjectiveConfig::default());
        // Files from before there was a choice take the images as they lie.
        let config = RunConfig::from_toml("[attack]\nimages = 10\n").unwrap();
        assert_eq!(config.attack.choose, Choice::First);
    }

    #[test]
    fn one_field_is_changed_by_its_name() {
        let config = RunConfig::default();
        let changed = config.with_field("optimizer.clip_norm", "1").unwrap();
        assert_eq!(changed.optimizer.clip_norm, 1.0);
        let changed = changed.with_field("training.flip", "true").unwrap();
        assert!(changed.training.flip);
        let changed = changed.with_field("network", "wrn-16-4").unwrap();
        assert_eq!(changed.network.name(), "wrn-16-4");
        let changed = changed.with_field("data.path", "a/b").unwrap();
        assert_eq!(changed.data.path.as_deref(), Some("a/b"));
        let milestones = changed
            .with_field("optimizer.schedule.milestones", "[0.1, 0.2]")
            .unwrap();
        assert_eq!(milestones.optimizer.schedule.milestones, [0.1, 0.2]);
        // In l_2 a radius may be longer than a pixel's range: the two go together.
        let l2 = [("attack.epsilon", "1.5"), ("attack.norm", "l2")];
        let l2 = config.with_fields(l2).unwrap();
        assert_eq!((l2.attack.epsilon, l2.attack.norm), (1.5, Norm::L2));
        for (field, value, part) in [
            ("optimizer.clip", "1", "clip"),
            ("optimiser.clip_norm", "1", "optimiser"),
            ("training.flip", "maybe", "flip"),
            ("training.steps", "0", "training.steps"),
            ("", "1", ""),
        ] {
            let error = config.with_field(field, value).unwrap_err().to_string();
            assert!(error.contains(part), "{field}: {error}");
        }
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
            ("[objective]\nwarmup = 1.0", "objective.warmup"),
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
            ("[training]\nmicro_batch = 129", "micro_batch"),
            ("[training]\ncrop_padding = 65", "crop_padding"),
            ("[training]\nheld_out = 0\npatience = 2", "patience"),
            ("[training]\neval_every = 0\nkeep_best = true", "keep_best"),
            ("[attack]\nstep_size = -0.1", "step_size"),
            ("[attack]\nepsilon = 1.5", "epsilon"),
            ("[attack]\nnorm = \"l2\"\nepsilon = -1.0", "epsilon"),
            ("[attack]\nrestarts = 0", "restarts"),
            ("[attack]\nmomentum = 1.5", "momentum"),
            ("[attack]\niterations = 0", "iterations"),
            ("[attack]\nchoose = \"hardest\"", "hardest"),
        ] {
            let text = RunConfig::from_toml(bad).unwrap_err().to_string();
            assert!(text.contains(field), "{bad}: {text}");
        }
    }
}
