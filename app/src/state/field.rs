//! [`Field`]: every number that a visitor can type, with its words, its range and its place in the
//! config. One table serves the form, the validation and (later) the link.

use squeeze_engine::config::{ConfigError, MAX_SEED, RunConfig};

/// A number of [`RunConfig`] that the page lets the visitor type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Label smoothing's lambda.
    Lambda,
    /// The squeeze's beta.
    Beta,
    /// Standard deviation of the training noise.
    Sigma,
    /// Learning rate.
    LearningRate,
    /// Momentum of SGD.
    Momentum,
    /// Training steps.
    Steps,
    /// Images per step.
    BatchSize,
    /// The seed.
    Seed,
    /// Radius of the attack.
    Epsilon,
    /// Step size of the attack.
    StepSize,
    /// Iterations of the attack.
    Iterations,
    /// Images attacked.
    AttackImages,
}

/// What a field is called and what it does.
pub struct Words {
    /// Stable name for tests.
    pub test_id: &'static str,
    /// Name for people.
    pub label: &'static str,
    /// Mathematical symbol, or empty.
    pub symbol: &'static str,
    /// One line: what it does.
    pub hint: &'static str,
}

impl Field {
    /// The fields that training reads.
    pub const TRAINING: [Self; 8] = [
        Self::Lambda,
        Self::Beta,
        Self::Sigma,
        Self::LearningRate,
        Self::Momentum,
        Self::Steps,
        Self::BatchSize,
        Self::Seed,
    ];

    /// The fields that the attack reads.
    pub const ATTACK: [Self; 4] = [
        Self::Epsilon,
        Self::StepSize,
        Self::Iterations,
        Self::AttackImages,
    ];

    /// The words that go with the field.
    pub fn words(self) -> Words {
        let words = |test_id, label, symbol, hint| Words {
            test_id,
            label,
            symbol,
            hint,
        };
        match self {
            Self::Lambda => words(
                "lambda",
                "Smoothing",
                "λ",
                "Share of each label spread evenly over all classes, 0 to 1.",
            ),
            Self::Beta => words(
                "beta",
                "Squeeze",
                "β",
                "Weight of the penalty: how hard the logits are pressed together.",
            ),
            Self::Sigma => words(
                "sigma",
                "Noise",
                "σ",
                "Spread of the random noise added to training images; pixels run from 0 to 1. 0 is off.",
            ),
            Self::LearningRate => words("learning-rate", "Learning rate", "", "Size of an update."),
            Self::Momentum => words(
                "momentum",
                "Momentum",
                "",
                "Part of the last update that SGD carries on.",
            ),
            Self::Steps => words("steps", "Steps", "", "Updates of the network."),
            Self::BatchSize => words("batch-size", "Batch", "", "Images per step."),
            Self::Seed => words("seed", "Seed", "", "Same seed, same run."),
            Self::Epsilon => words(
                "epsilon",
                "Budget",
                "ε",
                "How far each pixel may move; pixels run from 0 to 1.",
            ),
            Self::StepSize => words(
                "step-size",
                "Step size",
                "α",
                "How far a pixel moves in one iteration.",
            ),
            Self::Iterations => words("iterations", "Iterations", "k", "Gradient steps per image."),
            Self::AttackImages => words(
                "attack-images",
                "Images",
                "n",
                "Test images attacked, from the first on.",
            ),
        }
    }

    /// The field's value as text.
    pub fn read(self, config: &RunConfig) -> String {
        match self {
            Self::Lambda => config.objective.label_smoothing.to_string(),
            Self::Beta => config.objective.beta.to_string(),
            Self::Sigma => config.objective.noise_sigma.to_string(),
            Self::LearningRate => config.optimizer.learning_rate.to_string(),
            Self::Momentum => config.optimizer.momentum.to_string(),
            Self::Steps => config.training.steps.to_string(),
            Self::BatchSize => config.training.batch_size.to_string(),
            Self::Seed => config.seed.to_string(),
            Self::Epsilon => config.attack.epsilon.to_string(),
            Self::StepSize => config.attack.step_size.to_string(),
            Self::Iterations => config.attack.iterations.to_string(),
            Self::AttackImages => config.attack.images.to_string(),
        }
    }

    /// Puts what was typed into `config`.
    ///
    /// # Errors
    /// A sentence that names the range; `config` is untouched then.
    pub fn write(self, typed: &str, config: &mut RunConfig) -> Result<(), String> {
        if self == Self::Seed {
            return match whole(typed) {
                Some(seed) if seed <= MAX_SEED => {
                    config.seed = seed;
                    Ok(())
                }
                _ => Err("Must be a whole number, from 0 to 2⁵³ − 1.".to_owned()),
            };
        }
        // Every other value of the trial is a default and so valid: what `validate` finds is ours.
        let mut trial = RunConfig::default();
        self.put(typed, &mut trial);
        match trial.validate() {
            Ok(()) => {
                self.put(typed, config);
                Ok(())
            }
            Err(ConfigError::OutOfRange { must_be, .. }) => Err(format!("Must be {must_be}.")),
            Err(other) => Err(other.to_string()),
        }
    }

    /// Writes the typed value with no check. What is no number becomes one that `validate` refuses.
    fn put(self, typed: &str, config: &mut RunConfig) {
        let real = || number(typed).unwrap_or(f64::NAN);
        let count = || {
            whole(typed)
                .and_then(|value| usize::try_from(value).ok())
                .unwrap_or(0)
        };
        match self {
            Self::Lambda => config.objective.label_smoothing = real(),
            Self::Beta => config.objective.beta = real(),
            Self::Sigma => config.objective.noise_sigma = real(),
            Self::LearningRate => config.optimizer.learning_rate = real(),
            Self::Momentum => config.optimizer.momentum = real(),
            Self::Steps => config.training.steps = count(),
            Self::BatchSize => config.training.batch_size = count(),
            Self::Seed => config.seed = whole(typed).unwrap_or(u64::MAX),
            Self::Epsilon => config.attack.epsilon = real(),
            Self::StepSize => config.attack.step_size = real(),
            Self::Iterations => config.attack.iterations = count(),
            Self::AttackImages => config.attack.images = count(),
        }
    }
}

/// A typed number: a decimal point or comma, or a fraction such as `8/255`.
fn number(typed: &str) -> Option<f64> {
    let plain = |text: &str| text.trim().replace(',', ".").parse::<f64>().ok();
    match typed.split_once('/') {
        Some((above, below)) => Some(plain(above)? / plain(below)?),
        None => plain(typed),
    }
}

/// A typed whole number. `1e4` counts, `1.5` and `-1` do not.
fn whole(typed: &str) -> Option<u64> {
    let typed = typed.trim();
    if let Ok(value) = typed.parse() {
        return Some(value);
    }
    let value = typed.parse::<f64>().ok()?;
    let exact = value.fract() == 0.0 && (0.0..=MAX_SEED as f64).contains(&value);
    exact.then_some(value as u64)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_field_reads_back_what_it_wrote() {
        for field in Field::TRAINING.into_iter().chain(Field::ATTACK) {
            let mut config = RunConfig::default();
            let text = field.read(&config);
            field.write(&text, &mut config).unwrap();
            assert_eq!(config, RunConfig::default(), "{field:?}");
        }
    }

    #[test]
    fn fractions_and_commas_are_numbers() {
        let mut config = RunConfig::default();
        Field::Epsilon.write("8/255", &mut config).unwrap();
        assert_eq!(config.attack.epsilon, 8.0 / 255.0);
        Field::StepSize.write(" 0,02 ", &mut config).unwrap();
        assert_eq!(config.attack.step_size, 0.02);
        Field::Steps.write("1e4", &mut config).unwrap();
        assert_eq!(config.training.steps, 10_000);
    }

    #[test]
    fn a_bad_value_names_the_range_and_changes_nothing() {
        for (field, typed, says) in [
            (Field::Epsilon, "8", "from 0 to 1"),
            (Field::Epsilon, "", "from 0 to 1"),
            (Field::Epsilon, "1/0", "from 0 to 1"),
            (Field::Beta, "-1", "at least 0"),
            (Field::Beta, "inf", "at least 0"),
            (Field::LearningRate, "fast", "above 0"),
            (Field::Steps, "1.5", "whole number"),
            (Field::Steps, "0", "at least 1"),
            (Field::Seed, "-3", "whole number"),
            (Field::Seed, "9007199254740992", "2⁵³"),
        ] {
            let mut config = RunConfig::default();
            let message = field.write(typed, &mut config).unwrap_err();
            assert!(message.contains(says), "{field:?} {typed}: {message}");
            assert_eq!(config, RunConfig::default(), "{field:?} {typed}");
        }
    }
}
