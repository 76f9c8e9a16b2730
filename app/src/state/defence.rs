//! [`Defence`]: the objectives that the page puts in front, as points in [`ObjectiveConfig`]'s space.

use squeeze_engine::config::{Adversary, ObjectiveConfig, Squeeze};

use crate::state::field::Field;

/// A training objective by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defence {
    /// Cross-entropy alone.
    Natural,
    /// Smoothed labels.
    LabelSmoothing,
    /// A penalty on each example's logits.
    SqueezeExample,
    /// One penalty on the whole batch's logits.
    SqueezeBatch,
    /// A penalty on the logits' distance from a number.
    Similarity,
    /// Training on attacked images.
    Adversarial,
}

impl Defence {
    /// All of them, in the order of the page.
    pub const ALL: [Self; 6] = [
        Self::Natural,
        Self::LabelSmoothing,
        Self::SqueezeExample,
        Self::SqueezeBatch,
        Self::Similarity,
        Self::Adversarial,
    ];

    /// Stable name, for tests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Natural => "natural",
            Self::LabelSmoothing => "label-smoothing",
            Self::SqueezeExample => "squeeze-example",
            Self::SqueezeBatch => "squeeze-batch",
            Self::Similarity => "similarity",
            Self::Adversarial => "adversarial",
        }
    }

    /// Name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Natural => "Natural",
            Self::LabelSmoothing => "Label smoothing",
            Self::SqueezeExample => "Squeezing, per image",
            // The hyphen does not break.
            Self::SqueezeBatch => "Squeezing, batch\u{2011}wise",
            Self::Similarity => "Logit similarity",
            Self::Adversarial => "Adversarial",
        }
    }

    /// What it does, in a sentence or two.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Natural => "Be right, as surely as possible. No defence: the one to break first.",
            Self::LabelSmoothing => {
                "Be right, but never quite sure: part of each label goes to the other classes."
            }
            Self::SqueezeExample => {
                "Be right with small scores: each image pays for the length of its logits, the raw \
                 scores before they become probabilities."
            }
            Self::SqueezeBatch => {
                "Be right with small scores: the logits (raw scores) of the whole batch pay as one, \
                 so the penalty can press harder."
            }
            Self::Similarity => {
                "Be right with scores that are much alike: the logits pay for their distance from γ."
            }
            Self::Adversarial => {
                "Be right on attacked images: each batch is attacked first. The strongest defence, \
                 and most of its kinds cost several times the work."
            }
        }
    }

    /// The fields that belong to it; the noise goes with every one.
    pub fn fields(self) -> &'static [Field] {
        match self {
            Self::Natural => &[],
            Self::LabelSmoothing => &[Field::Lambda, Field::ObjectiveWarmup],
            Self::SqueezeExample | Self::SqueezeBatch => &[Field::Beta, Field::ObjectiveWarmup],
            Self::Similarity => &[Field::Beta, Field::ObjectiveWarmup, Field::Gamma],
            Self::Adversarial => &[
                Field::AdversaryEpsilon,
                Field::AdversaryStep,
                Field::AdversaryIterations,
                Field::TradesWeight,
            ],
        }
    }

    /// The defence whose form an objective has: the strongest, if there are several in one.
    pub fn of(objective: &ObjectiveConfig) -> Self {
        if objective.adversary.kind != Adversary::None {
            return Self::Adversarial;
        }
        match objective.squeeze {
            Squeeze::None if objective.label_smoothing > 0.0 => Self::LabelSmoothing,
            Squeeze::None => Self::Natural,
            _ if objective.gamma != 0.0 => Self::Similarity,
            Squeeze::Batch => Self::SqueezeBatch,
            Squeeze::Example => Self::SqueezeExample,
        }
    }
}
