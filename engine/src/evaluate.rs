//! Accuracy on clean images.

use std::fmt::Display;

#[cfg(feature = "gpu")]
use burn::tensor::Int;
use burn::tensor::Tensor;

use crate::config::ObjectiveConfig;
use crate::control::{Control, Wish, Yielder};
use crate::event::{Evaluation, Part};
use crate::limits;
use crate::model::Model;
use crate::objective::reference;
use crate::resident::{Resident, Source};

/// Most images that go through the network at a time, and most numbers of theirs: the first layers
/// make many numbers of each.
const MAX_IMAGES: usize = 250;
const MAX_NUMBERS: usize = MAX_IMAGES * 3 * 32 * 32;

/// The device failed in the middle of something.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DeviceFailure {
    /// It does not answer.
    #[error("the device failed ({0}); reload the page or start again, or ask for the device `cpu`")]
    Failed(String),
    /// Its memory is full: it answers, but what it says means nothing.
    #[error("the GPU's memory is full; send fewer images at once, or ask for the device `cpu`")]
    MemoryFull,
}

/// What came from a device, if it means something.
fn answered<T>(answer: Result<T, impl Display>) -> Result<T, DeviceFailure> {
    if limits::is_memory_full() {
        return Err(DeviceFailure::MemoryFull);
    }
    answer.map_err(|error| DeviceFailure::Failed(error.to_string()))
}

/// Reads a tensor of floats from the device.
///
/// # Errors
/// [`DeviceFailure`] if the device does not answer.
pub async fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, DeviceFailure> {
    answered(tensor.into_data_async().await)?
        .convert::<f32>()
        .try_into_vec()
        .map_err(|error| DeviceFailure::Failed(format!("{error:?}")))
}

/// Reads a kernel's words from the device, row-major.
///
/// # Errors
/// [`DeviceFailure`] if the device does not answer.
#[cfg(feature = "gpu")]
pub(crate) async fn read_words(tensor: Tensor<1, Int>) -> Result<Vec<u32>, DeviceFailure> {
    let words: Vec<i32> = answered(tensor.into_data_async().await)?
        .convert::<i32>()
        .try_into_vec()
        .map_err(|error| DeviceFailure::Failed(format!("{error:?}")))?;
    Ok(words.into_iter().map(i32::cast_unsigned).collect())
}

/// What a model answers to images, and what that comes to.
pub struct Answers {
    /// The evaluation.
    pub evaluation: Evaluation,
    /// Its logits, row-major `[images, classes]`.
    pub logits: Vec<f32>,
}

/// How many images go through a model at a time, where no more than its answers is wanted.
pub(crate) fn at_a_time(model: &Model, data: &Resident) -> usize {
    let set = data.data();
    let widest = model.widest(set.image_shape);
    let most = widest.and_then(|widest| limits::most_images(widest, data.device()));
    (MAX_NUMBERS / set.image_len().max(1))
        .min(most.unwrap_or(MAX_IMAGES))
        .clamp(1, MAX_IMAGES)
}

/// Evaluates the model on the held-out training images `places`, or on the test images `places`.
///
/// `step` is only passed on into the result, which is `None` if the user stopped it.
///
/// # Errors
/// [`DeviceFailure`] if the device does not answer.
pub async fn evaluate(
    model: &Model,
    data: &Resident,
    part: Part,
    places: &[u32],
    step: usize,
    control: &Control,
) -> Result<Option<Answers>, DeviceFailure> {
    let source = match part {
        Part::HeldOut => Source::Train,
        Part::Test => Source::Test,
    };
    let mut yielder = Yielder::new();
    let mut sum = 0.0;
    let mut correct = 0;
    let mut all = Vec::with_capacity(places.len() * data.data().classes.len());
    for places in places.chunks(at_a_time(model, data)) {
        if control.wish() == Wish::Stop {
            return Ok(None);
        }
        let places = || places.iter().map(|&place| place as usize);
        let logits = read(model.answer(data.images(source, places()))).await?;
        let labels = data.labels(source, places());
        let parts = reference::objective(&logits, &labels, &ObjectiveConfig::natural());
        sum += parts.cross_entropy * labels.len() as f64;
        correct += parts.correct;
        all.extend(logits);
        yielder.breathe().await;
    }
    Ok(Some(Answers {
        evaluation: Evaluation {
            part,
            step,
            images: places.len(),
            accuracy: correct as f64 / places.len() as f64,
            cross_entropy: sum / places.len() as f64,
        },
        logits: all,
    }))
}
