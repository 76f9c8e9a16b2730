//! [`EvaluationConfig`]: how thoroughly a model is judged.

use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::check::check_count;

/// How a model is judged, in the norm and radius of the run's attack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EvaluationConfig {
    /// How far the ladder of attacks goes.
    pub effort: Effort,
    /// Test images judged on (the first ones), at least 1.
    pub images: usize,
    /// Images attacked at a time, at least 1.
    pub batch_size: usize,
}

/// How far the ladder of attacks goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effort {
    /// A look in a minute or two: enough to see through most masks, never enough to call a model
    /// robust.
    Quick,
    /// Attacks of full length, AutoAttack's standard version among them.
    #[default]
    Standard,
    /// The same with more restarts, doublings, queries and draws, SPSA and HopSkipJump.
    Full,
}

impl Effort {
    /// All efforts, in the order an interface lists them.
    pub const ALL: [Self; 3] = [Self::Quick, Self::Standard, Self::Full];

    /// The name used in files, flags and links.
    pub fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Standard => "standard",
            Self::Full => "full",
        }
    }
}

/// A published ensemble of attacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Suite {
    /// AutoAttack: Auto-PGD on the cross-entropy, targeted Auto-PGD, targeted FAB, Square.
    #[default]
    Standard,
    /// AutoAttack+: with restarts, and the untargeted attacks too.
    Plus,
    /// AutoAttack for models that answer at random: Auto-PGD that asks about each point many times.
    Rand,
}

impl Suite {
    /// All suites, in the order an interface lists them.
    pub const ALL: [Self; 3] = [Self::Standard, Self::Plus, Self::Rand];

    /// The name used in files, flags and links.
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Plus => "plus",
            Self::Rand => "rand",
        }
    }
}

impl Default for EvaluationConfig {
    fn default() -> Self {
        Self {
            effort: Effort::default(),
            images: 500,
            batch_size: 128,
        }
    }
}

impl EvaluationConfig {
    /// Checks every field's range.
    ///
    /// # Errors
    /// [`ConfigError::OutOfRange`] for the first field out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check_count("evaluation.images", self.images)?;
        check_count("evaluation.batch_size", self.batch_size)
    }
}
