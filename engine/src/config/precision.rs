//! [`Precision`]: how many bits the numbers between a network's layers have in training.

use serde::{Deserialize, Serialize};

/// How many bits the numbers between a network's layers have in training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// 32 bits throughout.
    #[default]
    Full,
    /// 16 bits between layers and in their gradients; weights, sums, statistics, losses and updates have
    /// 32 (Micikevicius et al. 2018, arXiv:1710.03740). Needs a GPU with 16-bit floats. What is
    /// evaluated and attacked afterwards has 32 bits throughout.
    Mixed,
}

impl Precision {
    /// Both, in the order an interface lists them.
    pub const ALL: [Self; 2] = [Self::Full, Self::Mixed];

    /// The name used in files, flags and links.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Mixed => "mixed",
        }
    }

    /// What was measured before there was such a setting stays as it is: it is not written where it is
    /// the usual one.
    pub(super) fn is_full(&self) -> bool {
        *self == Self::Full
    }
}
