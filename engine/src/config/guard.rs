//! [`GuardConfig`]: what is done to images before the network sees them.

use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::check::check;

/// A defence that changes the images, not the training. Both kinds are known to mask gradients
/// (Athalye et al. 2018, arXiv:1802.00420); they are here to be seen through.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GuardConfig {
    /// Which one.
    pub kind: Guard,
    /// Levels that pixels are rounded to, 2 to 256.
    pub levels: usize,
    /// Least size that [`Guard::Resize`] shrinks an image to, as a share of its side, in (0, 1].
    pub least_size: f64,
}

/// A defence that changes the images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guard {
    /// Nothing is done.
    #[default]
    None,
    /// Pixels are rounded to some levels, which leaves no gradient (Xu et al. 2018, "Feature
    /// squeezing", arXiv:1704.01155).
    Quantize,
    /// Each image is shrunk by a random factor and put at a random place on black, anew each time
    /// (Xie et al. 2018, arXiv:1711.01991), and rounded as image libraries do.
    Resize,
}

impl Guard {
    /// All guards, in the order an interface lists them.
    pub const ALL: [Self; 3] = [Self::None, Self::Quantize, Self::Resize];

    /// The name used in files, flags and links.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quantize => "quantize",
            Self::Resize => "resize",
        }
    }

    /// Whether the same image may get another answer the next time.
    pub fn is_random(self) -> bool {
        self == Self::Resize
    }
}

impl Default for GuardConfig {
    fn default() -> Self {
        Self {
            kind: Guard::None,
            levels: 256,
            least_size: 0.7,
        }
    }
}

impl GuardConfig {
    /// The guard in a few words for people.
    pub fn describe(&self) -> String {
        match self.kind {
            Guard::None => "no guard".to_owned(),
            Guard::Quantize => format!("pixels rounded to {} levels", self.levels),
            Guard::Resize => format!("images resized at random, from {}", self.least_size),
        }
    }

    /// Checks every field's range.
    ///
    /// # Errors
    /// [`ConfigError::OutOfRange`] for the first field out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check(
            (2..=256).contains(&self.levels),
            "guard.levels",
            self.levels,
            "from 2 to 256",
        )?;
        check(
            self.least_size > 0.0 && self.least_size <= 1.0,
            "guard.least_size",
            self.least_size,
            "above 0 and at most 1",
        )
    }
}
