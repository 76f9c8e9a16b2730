//! Images made on one model, tried on another.

use burn::tensor::{Tensor, TensorData};

use crate::attack::run::{AttackError, Manner, Outcome, Target, answer, on};
use crate::config::{AttackConfig, NetworkKind, ObjectiveConfig, RunConfig};
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

/// What the model of `target` makes of images that `attack` makes on `source`, for the test images at
/// `places`; nothing if the user stopped it.
pub async fn transfer(
    source: &Model,
    target: &Target<'_>,
    attack: &AttackConfig,
    places: &[usize],
    control: &Control,
) -> Result<Option<Outcome>, AttackError> {
    let on_source = Target {
        model: source,
        ..*target
    };
    let manner = Manner {
        whole: true,
        ..Manner::default()
    };
    let made = on(&on_source, attack, places, manner, control, &mut |_| {}).await?;
    if made.stopped {
        return Ok(None);
    }
    let set = target.data.data();
    let [channels, height, width] = set.image_shape;
    let mut outcome = Outcome::default();
    let batches = places.chunks(attack.batch_size);
    for (places, pixels) in batches.zip(made.worst.chunks(attack.batch_size * set.image_len())) {
        let shape = [places.len(), channels, height, width];
        let data = TensorData::new(pixels.to_vec(), shape);
        let images = Tensor::from_data(data, target.data.device());
        answer(target, places, images, &mut outcome).await?;
    }
    outcome.worst = made.worst;
    Ok(Some(outcome))
}
