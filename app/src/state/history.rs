//! [`History`]: the curves of a training run, with their smoothed form kept up as values arrive.

use squeeze_engine::event::{Evaluation, Look, Part, RunCurves, StepMetrics};

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
    /// Mean l_2 norm of an example's logits.
    pub logit_norm: Curve,
    /// The learning rate.
    pub rate: Curve,
    /// Evaluations on held-out images: step, accuracy.
    pub held_out: Vec<(usize, f32)>,
    /// The evaluation on the test set, at the end: step, accuracy.
    pub test: Option<(usize, f32)>,
    /// What was seen beside the evaluations, in order.
    pub looks: Vec<Look>,
}

/// The curves of another run, to be seen beside those of the run at hand.
#[derive(Clone, Debug)]
pub struct Other {
    /// The stored run.
    pub id: String,
    /// The user's name for it.
    pub name: String,
    /// A letter, by which the charts call it.
    pub letter: &'static str,
    /// Its curves.
    pub history: History,
}

impl From<&RunCurves> for History {
    fn from(curves: &RunCurves) -> Self {
        let mut history = Self::new(curves.info.config.training.steps);
        for metrics in &curves.steps {
            history.push(metrics);
        }
        for evaluation in &curves.evaluations {
            history.push_evaluation(evaluation);
        }
        for look in &curves.looks {
            history.push_look(look.clone());
        }
        history
    }
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
        self.logit_norm.push(metrics.logit_norm, memory);
        self.rate.push(metrics.learning_rate, 1.0);
    }

    /// Adds an evaluation.
    pub fn push_evaluation(&mut self, evaluation: &Evaluation) {
        let point = (evaluation.step, evaluation.accuracy as f32);
        match evaluation.part {
            Part::HeldOut => {
                // A step's evaluation may come again, after a pause.
                self.held_out.retain(|(step, _)| *step < evaluation.step);
                self.held_out.push(point);
            }
            Part::Test => self.test = Some(point),
        }
    }

    /// Adds a look.
    pub fn push_look(&mut self, look: Look) {
        self.looks.retain(|earlier| earlier.step < look.step);
        self.looks.push(look);
    }

    /// Accuracies under the short attack on the way: step, accuracy.
    pub fn attacked(&self) -> impl Iterator<Item = (usize, f32)> {
        self.looks
            .iter()
            .filter_map(|look| Some((look.step, look.attack?.accuracy as f32)))
    }

    /// Forgets what came after a step: a run goes on from there.
    pub fn cut(&mut self, step: usize) {
        let kept = self.steps.partition_point(|at| *at <= step);
        if kept == self.steps.len() {
            return;
        }
        self.steps.truncate(kept);
        for curve in [
            &mut self.loss,
            &mut self.cross_entropy,
            &mut self.penalty,
            &mut self.accuracy,
            &mut self.logit_norm,
            &mut self.rate,
        ] {
            curve.raw.truncate(kept);
            curve.smooth.truncate(kept);
        }
        self.held_out.retain(|(at, _)| *at <= step);
        self.looks.retain(|look| look.step <= step);
        self.test = None;
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

    #[test]
    fn a_run_that_goes_on_from_an_earlier_step_loses_what_came_after() {
        let evaluation = |part, step| Evaluation {
            part,
            step,
            images: 10,
            accuracy: 0.5,
            cross_entropy: 1.0,
        };
        let mut history = History::new(10);
        for step in 1..=6 {
            history.push(&StepMetrics {
                step,
                loss: 1.0,
                cross_entropy: 1.0,
                penalty: 0.0,
                accuracy: 0.5,
                logit_norm: 1.0,
                learning_rate: 0.1,
            });
        }
        for (part, step) in [
            (Part::HeldOut, 2),
            (Part::HeldOut, 6),
            (Part::HeldOut, 6),
            (Part::Test, 6),
        ] {
            history.push_evaluation(&evaluation(part, step));
        }
        assert_eq!(history.held_out.len(), 2);
        assert_eq!(history.test, Some((6, 0.5)));
        history.cut(6);
        assert_eq!(history.steps.len(), 6);
        history.cut(4);
        assert_eq!(history.steps, [1, 2, 3, 4]);
        assert_eq!(history.loss.smooth.len(), 4);
        assert_eq!(history.held_out, [(2, 0.5)]);
        assert_eq!(history.test, None);
    }
}
