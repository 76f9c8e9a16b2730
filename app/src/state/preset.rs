//! [`Preset`]: the four objectives that the page puts in front, as points in
//! [`ObjectiveConfig`]'s space.

use squeeze_engine::config::{ObjectiveConfig, Squeeze};

/// A training objective by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// Cross-entropy alone.
    Natural,
    /// Smoothed labels.
    LabelSmoothing,
    /// A penalty on each example's logits.
    SqueezeExample,
    /// One penalty on the whole batch's logits.
    SqueezeBatch,
}

impl Preset {
    /// All of them, in the order of the page.
    pub const ALL: [Self; 4] = [
        Self::Natural,
        Self::LabelSmoothing,
        Self::SqueezeExample,
        Self::SqueezeBatch,
    ];

    /// Stable name, for tests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Natural => "natural",
            Self::LabelSmoothing => "label-smoothing",
            Self::SqueezeExample => "squeeze-example",
            Self::SqueezeBatch => "squeeze-batch",
        }
    }

    /// Name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Natural => "Natural",
            Self::LabelSmoothing => "Label smoothing",
            Self::SqueezeExample => "Logit squeezing, per example",
            Self::SqueezeBatch => "Logit squeezing, batch-wise",
        }
    }

    /// One line: what it does.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Natural => "Be right, as surely as possible. No defence: the one to break first.",
            Self::LabelSmoothing => {
                "Be right, but never quite sure: part of each label goes to the other classes."
            }
            Self::SqueezeExample => {
                "Be right with small scores: each image pays for the length of its logits."
            }
            Self::SqueezeBatch => {
                "Be right with small scores: the batch pays as one, so the penalty can press harder."
            }
        }
    }

    /// Sets the objective. Noise goes with every defence, as in the paper's runs.
    pub fn apply(self, objective: &mut ObjectiveConfig) {
        let defended = ObjectiveConfig {
            label_smoothing: 0.0,
            squeeze: Squeeze::None,
            beta: 0.0,
            noise_sigma: ObjectiveConfig::default().noise_sigma,
        };
        *objective = match self {
            Self::Natural => ObjectiveConfig::natural(),
            Self::LabelSmoothing => ObjectiveConfig {
                label_smoothing: 0.9,
                ..defended
            },
            Self::SqueezeExample => ObjectiveConfig {
                squeeze: Squeeze::Example,
                beta: 0.5,
                ..defended
            },
            Self::SqueezeBatch => ObjectiveConfig::default(),
        };
    }

    /// The preset whose form an objective has.
    pub fn of(objective: &ObjectiveConfig) -> Self {
        match objective.squeeze {
            Squeeze::Batch => Self::SqueezeBatch,
            Squeeze::Example => Self::SqueezeExample,
            Squeeze::None if objective.label_smoothing > 0.0 => Self::LabelSmoothing,
            Squeeze::None => Self::Natural,
        }
    }
}

#[cfg(test)]
mod tests {
    use squeeze_engine::config::RunConfig;

    use super::*;

    #[test]
    fn every_preset_is_valid_and_known_again() {
        for preset in Preset::ALL {
            let mut config = RunConfig::default();
            preset.apply(&mut config.objective);
            assert_eq!(config.validate(), Ok(()));
            assert_eq!(Preset::of(&config.objective), preset);
        }
    }
}
