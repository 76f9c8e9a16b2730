//! [`Goal`]: what a wrong answer is worth to an attacker.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What an attacker wants an image to be taken for. A goal other than the first is pursued with the
/// targeted form of the loss.
///
/// Whatever the goal, an image is robust only if the model is right at every point tried; how many
/// images reach their goal is told beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Goal {
    /// `untargeted`: any wrong class.
    #[default]
    Untargeted,
    /// `likely-N`: each of the N most likely wrong classes in turn; any wrong class will do. The
    /// targeted attacks of AutoAttack are `likely-9`.
    Likely(usize),
    /// `runner-up`: the most likely wrong class and no other.
    RunnerUp,
    /// `least-likely`: the least likely class and no other.
    LeastLikely,
    /// `class-N`: that class and no other; 0 is the first.
    Class(usize),
}

impl Goal {
    /// Whether one class alone will do.
    pub fn is_one_class(self) -> bool {
        matches!(self, Self::RunnerUp | Self::LeastLikely | Self::Class(_))
    }

    /// Classes that each image is driven to, one after the other, with so many classes; 0 is
    /// untargeted.
    pub fn turns(self, classes: usize) -> usize {
        match self {
            Self::Untargeted => 0,
            Self::Likely(count) => count.min(classes.saturating_sub(1)),
            _ => 1,
        }
    }

    /// The class that an image is driven to in a turn, from its label and its logits without attack.
    /// `None` if there is none: the label itself is no goal.
    pub fn class(self, logits: &[f32], label: usize, turn: usize) -> Option<usize> {
        let mut wrong: Vec<usize> = (0..logits.len()).filter(|&class| class != label).collect();
        wrong.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));
        match self {
            Self::Untargeted => None,
            Self::Likely(_) => wrong.get(turn).copied(),
            Self::RunnerUp => wrong.first().copied(),
            Self::LeastLikely => wrong.last().copied(),
            Self::Class(class) => (class != label).then_some(class),
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untargeted => f.write_str("untargeted"),
            Self::Likely(count) => write!(f, "likely-{count}"),
            Self::RunnerUp => f.write_str("runner-up"),
            Self::LeastLikely => f.write_str("least-likely"),
            Self::Class(class) => write!(f, "class-{class}"),
        }
    }
}

/// A name that is no goal's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no goal: write untargeted, runner-up, least-likely, class-N such as class-3 (0 is the first class) or likely-N such as likely-9 (the N most likely wrong classes in turn)"
)]
pub struct GoalNameError(String);

impl FromStr for Goal {
    type Err = GoalNameError;

    fn from_str(name: &str) -> Result<Self, GoalNameError> {
        let unknown = || GoalNameError(name.to_owned());
        let number = |text: &str, least: usize| {
            let number: usize = text.parse().map_err(|_| unknown())?;
            // Labels are bytes; only the plain spelling is a name.
            let plain = (least..256).contains(&number) && number.to_string() == text;
            plain.then_some(number).ok_or_else(unknown)
        };
        match name {
            "untargeted" => Ok(Self::Untargeted),
            "runner-up" => Ok(Self::RunnerUp),
            "least-likely" => Ok(Self::LeastLikely),
            _ => match name.split_once('-') {
                Some(("likely", count)) => Ok(Self::Likely(number(count, 1)?)),
                Some(("class", class)) => Ok(Self::Class(number(class, 0)?)),
                _ => Err(unknown()),
            },
        }
    }
}

impl TryFrom<String> for Goal {
    type Error = GoalNameError;

    fn try_from(name: String) -> Result<Self, GoalNameError> {
        name.parse()
    }
}

impl From<Goal> for String {
    fn from(goal: Goal) -> Self {
        goal.to_string()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for name in [
            "untargeted",
            "runner-up",
            "least-likely",
            "likely-9",
            "class-0",
            "class-255",
        ] {
            assert_eq!(name.parse::<Goal>().unwrap().to_string(), name);
        }
        for name in [
            "",
            "likely-0",
            "likely-",
            "class-256",
            "class-01",
            "class--1",
            "class",
        ] {
            let error = name.parse::<Goal>().unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("class-3"), "{error}");
        }
    }

    #[test]
    fn goals_are_classes_other_than_the_label() {
        let logits = [0.1, 3.0, -2.0, 1.0];
        let class = |goal: Goal, turn| goal.class(&logits, 1, turn);
        assert_eq!(class(Goal::Untargeted, 0), None);
        assert_eq!(
            [0, 1, 2, 3].map(|turn| class(Goal::Likely(3), turn)),
            [Some(3), Some(0), Some(2), None]
        );
        assert_eq!(class(Goal::RunnerUp, 0), Some(3));
        assert_eq!(class(Goal::LeastLikely, 0), Some(2));
        assert_eq!(class(Goal::Class(0), 0), Some(0));
        assert_eq!(class(Goal::Class(1), 0), None);
        assert_eq!(Goal::Likely(9).turns(4), 3);
        assert_eq!(
            (Goal::Untargeted.turns(4), Goal::LeastLikely.turns(4)),
            (0, 1)
        );
    }
}
