//! [`Live`]: the numbers of the run at hand, as the page shows them now.

use squeeze_engine::config::RunConfig;
use squeeze_engine::event::{Evaluation, Part, StepMetrics, TrainingSummary};

/// The numbers of the run at hand.
#[derive(Clone, Debug)]
pub struct Live {
    /// The run's own config; the form may have moved on.
    pub config: RunConfig,
    /// Trainable numbers of the network.
    pub parameters: usize,
    /// Steps done.
    pub step: usize,
    /// Steps a second.
    pub steps_per_sec: f64,
    /// The latest step.
    pub latest: Option<StepMetrics>,
    /// Smoothed accuracy on the training batches.
    pub train_accuracy: Option<f32>,
    /// The latest evaluation on held-out images.
    pub held_out: Option<Evaluation>,
    /// The evaluation on the test set, at the end.
    pub test: Option<Evaluation>,
    /// The end of the run.
    pub summary: Option<TrainingSummary>,
}

impl Live {
    /// A run that has had so many steps and of which nothing else is known yet.
    pub fn new(config: RunConfig, parameters: usize, step: usize) -> Self {
        Self {
            config,
            parameters,
            step,
            steps_per_sec: 0.0,
            latest: None,
            train_accuracy: None,
            held_out: None,
            test: None,
            summary: None,
        }
    }

    /// Takes in an evaluation.
    pub fn evaluated(&mut self, evaluation: Evaluation) {
        match evaluation.part {
            Part::HeldOut => self.held_out = Some(evaluation),
            Part::Test => self.test = Some(evaluation),
        }
    }

    /// Steps of the whole run.
    pub fn total_steps(&self) -> usize {
        self.config.training.steps
    }

    /// Seconds to the last step at the present speed, once that is known.
    pub fn secs_left(&self) -> Option<f64> {
        let left = self.total_steps().saturating_sub(self.step) as f64;
        (self.steps_per_sec > 0.0 && self.step > 0).then(|| left / self.steps_per_sec)
    }

    /// The loss is no longer a number: nothing more is learned.
    pub fn diverged(&self) -> bool {
        self.latest.is_some_and(|latest| !latest.loss.is_finite())
    }
}
