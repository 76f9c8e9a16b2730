//! What training minimises: cross-entropy with optional label smoothing and a penalty on the logits.
//!
//! Three forms of one thing: [`reference`] in plain float64, which reports use too, so that a run's
//! numbers come from its logits alone and cost the device nothing; [`tensor`] in plain tensors, for
//! CPUs; and the fused kernels of [`crate::kernel::objective`] for GPUs. The tests hold them against
//! each other.

pub mod reference;
pub mod tensor;

#[cfg(feature = "gpu")]
use burn::backend::DispatchDevice;
use burn::tensor::Tensor;
#[cfg(feature = "gpu")]
use squeeze_shaders::objective::Params;

use crate::config::ObjectiveConfig;
#[cfg(feature = "gpu")]
use crate::config::Squeeze;
#[cfg(feature = "gpu")]
use crate::operation::given_gradient::given_gradient;

/// A number whose gradient is that of the objective on a batch.
///
/// On a GPU its value means nothing: the fused kernels make the gradient with respect to the logits,
/// which is carried on from there. Reports take the objective's value from the logits.
///
/// # Shapes
/// - `logits`: `[batch, classes]`, with autodiff
/// - `labels`: `[batch]`, each below `classes`
/// - output: `[1]`
pub fn loss(logits: Tensor<2>, labels: &[u8], config: &ObjectiveConfig) -> Tensor<1> {
    let device = logits.device();
    #[cfg(feature = "gpu")]
    if let DispatchDevice::Cube(_) = device.clone().inner().as_dispatch() {
        let plain = logits.clone().inner();
        let fused = crate::kernel::objective::objective(
            plain,
            &kernel_labels(labels, &device.inner()),
            &params(labels.len(), logits.dims()[1], config),
        );
        return given_gradient(logits, fused.gradient);
    }
    let classes = logits.dims()[1];
    let targets = tensor::targets(labels, classes, config.label_smoothing, &device);
    tensor::objective(logits, targets, config)
}

/// Labels as the kernels read them.
#[cfg(feature = "gpu")]
pub fn kernel_labels(labels: &[u8], device: &burn::tensor::Device) -> Tensor<1, burn::tensor::Int> {
    let labels: Vec<u32> = labels.iter().copied().map(u32::from).collect();
    crate::kernel::words(&labels, device)
}

/// The kernels' parameters for a batch.
#[cfg(feature = "gpu")]
pub fn params(batch: usize, classes: usize, config: &ObjectiveConfig) -> Params {
    Params {
        batch: batch as u32,
        classes: classes as u32,
        form: match config.squeeze {
            Squeeze::None => 0,
            Squeeze::Example => 1,
            Squeeze::Batch => 2,
        },
        lambda: config.label_smoothing as f32,
        beta: config.beta as f32,
        gamma: config.gamma as f32,
    }
}
