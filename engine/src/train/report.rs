//! The numbers of training steps: collected on the device, read together at a bounded rate.

use burn::tensor::Tensor;
use web_time::{Duration, Instant};

use crate::config::ObjectiveConfig;
use crate::evaluate::{DeviceFailure, read};
use crate::event::StepMetrics;
use crate::objective::reference;

/// Numbers are read from the device about this often: often enough for a live chart, seldom enough
/// that a fast device never waits for them.
const READ_EVERY: Duration = Duration::from_millis(250);

/// Steps whose logits may wait on the device: bounds memory and how far the host runs ahead.
const MAX_PENDING: usize = 64;

/// A step whose numbers still lie on the device.
pub struct Pending {
    /// `[batch, classes]`, on the images that the objective was taken at.
    pub logits: Tensor<2>,
    /// TRADES: the logits on the adversarial images.
    pub adversarial: Option<Tensor<2>>,
    /// Class of each image.
    pub labels: Vec<u8>,
    /// The objective, with the penalty's weight at this step.
    pub objective: ObjectiveConfig,
    /// The learning rate of the update.
    pub learning_rate: f64,
}

/// Collects steps and reads them.
pub struct Reader {
    pending: Vec<Pending>,
    /// Steps to wait for before the next read.
    read_after: usize,
    last_read: Instant,
    first_step: usize,
    began: Instant,
    next_step: usize,
}

impl Reader {
    /// A reader that begins after `step` steps.
    pub fn new(step: usize) -> Self {
        Self {
            pending: Vec::new(),
            read_after: 1,
            last_read: Instant::now(),
            first_step: step,
            began: Instant::now(),
            next_step: step + 1,
        }
    }

    /// Takes the next step.
    pub fn push(&mut self, step: Pending) {
        self.pending.push(step);
    }

    /// It is time to read.
    pub fn is_due(&self) -> bool {
        self.pending.len() >= self.read_after
    }

    /// Leaves time out of the steps per second.
    pub fn exclude(&mut self, time: Duration) {
        self.began += time;
        self.last_read += time;
    }

    /// Steps per second since this reader began, `step` being done.
    pub fn steps_per_sec(&self, step: usize) -> f64 {
        (step - self.first_step) as f64 / self.began.elapsed().as_secs_f64().max(1e-9)
    }

    /// Reads the steps that wait.
    ///
    /// # Errors
    /// [`DeviceFailure`] if the device does not answer.
    pub async fn read(&mut self) -> Result<Vec<StepMetrics>, DeviceFailure> {
        if self.pending.is_empty() {
            return Ok(Vec::new());
        }
        let pending = std::mem::take(&mut self.pending);
        let count = pending.len();
        let mut logits = Vec::with_capacity(2 * count);
        logits.extend(pending.iter().map(|step| step.logits.clone()));
        logits.extend(pending.iter().filter_map(|step| step.adversarial.clone()));
        let values = read(Tensor::cat(logits, 0)).await?;
        let classes = pending[0].logits.dims()[1];
        let mut rows = values.chunks_exact(pending[0].labels.len() * classes);
        let clean: Vec<&[f32]> = rows.by_ref().take(count).collect();
        let steps = pending
            .iter()
            .zip(clean)
            .zip(self.next_step..)
            .map(|((step, logits), number)| {
                let adversarial = step.adversarial.as_ref().and_then(|_| rows.next());
                metrics(number, step, logits, adversarial)
            })
            .collect();
        self.next_step += count;
        // As many steps as took READ_EVERY this time, for the next time.
        let elapsed = self.last_read.elapsed().as_secs_f64().max(1e-6);
        let fitting = count as f64 * READ_EVERY.as_secs_f64() / elapsed;
        self.read_after = (fitting as usize).clamp(1, MAX_PENDING);
        self.last_read = Instant::now();
        Ok(steps)
    }
}

fn metrics(
    number: usize,
    step: &Pending,
    logits: &[f32],
    adversarial: Option<&[f32]>,
) -> StepMetrics {
    let labels = &step.labels;
    let parts = reference::objective(logits, labels, &step.objective);
    let classes = logits.len() / labels.len();
    let divergence = adversarial.map_or(0.0, |adversarial| {
        step.objective.adversary.trades_weight * reference::divergence(logits, adversarial, classes)
    });
    let penalty = parts.penalty + divergence;
    StepMetrics {
        step: number,
        loss: (parts.cross_entropy + penalty) as f32,
        cross_entropy: parts.cross_entropy as f32,
        penalty: penalty as f32,
        accuracy: parts.correct as f32 / labels.len() as f32,
        logit_norm: parts.logit_norm as f32,
        learning_rate: step.learning_rate as f32,
    }
}
