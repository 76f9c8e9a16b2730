//! Projected gradient descent (Madry et al. 2018, arXiv:1706.06083) in the l_inf ball.

use burn::tensor::Tensor;

use super::linf::{Budget, linf_step};
use crate::objective::tensor::cross_entropy_sum;

/// The loss that an untargeted attack climbs, at one point.
pub struct Ascent {
    /// Logits at the point, `[batch, classes]`, without autodiff.
    pub logits: Tensor<2>,
    /// Gradient of the summed cross-entropy with respect to the images, without autodiff.
    pub gradient: Tensor<4>,
}

/// Logits and input gradient of a classifier at `x`.
///
/// The classifier's weights must not require gradients (`Module::no_grad`), so that theirs are not
/// computed. The loss is the sum over the batch, not the mean: each image's gradient is its own, and
/// tiny gradients are not made smaller by the batch size.
///
/// # Shapes
/// - `x`: `[batch, channels, height, width]`, without autodiff
/// - `targets`: `[batch, classes]`, one-hot, on the autodiff device
pub fn ascent(
    classify: impl Fn(Tensor<4>) -> Tensor<2>,
    x: Tensor<4>,
    targets: Tensor<2>,
) -> Ascent {
    let x = x.autodiff().require_grad();
    let logits = classify(x.clone());
    let mut gradients = cross_entropy_sum(logits.clone(), targets).backward();
    // No gradient means that no path leads from the images to the loss: then it is zero.
    let gradient = x
        .grad_remove(&mut gradients)
        .unwrap_or_else(|| x.inner().zeros_like());
    Ascent {
        logits: logits.inner(),
        gradient,
    }
}

/// The iterates of one batch.
pub struct Pgd {
    /// Images without perturbation, without autodiff.
    clean: Tensor<4>,
    /// One-hot labels on the autodiff device.
    targets: Tensor<2>,
    budget: Budget,
    x: Tensor<4>,
}

impl Pgd {
    /// Starts at `start`, which must lie in the ball around `clean` and in [0, 1].
    ///
    /// # Shapes
    /// - `clean`, `start`: `[batch, channels, height, width]`, without autodiff
    /// - `targets`: `[batch, classes]`, one-hot, on the autodiff device
    pub fn new(clean: Tensor<4>, start: Tensor<4>, targets: Tensor<2>, budget: Budget) -> Self {
        Self {
            clean,
            targets,
            budget,
            x: start,
        }
    }

    /// The current iterate, `[batch, channels, height, width]`.
    pub fn x(&self) -> Tensor<4> {
        self.x.clone()
    }

    /// One step; returns the logits at the point that it started from, `[batch, classes]`.
    pub fn step(&mut self, classify: impl Fn(Tensor<4>) -> Tensor<2>) -> Tensor<2> {
        let Ascent { logits, gradient } = ascent(classify, self.x(), self.targets.clone());
        self.x = linf_step(self.x(), gradient, self.clean.clone(), &self.budget);
        logits
    }
}
