//! [`ObjectiveConfig`]: what is minimised on a batch.

use serde::{Deserialize, Serialize};

use super::check::{check, check_weight};
use super::{Adversary, AdversaryConfig, ConfigError};

/// The training objective: cross-entropy, with the regularisers of the poster composed onto it, at
/// the images themselves or at those of an adversary.
///
/// Natural training is all of them off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ObjectiveConfig {
    /// Label smoothing's lambda in [0, 1]: `y_warm = y_hot - lambda (y_hot - 1/C)`. 0 is off.
    pub label_smoothing: f64,
    /// The form of the logit penalty.
    pub squeeze: Squeeze,
    /// The penalty's weight beta, at least 0; ignored when `squeeze` is `none`.
    pub beta: f64,
    /// The number that the penalty draws every logit to: 0 is logit squeezing, any other finite
    /// number logit similarity. Ignored when `squeeze` is `none`.
    pub gamma: f64,
    /// Share of the run, at least 0 and below 1, in which label smoothing's lambda and the penalty's
    /// beta rise linearly from 0. Labels that are nearly even teach features slowly, and near and past
    /// the critical squeeze a network that is squeezed from its first step on may never begin to
    /// learn. 0 is off, as in the paper.
    pub warmup: f64,
    /// Standard deviation of the Gaussian noise added to training images, in pixel units, at least
    /// 0. Fresh every step, not clipped. 0 is off.
    pub noise_sigma: f64,
    /// Training on adversarial images.
    pub adversary: AdversaryConfig,
}

/// The form of the logit penalty (poster, "Logit-Squeezing" and "Logit-Similarity").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Squeeze {
    /// No penalty.
    None,
    /// `beta / B * sum_i ||z_i - gamma||_2`.
    Example,
    /// `beta / B * ||Z - gamma||_F`.
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
}

impl Default for ObjectiveConfig {
    fn default() -> Self {
        Self {
            label_smoothing: 0.0,
            squeeze: Squeeze::Batch,
            beta: 5.0,
            gamma: 0.0,
            warmup: 0.0,
            noise_sigma: 0.5,
            adversary: AdversaryConfig::default(),
        }
    }
}

impl ObjectiveConfig {
    /// Plain cross-entropy on clean images.
    pub fn natural() -> Self {
        Self {
            squeeze: Squeeze::None,
            beta: 0.0,
            noise_sigma: 0.0,
            ..Self::default()
        }
    }

    /// The defence in a line for people.
    pub fn describe(&self) -> String {
        let mut parts = Vec::new();
        let adversary = &self.adversary;
        match adversary.kind {
            Adversary::None => {}
            Adversary::Pgd => parts.push(format!(
                "adversarial training, {}-step PGD",
                adversary.iterations
            )),
            Adversary::Fast => parts.push("fast adversarial training".to_owned()),
            Adversary::Free => parts.push(format!(
                "free adversarial training, {} replays",
                adversary.iterations
            )),
            Adversary::Trades => {
                parts.push(format!("TRADES, weight {}", adversary.trades_weight));
            }
        }
        if self.label_smoothing > 0.0 {
            parts.push(format!("label smoothing {}", self.label_smoothing));
        }
        let form = match self.squeeze {
            Squeeze::None => "",
            Squeeze::Example => "per example",
            Squeeze::Batch => "batch-wise",
        };
        if self.squeeze != Squeeze::None && self.beta > 0.0 {
            parts.push(if self.gamma == 0.0 {
                format!("logit squeezing {form}, beta {}", self.beta)
            } else {
                format!(
                    "logit similarity {form}, beta {}, gamma {}",
                    self.beta, self.gamma
                )
            });
        }
        if self.noise_sigma > 0.0 {
            parts.push(format!("noise {:.3}", self.noise_sigma));
        }
        if parts.is_empty() {
            return "natural training".to_owned();
        }
        parts.join(", ")
    }

    /// The beta from which on equal logits (all of them gamma) minimise the objective, so that the
    /// penalty alone can collapse the network (`recipe.md`, "The critical squeeze"). `None` without
    /// a penalty.
    ///
    /// Batch-wise it is `(1 - lambda) sqrt(B (C-1)/C)`, per example `(1 - lambda) sqrt((C-1)/C)`,
    /// for batch size `B`, `C` classes and label smoothing `lambda`: there the cross-entropy's
    /// gradient at equal logits is as long as the penalty can balance.
    pub fn critical_beta(&self, batch_size: usize, classes: usize) -> Option<f64> {
        let per_example =
            (1.0 - self.label_smoothing) * ((classes as f64 - 1.0) / classes as f64).sqrt();
        match self.squeeze {
            Squeeze::None => None,
            Squeeze::Example => Some(per_example),
            Squeeze::Batch => Some(per_example * (batch_size as f64).sqrt()),
        }
    }

    /// The objective of step `step` (0 is the first) of `steps`: with lambda and beta as they are
    /// there.
    #[must_use]
    pub fn at(&self, step: usize, steps: usize) -> Self {
        let warmup = self.warmup * steps as f64;
        let share = ((step + 1) as f64 / warmup).min(1.0);
        Self {
            label_smoothing: self.label_smoothing * share,
            beta: self.beta * share,
            ..self.clone()
        }
    }

    /// Steps of a run of `steps` before lambda and beta are at their values.
    pub fn warmup_steps(&self, steps: usize) -> usize {
        if self.squeeze == Squeeze::None && self.label_smoothing == 0.0 {
            return 0;
        }
        (self.warmup * steps as f64).ceil() as usize
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        check(
            (0.0..=1.0).contains(&self.label_smoothing),
            "objective.label_smoothing",
            self.label_smoothing,
            "from 0 (off) to 1",
        )?;
        check_weight("objective.beta", self.beta)?;
        let finite = self.gamma.is_finite();
        check(finite, "objective.gamma", self.gamma, "a finite number")?;
        check(
            (0.0..1.0).contains(&self.warmup),
            "objective.warmup",
            self.warmup,
            "a share of the run, at least 0 and below 1",
        )?;
        check_weight("objective.noise_sigma", self.noise_sigma)?;
        self.adversary.validate()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_regularisers_rise_to_their_weights() {
        let config = ObjectiveConfig {
            warmup: 0.25,
            beta: 8.0,
            label_smoothing: 0.5,
            ..ObjectiveConfig::default()
        };
        let at = |step| config.at(step, 16);
        let betas: Vec<f64> = (0..16).map(|step| at(step).beta).collect();
        assert_eq!(betas[..5], [2.0, 4.0, 6.0, 8.0, 8.0]);
        let lambdas: Vec<f64> = (0..16).map(|step| at(step).label_smoothing).collect();
        assert_eq!(lambdas[..5], [0.125, 0.25, 0.375, 0.5, 0.5]);
        assert_eq!(config.warmup_steps(16), 4);
        assert_eq!(ObjectiveConfig::default().at(0, 16).beta, 5.0);
        let natural = ObjectiveConfig {
            warmup: 0.25,
            ..ObjectiveConfig::natural()
        };
        assert_eq!(natural.warmup_steps(16), 0);
    }

    #[test]
    fn critical_beta_matches_the_recipe() {
        let config = |squeeze, label_smoothing| ObjectiveConfig {
            squeeze,
            label_smoothing,
            ..ObjectiveConfig::default()
        };
        let batch = config(Squeeze::Batch, 0.0).critical_beta(128, 10).unwrap();
        assert!((batch - 10.733).abs() < 1e-3, "{batch}");
        let hundred = config(Squeeze::Batch, 0.0).critical_beta(128, 100).unwrap();
        assert!((hundred - 11.257).abs() < 1e-3, "{hundred}");
        let example = config(Squeeze::Example, 0.0)
            .critical_beta(128, 10)
            .unwrap();
        assert!((example - 0.949).abs() < 1e-3, "{example}");
        assert_eq!(config(Squeeze::None, 0.0).critical_beta(128, 10), None);
        let smoothed = config(Squeeze::Batch, 0.75).critical_beta(128, 10).unwrap();
        assert!((smoothed - batch / 4.0).abs() < 1e-12, "{smoothed}");
    }
}
