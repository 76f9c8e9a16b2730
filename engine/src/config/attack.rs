//! [`AttackConfig`]: what an attack does to a trained model.

use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::check::{PIXELS, check, check_count, check_positive};

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

impl AttackConfig {
    /// Checks every field's range.
    ///
    /// # Errors
    /// [`ConfigError::OutOfRange`] for the first field out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check(
            (0.0..=1.0).contains(&self.epsilon),
            "attack.epsilon",
            self.epsilon,
            format!("from 0 to 1{PIXELS}"),
        )?;
        check_positive("attack.step_size", self.step_size, PIXELS)?;
        check_count("attack.iterations", self.iterations)?;
        check_count("attack.images", self.images)?;
        check_count("attack.batch_size", self.batch_size)
    }
}
