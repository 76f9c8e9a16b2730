//! [`AttackConfig`]: what an attack does to a trained model.

use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::check::{PIXELS, check, check_count, check_weight};

/// A gradient attack (`recipe.md`, "Attack settings") from starts drawn uniformly in the ball. An
/// image counts as robust if no point of any restart fooled the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AttackConfig {
    /// How points are searched.
    pub method: AttackMethod,
    /// The norm that the perturbation is measured in.
    pub norm: Norm,
    /// Radius of the ball in pixel units: in [0, 1] for l_inf, at least 0 for l_2.
    pub epsilon: f64,
    /// What is climbed.
    pub loss: AttackLoss,
    /// Towards how many wrong classes, the most likely first, each image is driven in turn, with the
    /// targeted form of the loss; 0 is untargeted. Any wrong class counts as success.
    pub targets: usize,
    /// Step size in pixel units, at least 0; 0 means `2.5 epsilon / iterations`. Auto-PGD has its own.
    pub step_size: f64,
    /// Gradient steps of each restart, at least 1.
    pub iterations: usize,
    /// How often the attack starts anew, on the images that are left standing; at least 1.
    pub restarts: usize,
    /// Share of the gathered gradient that is kept from step to step, in [0, 1]; 0 is off. Auto-PGD has
    /// its own.
    pub momentum: f64,
    /// Test images attacked (the first ones), at least 1.
    pub images: usize,
    /// Images attacked at a time, at least 1.
    pub batch_size: usize,
}

/// How an attack searches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttackMethod {
    /// Projected gradient descent: steps of one length.
    #[default]
    Pgd,
    /// Auto-PGD: steps that carry on, and that each image shortens for itself.
    Apgd,
}

impl AttackMethod {
    /// All methods, in the order an interface lists them.
    pub const ALL: [Self; 2] = [Self::Pgd, Self::Apgd];

    /// The name used in files, flags and links.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pgd => "pgd",
            Self::Apgd => "apgd",
        }
    }
}

/// How far apart two images are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Norm {
    /// The largest difference of a pixel.
    #[default]
    Linf,
    /// The Euclidean length of the difference.
    L2,
}

impl Norm {
    /// All norms, in the order an interface lists them.
    pub const ALL: [Self; 2] = [Self::Linf, Self::L2];

    /// The name used in files, flags and links.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linf => "linf",
            Self::L2 => "l2",
        }
    }
}

/// The loss that an attack climbs; the formulas are with `squeeze_shaders::attack_loss::Loss`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttackLoss {
    /// Cross-entropy.
    #[default]
    Xent,
    /// Cross-entropy of logits scaled to a spread of 10: the repair for tiny logits.
    RescaledXent,
    /// The margin of Carlini and Wagner.
    Cw,
    /// Difference of logits ratio.
    Dlr,
}

impl AttackLoss {
    /// All losses, in the order an interface lists them.
    pub const ALL: [Self; 4] = [Self::Xent, Self::RescaledXent, Self::Cw, Self::Dlr];

    /// The name used in files, flags and links.
    pub fn name(self) -> &'static str {
        match self {
            Self::Xent => "xent",
            Self::RescaledXent => "rescaled-xent",
            Self::Cw => "cw",
            Self::Dlr => "dlr",
        }
    }
}

impl Default for AttackConfig {
    fn default() -> Self {
        Self {
            method: AttackMethod::Pgd,
            norm: Norm::Linf,
            epsilon: 0.3,
            loss: AttackLoss::Xent,
            targets: 0,
            step_size: 0.01,
            iterations: 40,
            restarts: 1,
            momentum: 0.0,
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
        match self.norm {
            Norm::Linf => check(
                (0.0..=1.0).contains(&self.epsilon),
                "attack.epsilon",
                self.epsilon,
                format!("from 0 to 1{PIXELS}"),
            )?,
            Norm::L2 => check_weight("attack.epsilon", self.epsilon)?,
        }
        check_weight("attack.step_size", self.step_size)?;
        check_count("attack.iterations", self.iterations)?;
        check_count("attack.restarts", self.restarts)?;
        check(
            (0.0..=1.0).contains(&self.momentum),
            "attack.momentum",
            self.momentum,
            "from 0 to 1",
        )?;
        check_count("attack.images", self.images)?;
        check_count("attack.batch_size", self.batch_size)
    }

    /// Length of a step, in pixel units.
    pub fn step_length(&self) -> f64 {
        if self.step_size > 0.0 {
            self.step_size
        } else {
            2.5 * self.epsilon / self.iterations as f64
        }
    }
}
