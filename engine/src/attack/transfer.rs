//! Images made on one model, tried on another.

use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::choice::choose_unseen;
use super::run::{AttackError, Manner, Outcome, Target, answer, clean, on};
use crate::config::AttackConfig;
use crate::control::Control;
use crate::event::{Event, TransferRow};
use crate::model::Model;
use crate::resident::Resident;

/// Pixels of the images that `attack` makes of the test images at `places`, row-major, the worst point
/// of each; nothing if the user stopped it.
///
/// # Errors
/// [`AttackError`]
pub async fn make(
    source: &Target<'_>,
    attack: &AttackConfig,
    places: &[usize],
    control: &Control,
    emit: &mut dyn FnMut(Event),
) -> Result<Option<Vec<f32>>, AttackError> {
    let manner = Manner {
        whole: true,
        ..Manner::default()
    };
    let made = on(source, attack, places, manner, control, emit).await?;
    Ok((!made.stopped).then_some(made.worst))
}

/// What the model of `target` makes of images that stand for the test images at `places`.
///
/// # Errors
/// [`AttackError`]
pub async fn try_on(
    target: &Target<'_>,
    places: &[usize],
    pixels: Vec<f32>,
    batch_size: usize,
) -> Result<Outcome, AttackError> {
    let set = target.data.data();
    let [channels, height, width] = set.image_shape;
    let mut outcome = Outcome::default();
    let batches = places.chunks(batch_size);
    for (places, pixels) in batches.zip(pixels.chunks(batch_size * set.image_len())) {
        let shape = [places.len(), channels, height, width];
        let data = TensorData::new(pixels.to_vec(), shape);
        let images = Tensor::from_data(data, target.data.device());
        answer(target, places, images, &mut outcome).await?;
    }
    outcome.worst = pixels;
    Ok(outcome)
}

/// How images made on each of several models fare on every one of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Matrix {
    /// The attack that made the images.
    pub attack: AttackConfig,
    /// Names of the models.
    pub models: Vec<String>,
    /// Test images.
    pub images: usize,
    /// Share of the images that each model is right about without attack, in [0, 1].
    pub clean: Vec<f64>,
    /// The same under images made on each model: a row a source, a column a target. What cannot fall
    /// on its source (it is wrong there without attack, or of the class that is the goal) stays as it is.
    pub rows: Vec<Vec<f64>>,
    /// True if the user ended it early; then the last rows are missing.
    pub stopped: bool,
}

/// Makes images on each model from `attack.images` test images, and tries them on all. They are chosen
/// by what no model has a part in.
///
/// # Errors
/// [`AttackError`]
pub async fn matrix(
    models: &[(&str, &Model)],
    data: &Resident,
    seed: u64,
    attack: &AttackConfig,
    control: &Control,
    emit: &mut dyn FnMut(Event),
) -> Result<Matrix, AttackError> {
    attack.validate()?;
    attack.validate_for(data.data().classes.len())?;
    let places = choose_unseen(data, seed, attack, emit)?;
    let target = |model| Target { model, data, seed };
    let share = |outcome: &Outcome| {
        let right = outcome.is_right.iter().filter(|right| **right).count();
        right as f64 / places.len().max(1) as f64
    };
    let mut found = Matrix {
        attack: attack.clone(),
        models: models.iter().map(|(name, _)| (*name).to_owned()).collect(),
        images: places.len(),
        clean: Vec::new(),
        rows: Vec::new(),
        stopped: false,
    };
    for (_, model) in models {
        let seen = clean(&target(*model), &places, attack.batch_size).await?;
        found.clean.push(share(&seen));
    }
    for (name, source) in models {
        let made = make(&target(*source), attack, &places, control, emit).await?;
        let Some(pixels) = made else {
            found.stopped = true;
            break;
        };
        let mut row = Vec::with_capacity(models.len());
        for (_, model) in models {
            let target = target(*model);
            let seen = try_on(&target, &places, pixels.clone(), attack.batch_size).await?;
            row.push(share(&seen));
        }
        emit(Event::Transfer(TransferRow {
            source: (*name).to_owned(),
            accuracies: row.clone(),
        }));
        found.rows.push(row);
    }
    Ok(found)
}
