//! The plain model that transferred images are made on.

use crate::config::{NetworkKind, ObjectiveConfig, RunConfig};
use crate::control::Control;
use crate::model::Model;
use crate::resident::Resident;
use crate::train::{TrainError, Trainer};

/// Training steps of the plain model: enough to be right about digits, and to share the features of
/// others with photographs.
const STEPS: usize = 400;

/// A plain model of the same data, to make images on.
pub async fn surrogate(
    data: &Resident,
    config: &RunConfig,
    control: &Control,
) -> Result<Model, TrainError> {
    let mut plain = RunConfig {
        // Not the weights that the model itself began with.
        seed: config.seed ^ 1,
        network: NetworkKind::SmallCnn,
        data: config.data.clone(),
        objective: ObjectiveConfig::natural(),
        ..RunConfig::default()
    };
    plain.training.steps = STEPS;
    plain.training.eval_every = 0;
    plain.training.held_out = 0;
    plain.training.batch_size = config.training.batch_size.min(data.data().train.len());
    let mut trainer = Trainer::new(plain, data)?;
    trainer.run_steps(data, control, &mut |_| {}).await?;
    Ok(Model::new(
        &trainer.model(),
        &Default::default(),
        config.seed,
    ))
}
