//! What a training step and a PGD iteration cost on a device, and what a GPU's time goes into.

#[cfg(feature = "backend")]
pub mod measure;
#[cfg(feature = "gpu")]
mod profiler;

use serde::{Deserialize, Serialize};

use crate::config::NetworkKind;

/// What to measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BenchPlan {
    /// The network, trained naturally with Adam.
    pub network: NetworkKind,
    /// Images per step and per iteration.
    pub batch_size: usize,
    /// Training steps of a round.
    pub steps: usize,
    /// PGD iterations of a round; 0 for none.
    pub iterations: usize,
    /// Rounds after the warm-up, of which the median counts; 0 counts the warm-up itself.
    pub rounds: u32,
    /// Whether a GPU's kernels are listed too.
    pub profile: bool,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BenchFigures {
    /// The network.
    pub network: NetworkKind,
    /// The device and its interface.
    pub device: String,
    /// Images per step and per iteration.
    pub batch_size: usize,
    /// Milliseconds of a training step: batch, forward, backward, update; numbers are read a few times
    /// a second.
    pub ms_per_training_step: f64,
    /// Milliseconds of a PGD iteration: forward, gradient by the images, step. Nothing without
    /// iterations.
    pub ms_per_pgd_iteration: Option<f64>,
    /// What a step's kernels are, if they were asked for.
    pub training_step: Option<Profile>,
    /// What an iteration's kernels are.
    pub pgd_iteration: Option<Profile>,
}

/// A kernel's share of what was watched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KernelTime {
    /// As the kernel is called in its source, shortened.
    pub kernel: String,
    /// How often it was launched; of several rounds, the mean.
    pub launches: f64,
    /// All launches together, in milliseconds.
    pub milliseconds: f64,
}

/// Every kernel that ran, the costliest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// One for each kernel.
    pub kernels: Vec<KernelTime>,
    /// Whether all times are the device's own. Others hold the way to the device and back, too.
    pub by_device: bool,
}

impl Profile {
    /// Launches of all kernels.
    pub fn launches(&self) -> f64 {
        self.kernels.iter().map(|kernel| kernel.launches).sum()
    }

    /// Milliseconds of all kernels.
    pub fn milliseconds(&self) -> f64 {
        self.kernels.iter().map(|kernel| kernel.milliseconds).sum()
    }

    /// What one of `rounds` took.
    #[must_use]
    pub fn per(mut self, rounds: usize) -> Self {
        for kernel in &mut self.kernels {
            kernel.launches /= rounds as f64;
            kernel.milliseconds /= rounds as f64;
        }
        self
    }
}
