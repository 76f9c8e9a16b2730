//! Accuracy on clean images.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::batch::Batch;
use crate::config::ObjectiveConfig;
use crate::control::Yielder;
use crate::data::Dataset;
use crate::event::Evaluation;
use crate::network::Network;
use crate::objective::reference;

/// Images that go through the network at a time.
const BATCH: usize = 250;

/// The device failed in the middle of something.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the device failed ({0}); reload the page or start again, or ask for the device `cpu`")]
pub struct DeviceFailure(String);

/// Reads a tensor of floats from the device.
///
/// # Errors
/// [`DeviceFailure`] if the device does not answer.
pub async fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, DeviceFailure> {
    tensor
        .into_data_async()
        .await
        .map_err(|error| DeviceFailure(error.to_string()))?
        .convert::<f32>()
        .try_into_vec()
        .map_err(|error| DeviceFailure(format!("{error:?}")))
}

/// Evaluates the network on the first `images` test images (all of them, if there are fewer).
///
/// `step` is only passed on into the result.
///
/// # Errors
/// [`DeviceFailure`] if the device does not answer.
pub async fn evaluate(
    network: &Network,
    data: &Dataset,
    device: &Device,
    images: usize,
    step: usize,
) -> Result<Evaluation, DeviceFailure> {
    let network = network.valid();
    let device = device.clone().inner();
    let images = images.min(data.test.len());
    let mut logits = Vec::new();
    let mut yielder = Yielder::new();
    for start in (0..images).step_by(BATCH) {
        let places = start..(start + BATCH).min(images);
        let batch = Batch::gather(&data.test, data.image_shape, places);
        logits.push(network.forward(batch.images(&device)));
        yielder.breathe().await;
    }
    let logits = read(Tensor::cat(logits, 0)).await?;
    let parts = reference::objective(
        &logits,
        &data.test.labels[..images],
        &ObjectiveConfig::natural(),
    );
    Ok(Evaluation {
        step,
        images,
        accuracy: parts.correct as f64 / images as f64,
        cross_entropy: parts.cross_entropy,
    })
}
