//! [`OptimizerConfig`]: how the objective is minimised.

use serde::{Deserialize, Serialize};

use super::check::{check, check_positive, check_weight};
use super::{ConfigError, ScheduleConfig};

/// The optimiser and its parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptimizerConfig {
    /// Which optimiser.
    pub kind: OptimizerKind,
    /// Learning rate, above 0; the schedule's highest.
    pub learning_rate: f64,
    /// How the learning rate changes.
    pub schedule: ScheduleConfig,
    /// Momentum in [0, 1); used by SGD. Nesterov's form needs it above 0.
    pub momentum: f64,
    /// Weight decay, at least 0, on the weights of convolutions and linear layers only: never on
    /// biases or batch normalisation. SGD and Adam add it to the gradient, AdamW shrinks the
    /// weights beside it.
    pub weight_decay: f64,
    /// Largest l_2 norm of the whole gradient; a longer one is scaled down to it. 0 is off.
    pub clip_norm: f64,
    /// Decay of the exponential moving average of the weights, in [0, 1); evaluations and the saved
    /// model take the average. 0 is off.
    pub ema_decay: f64,
}

/// An optimiser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OptimizerKind {
    /// Adam with beta 0.9 and 0.999, epsilon 1e-8 (Kingma and Ba 2015).
    #[default]
    Adam,
    /// Adam with decoupled weight decay (Loshchilov and Hutter 2019).
    AdamW,
    /// Stochastic gradient descent with (heavy-ball) momentum.
    Sgd,
    /// Stochastic gradient descent with Nesterov momentum, as PyTorch has it.
    Nesterov,
}

impl OptimizerKind {
    /// All optimisers, in the order an interface lists them.
    pub const ALL: [Self; 4] = [Self::Adam, Self::AdamW, Self::Sgd, Self::Nesterov];

    /// The name used in files, flags and links.
    pub fn name(self) -> &'static str {
        match self {
            Self::Adam => "adam",
            Self::AdamW => "adam-w",
            Self::Sgd => "sgd",
            Self::Nesterov => "nesterov",
        }
    }
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self {
            kind: OptimizerKind::Adam,
            learning_rate: 1e-3,
            schedule: ScheduleConfig::default(),
            momentum: 0.9,
            weight_decay: 0.0,
            clip_norm: 0.0,
            ema_decay: 0.0,
        }
    }
}

impl OptimizerConfig {
    /// Whether it remembers anything of earlier gradients.
    pub fn has_moments(&self) -> bool {
        self.kind != OptimizerKind::Sgd || self.momentum > 0.0
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        check_positive("optimizer.learning_rate", self.learning_rate, "")?;
        let below_1 = |field, value: f64| {
            let holds = (0.0..1.0).contains(&value);
            check(holds, field, value, "at least 0 and below 1")
        };
        below_1("optimizer.momentum", self.momentum)?;
        check(
            self.kind != OptimizerKind::Nesterov || self.momentum > 0.0,
            "optimizer.momentum",
            self.momentum,
            "above 0 for nesterov",
        )?;
        check_weight("optimizer.weight_decay", self.weight_decay)?;
        check_weight("optimizer.clip_norm", self.clip_norm)?;
        below_1("optimizer.ema_decay", self.ema_decay)?;
        self.schedule.validate()
    }
}
