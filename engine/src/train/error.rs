//! Why training cannot begin or go on.

use crate::config::{ConfigError, OptimizerKind, RunConfig};
use crate::evaluate::DeviceFailure;
use crate::limits;
use crate::network::NetworkError;
use crate::network::weights::WeightsError;

/// Training that cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The config holds a value out of range, or one that does not fit the data.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The network cannot take these images.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// Weights do not fit.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The device failed.
    #[error(transparent)]
    Device(#[from] DeviceFailure),
    /// The GPU's memory does not hold a step.
    #[error("the GPU's memory is full with {images} images at once; {}", limits::room(*images, "training.micro_batch"))]
    MemoryFull {
        /// Images that went through the network at once.
        images: usize,
    },
    /// The state could not be kept.
    #[error("the run's state cannot be saved: {0}")]
    Save(String),
    /// The loss exploded, or a number is infinite or NaN.
    #[error("training diverged: at step {step} there was {value}; {cause}")]
    Diverged {
        /// The first such step.
        step: usize,
        /// The loss, or the weight that is not finite.
        value: f32,
        /// The likely cause and what to try.
        cause: String,
    },
}

impl TrainError {
    pub(super) fn diverged(step: usize, value: f32, config: &RunConfig) -> Self {
        Self::Diverged {
            step,
            value,
            cause: cause(step, config),
        }
    }
}

/// The likeliest cause of a divergence, most telling first.
fn cause(step: usize, config: &RunConfig) -> String {
    let optimizer = &config.optimizer;
    let rate = optimizer.learning_rate;
    let usual = match optimizer.kind {
        OptimizerKind::Adam | OptimizerKind::AdamW => 1e-2,
        OptimizerKind::Sgd | OptimizerKind::Nesterov => 0.5,
    };
    if rate > usual {
        format!(
            "most likely the learning rate {rate} is too large for {}: try a tenth of it",
            optimizer.kind.name()
        )
    } else if config.objective.beta > 50.0 {
        format!(
            "most likely the penalty weight beta {} overpowers the cross-entropy: try a tenth of it",
            config.objective.beta
        )
    } else if step < 200 && optimizer.schedule.warmup == 0.0 {
        "it came early: try `optimizer.schedule.warmup` = 0.1, or a smaller learning rate"
            .to_owned()
    } else if optimizer.clip_norm == 0.0 {
        "try `optimizer.clip_norm` = 1, or a smaller learning rate".to_owned()
    } else {
        format!("try a learning rate below {rate}")
    }
}
