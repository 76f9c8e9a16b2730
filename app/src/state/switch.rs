//! [`Switch`]: every setting that is on or off.

use squeeze_engine::config::RunConfig;

use crate::state::field::Words;

/// A setting of [`RunConfig`] that is on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// Mirror half of the images.
    Flip,
    /// Keep the best model, not the last one.
    KeepBest,
}

impl Switch {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Flip, Self::KeepBest];

    /// The dotted path in the config, as [`RunConfig::validate`] names it.
    pub fn path(self) -> &'static str {
        match self {
            Self::Flip => "training.flip",
            Self::KeepBest => "training.keep_best",
        }
    }

    /// The words that go with it.
    pub fn words(self) -> Words {
        let (test_id, label, hint) = match self {
            Self::Flip => (
                "flip",
                "Mirror",
                "Half of the images are mirrored left to right: right for photographs, wrong for digits.",
            ),
            Self::KeepBest => (
                "keep-best",
                "Keep the best",
                "The model is the one that did best on the held-out images, not the last one.",
            ),
        };
        Words {
            test_id,
            label,
            symbol: "",
            hint,
        }
    }

    /// Whether it is on.
    pub fn read(self, config: &RunConfig) -> bool {
        match self {
            Self::Flip => config.training.flip,
            Self::KeepBest => config.training.keep_best,
        }
    }

    /// Puts it on or off.
    pub fn write(self, on: bool, config: &mut RunConfig) {
        match self {
            Self::Flip => config.training.flip = on,
            Self::KeepBest => config.training.keep_best = on,
        }
    }
}
