//! [`Choice`]: which test images an attack takes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which test images an attack takes, and in which order. What a model makes of an image is meant
/// without attack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Choice {
    /// `first`: as they lie, from the first on.
    #[default]
    First,
    /// `random`: any, by the run's seed, none twice.
    Random,
    /// `smallest-margin`: those that the model is right about by the least margin
    /// `z_y - max_{j != y} z_j`, so the most easily fooled, the least margin first.
    SmallestMargin,
    /// `largest-margin`: those that the model is right about by the largest margin, that one first.
    LargestMargin,
    /// `misclassified`: those that the model is wrong about, as they lie.
    Misclassified,
    /// `class-N`: those of that class, as they lie; 0 is the first.
    Class(usize),
}

impl Choice {
    /// All choices that need no class, in the order an interface lists them.
    pub const CLASSLESS: [Self; 5] = [
        Self::First,
        Self::Random,
        Self::SmallestMargin,
        Self::LargestMargin,
        Self::Misclassified,
    ];

    /// Whether the model has to be asked about the whole test set first.
    pub fn needs_answers(self) -> bool {
        matches!(
            self,
            Self::SmallestMargin | Self::LargestMargin | Self::Misclassified
        )
    }

    /// What the images are that it takes, behind "test images".
    pub fn which(self) -> String {
        match self {
            Self::First | Self::Random => "in the data set".to_owned(),
            Self::SmallestMargin | Self::LargestMargin => {
                "that the model is right about without attack".to_owned()
            }
            Self::Misclassified => "that the model is wrong about without attack".to_owned(),
            Self::Class(class) => format!("of class {class}"),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => f.write_str("first"),
            Self::Random => f.write_str("random"),
            Self::SmallestMargin => f.write_str("smallest-margin"),
            Self::LargestMargin => f.write_str("largest-margin"),
            Self::Misclassified => f.write_str("misclassified"),
            Self::Class(class) => write!(f, "class-{class}"),
        }
    }
}

/// A name that is no choice's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no choice of images: write first, random, smallest-margin, largest-margin, misclassified or class-N such as class-3 (0 is the first class)"
)]
pub struct ChoiceNameError(String);

impl FromStr for Choice {
    type Err = ChoiceNameError;

    fn from_str(name: &str) -> Result<Self, ChoiceNameError> {
        let classless = Self::CLASSLESS.into_iter();
        // Labels are bytes; only the plain spelling is a name.
        let classes = (0..256).map(Self::Class);
        classless
            .chain(classes)
            .find(|choice| choice.to_string() == name)
            .ok_or_else(|| ChoiceNameError(name.to_owned()))
    }
}

impl TryFrom<String> for Choice {
    type Error = ChoiceNameError;

    fn try_from(name: String) -> Result<Self, ChoiceNameError> {
        name.parse()
    }
}

impl From<Choice> for String {
    fn from(choice: Choice) -> Self {
        choice.to_string()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for name in [
            "first",
            "random",
            "smallest-margin",
            "largest-margin",
            "misclassified",
            "class-0",
            "class-255",
        ] {
            assert_eq!(name.parse::<Choice>().unwrap().to_string(), name);
        }
        for name in ["", "First", "class", "class-", "class-256", "class-01"] {
            let error = name.parse::<Choice>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{name}`")), "{error}");
            assert!(error.contains("class-3"), "{error}");
        }
    }
}
