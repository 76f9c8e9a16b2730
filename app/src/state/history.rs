//! [`History`]: the curves of a training run, with their smoothed form kept up as values arrive.

use squeeze_engine::event::{Evaluation, StepMetrics};

/// One number per step, raw and smoothed.
#[derive(Clone, Debug, Default)]
pub struct Curve {
    /// As measured.
    pub raw: Vec<f32>,
    /// Exponential moving average, corrected for its start from nothing.
    pub smooth: Vec<f32>,
    weight: f64,
    sum: f64,
}

impl Curve {
    /// Adds the next value; `memory` is the average's span in steps.
    fn push(&mut self, value: f32, memory: f64) {
        self.raw.push(value);
        if value.is_finite() {
            let keep = 1.0 - 1.0 / memory;
            self.sum = keep * self.sum + (1.0 - keep) * f64::from(value);
            self.weight = keep * self.weight + (1.0 - keep);
        }
        self.smooth.push(if self.weight > 0.0 {
            (self.sum / self.weight) as f32
        } else {
            f32::NAN
        });
    }

    /// The latest smoothed value.
    pub fn latest(&self) -> Option<f32> {
        self.smooth.last().copied()
    }
}

/// The curves of one run.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Steps of the whole run: the width of the charts.
    pub total_steps: usize,
    /// The step that each entry of the curves belongs to.
    pub steps: Vec<usize>,
    /// The objective.
    pub loss: Curve,
    /// Its cross-entropy part.
    pub cross_entropy: Curve,
    /// Its penalty part.
    pub penalty: Curve,
    /// Accuracy on the training batches.
    pub accuracy: Curve,
    /// Evaluations on test images: step, accuracy.
    pub tests: Vec<(usize, f32)>,
}

impl History {
    /// Empty curves for a run of that many steps.
    pub fn new(total_steps: usize) -> Self {
        Self {
            total_steps,
            ..Self::default()
        }
    }

    /// Adds a step.
    pub fn push(&mut self, metrics: &StepMetrics) {
        // Long runs are smoothed over more steps, so that the line stays calm at any zoom.
        let memory = (self.total_steps as f64 / 60.0).clamp(5.0, 200.0);
        self.steps.push(metrics.step);
        self.loss.push(metrics.loss, memory);
        self.cross_entropy.push(metrics.cross_entropy, memory);
        self.penalty.push(metrics.penalty, memory);
        self.accuracy.push(metrics.accuracy, memory);
    }

    /// Adds an evaluation.
    pub fn push_test(&mut self, evaluation: &Evaluation) {
        // The final evaluation may repeat the last periodic one, on more images.
        self.tests.retain(|(step, _)| *step != evaluation.step);
        self.tests
            .push((evaluation.step, evaluation.accuracy as f32));
    }

    /// True if the objective has a penalty that shows.
    pub fn has_penalty(&self) -> bool {
        self.penalty.raw.iter().any(|value| *value > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smoothing_starts_at_the_first_value_and_survives_a_gap() {
        let mut curve = Curve::default();
        for value in [2.0, 2.0, f32::NAN, 2.0] {
            curve.push(value, 10.0);
        }
        assert!(curve.smooth.iter().all(|value| (value - 2.0).abs() < 1e-6));
        assert_eq!(curve.raw.len(), 4);
    }
}
