//! [`AttackConfig`]: what an attack does to a trained model.

use serde::{Deserialize, Serialize};

use super::check::{PIXELS, check, check_count, check_weight};
use super::{Choice, ConfigError, Goal};

/// An attack on the test images. An image counts as robust if the model is right without attack and at
/// every point that the attack tried, in every restart.
///
/// Not every method has every setting, see [`AttackMethod::takes`]; those that it does not have are
/// not looked at.
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
    /// What images are to be taken for.
    pub goal: Goal,
    /// Step size in pixel units, at least 0; 0 means `2.5 epsilon / iterations`. The rate of Adam for
    /// SPSA.
    pub step_size: f64,
    /// Iterations of each restart, at least 1: gradient steps, queries of Square, draws of noise.
    pub iterations: usize,
    /// How often the attack starts anew, on the images that are left standing; at least 1.
    pub restarts: usize,
    /// Share of the gathered gradient that is kept from step to step, in [0, 1]; 0 is off.
    pub momentum: f64,
    /// Points whose logits SPSA takes for each step, at least 2.
    pub samples: usize,
    /// How often a model that answers at random is asked about each point, at least 1: expectation
    /// over transformation.
    pub draws: usize,
    /// Test images attacked, at least 1; fewer if there are not so many.
    pub images: usize,
    /// Which test images. Only a single attack has the choice: a suite, an evaluation and the table
    /// go through the test set as it lies.
    pub choose: Choice,
    /// Images attacked at a time, at least 1.
    pub batch_size: usize,
}

/// How an attack searches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttackMethod {
    /// One step of length epsilon from the clean image (Goodfellow et al. 2015, arXiv:1412.6572).
    Fgsm,
    /// Projected gradient descent: steps of one length.
    #[default]
    Pgd,
    /// Auto-PGD: steps that carry on, and that each image shortens for itself.
    Apgd,
    /// FAB: to the boundary as the gradients have it, and back along the way to the clean image.
    Fab,
    /// Square: random squares. No gradients.
    Square,
    /// SPSA: gradients from differences along random directions.
    Spsa,
    /// Independent random points of the ball.
    Noise,
    /// HopSkipJump: decisions alone, not even logits.
    HopSkipJump,
}

/// A setting that some methods have and others have not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// [`AttackConfig::loss`]
    Loss,
    /// [`AttackConfig::goal`]
    Goal,
    /// [`AttackConfig::step_size`]
    StepSize,
    /// [`AttackConfig::iterations`]
    Iterations,
    /// [`AttackConfig::restarts`]
    Restarts,
    /// [`AttackConfig::momentum`]
    Momentum,
    /// [`AttackConfig::samples`]
    Samples,
}

impl AttackMethod {
    /// All methods, in the order an interface lists them.
    pub const ALL: [Self; 8] = [
        Self::Fgsm,
        Self::Pgd,
        Self::Apgd,
        Self::Fab,
        Self::Square,
        Self::Spsa,
        Self::Noise,
        Self::HopSkipJump,
    ];

    /// The name used in files, flags and links.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fgsm => "fgsm",
            Self::Pgd => "pgd",
            Self::Apgd => "apgd",
            Self::Fab => "fab",
            Self::Square => "square",
            Self::Spsa => "spsa",
            Self::Noise => "noise",
            Self::HopSkipJump => "hop-skip-jump",
        }
    }

    /// The name that people know it by.
    pub fn title(self) -> &'static str {
        match self {
            Self::Fgsm => "FGSM",
            Self::Pgd => "PGD",
            Self::Apgd => "Auto-PGD",
            Self::Fab => "FAB",
            Self::Square => "Square",
            Self::Spsa => "SPSA",
            Self::Noise => "Random noise",
            Self::HopSkipJump => "HopSkipJump",
        }
    }

    /// Whether it follows the gradient of the model.
    pub fn needs_gradients(self) -> bool {
        matches!(self, Self::Fgsm | Self::Pgd | Self::Apgd | Self::Fab)
    }

    /// Whether it has a setting.
    pub fn takes(self, setting: Setting) -> bool {
        match setting {
            Setting::Loss => matches!(self, Self::Fgsm | Self::Pgd | Self::Apgd),
            Setting::Goal => !matches!(self, Self::Noise | Self::HopSkipJump),
            Setting::StepSize => matches!(self, Self::Pgd | Self::Spsa),
            Setting::Iterations | Setting::Restarts => self != Self::Fgsm,
            Setting::Momentum => self == Self::Pgd,
            Setting::Samples => self == Self::Spsa,
        }
    }

    /// Iterations that are usual for it: those of its paper, or of AutoAttack.
    pub fn usual_iterations(self) -> usize {
        match self {
            Self::Fgsm => 1,
            Self::Pgd => 40,
            Self::Apgd | Self::Fab => 100,
            Self::Square => 5000,
            Self::Spsa => 20,
            Self::Noise => 1000,
            Self::HopSkipJump => 16,
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

    /// The name as it is printed.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Linf => "l∞",
            Self::L2 => "l₂",
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
            goal: Goal::Untargeted,
            step_size: 0.01,
            iterations: 40,
            restarts: 1,
            momentum: 0.0,
            samples: 248,
            draws: 1,
            images: 1000,
            choose: Choice::First,
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
        check(
            self.samples >= 2,
            "attack.samples",
            self.samples,
            "at least 2",
        )?;
        check_count("attack.draws", self.draws)?;
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

    /// How far all steps together can go, in pixel units.
    pub fn reach(&self) -> f64 {
        self.iterations as f64 * self.step_length()
    }

    /// Method and settings in a line for people, without norm and radius.
    pub fn describe(&self) -> String {
        let method = self.method;
        let mut line = method.title().to_owned();
        if method.takes(Setting::Loss) {
            line += &format!(" on {}", self.loss.name());
        }
        line += &match self.goal() {
            Goal::Untargeted => String::new(),
            Goal::Likely(count) => format!(", {count} targets"),
            Goal::RunnerUp => " towards the runner-up".to_owned(),
            Goal::LeastLikely => " towards the least likely class".to_owned(),
            Goal::Class(class) => format!(" towards class {class}"),
        };
        if method.takes(Setting::Restarts) && self.restarts > 1 {
            line += &format!(", {} restarts", self.restarts);
        }
        if method.takes(Setting::Iterations) {
            let what = match method {
                AttackMethod::Square => "queries",
                AttackMethod::Noise => "draws",
                _ => "iterations",
            };
            line += &format!(", {} {what}", self.iterations);
        }
        if method.takes(Setting::StepSize) {
            line += &format!(" of {}", distance(self.step_length()));
        }
        if method.takes(Setting::Samples) {
            line += &format!(", {} samples each", self.samples);
        }
        if method.takes(Setting::Momentum) && self.momentum > 0.0 {
            line += &format!(", momentum {}", self.momentum);
        }
        if self.draws > 1 {
            line += &format!(", each point asked {} times", self.draws);
        }
        line
    }

    /// Iterations of each restart as they are done.
    pub fn rounds(&self) -> usize {
        if self.method.takes(Setting::Iterations) {
            self.iterations
        } else {
            1
        }
    }

    /// How often each image may be attacked anew, with so many classes: every restart for every
    /// target.
    pub fn turns(&self, classes: usize) -> usize {
        let restarts = if self.method.takes(Setting::Restarts) {
            self.restarts
        } else {
            1
        };
        restarts * self.goal().turns(classes).max(1)
    }

    /// The goal, of a method that has one.
    pub fn goal(&self) -> Goal {
        if self.method.takes(Setting::Goal) {
            self.goal
        } else {
            Goal::Untargeted
        }
    }

    /// Checks that goal and choice are of so many classes.
    ///
    /// # Errors
    /// [`ConfigError::OutOfRange`] for the first that is not.
    pub fn validate_for(&self, classes: usize) -> Result<(), ConfigError> {
        let last = classes.saturating_sub(1);
        let must_be = format!("a class of the data: up to `class-{last}`");
        let has_goal = !matches!(self.goal(), Goal::Class(class) if class >= classes);
        check(has_goal, "attack.goal", self.goal, must_be.clone())?;
        let has_choice = !matches!(self.choose, Choice::Class(class) if class >= classes);
        check(has_choice, "attack.choose", self.choose, must_be)
    }
}

/// A distance in pixel units as it is usually written: in 255ths where it is a whole number of them,
/// unless it is a round number by itself.
pub fn distance(value: f64) -> String {
    let is_whole = |value: f64| (value - value.round()).abs() < 1e-9;
    let of_255 = value * 255.0;
    if value < 1.0 && is_whole(of_255) && !is_whole(100.0 * value) {
        format!("{of_255:.0}/255")
    } else {
        short(value)
    }
}

/// At most four digits of a number.
fn short(value: f64) -> String {
    let digits = format!("{value:.4}");
    let trimmed = digits.trim_end_matches('0').trim_end_matches('.');
    // What is too small for that stays whole.
    if trimmed == "0" {
        value.to_string()
    } else {
        trimmed.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_written_as_usual() {
        assert_eq!(distance(8.0 / 255.0), "8/255");
        assert_eq!(distance(0.2), "0.2");
        assert_eq!(distance(0.3), "0.3");
        assert_eq!(distance(0.0), "0");
        assert_eq!(distance(1.5), "1.5");
        assert_eq!(distance(2e-5), "0.00002");
    }
}
