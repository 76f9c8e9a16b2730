//! [`AdversaryConfig`]: training on adversarial images.

use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::check::{PIXELS, check, check_count, check_positive, check_weight};

/// How training images are made adversarial, in the l_inf ball, before the objective is taken there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdversaryConfig {
    /// Which adversary.
    pub kind: Adversary,
    /// Radius of the l_inf ball in pixel units, in [0, 1].
    pub epsilon: f64,
    /// Length of a step in pixel units, above 0. Free training always steps by epsilon.
    pub step_size: f64,
    /// PGD and TRADES: gradient steps on the images for each training step. Free: how often each
    /// batch is replayed (m). At least 1; Fast takes one step.
    pub iterations: usize,
    /// TRADES: weight of the divergence between clean and adversarial predictions, at least 0
    /// (1/lambda in that paper, where 6 is the working value).
    pub trades_weight: f64,
}

/// An adversary to train against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Adversary {
    /// None: the images as they are.
    #[default]
    None,
    /// k-step PGD from a uniform start (Madry et al. 2018, arXiv:1706.06083).
    Pgd,
    /// "Adversarial training for free": each batch is replayed m times, and one backward pass
    /// updates both weights and perturbation (Shafahi et al. 2019, arXiv:1904.12843).
    Free,
    /// "Fast is better than free": one step of FGSM from a uniform start (Wong, Rice and Kolter
    /// 2020, arXiv:2001.03994).
    Fast,
    /// TRADES: clean objective plus divergence at the worst point (Zhang et al. 2019,
    /// arXiv:1901.08573).
    Trades,
}

impl Adversary {
    /// All of them, in the order an interface lists them.
    pub const ALL: [Self; 5] = [Self::None, Self::Pgd, Self::Free, Self::Fast, Self::Trades];

    /// The name used in files, flags and links.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pgd => "pgd",
            Self::Free => "free",
            Self::Fast => "fast",
            Self::Trades => "trades",
        }
    }
}

impl Default for AdversaryConfig {
    fn default() -> Self {
        Self {
            kind: Adversary::None,
            epsilon: 0.3,
            step_size: 0.1,
            iterations: 7,
            trades_weight: 6.0,
        }
    }
}

impl AdversaryConfig {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        check(
            (0.0..=1.0).contains(&self.epsilon),
            "objective.adversary.epsilon",
            self.epsilon,
            format!("from 0 to 1{PIXELS}"),
        )?;
        check_positive("objective.adversary.step_size", self.step_size, PIXELS)?;
        check_count("objective.adversary.iterations", self.iterations)?;
        check_weight("objective.adversary.trades_weight", self.trades_weight)
    }
}
