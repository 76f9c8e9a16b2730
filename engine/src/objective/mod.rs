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
/// On a GPU its value means nothing: [`gradient`] is carried on from the logits. Reports take the
/// objective's value from the logits.
///
/// # Shapes
/// - `logits`: `[batch, classes]`, with autodiff
/// - `labels`: `[batch]`, each below `classes`
/// - output: `[1]`
pub fn loss(logits: Tensor<2>, labels: &[u8], config: &ObjectiveConfig) -> Tensor<1> {
    #[cfg(feature = "gpu")]
    if let DispatchDevice::Cube(_) = logits.device().inner().as_dispatch() {
        let gradient = gradient(logits.clone().inner(), labels, config);
        return given_gradient(logits, gradient);
    }
    in_tensors(logits, labels, config)
}

/// The gradient of the objective by a batch's logits.
///
/// # Shapes
/// - `logits` and output: `[batch, classes]`, without autodiff
/// - `labels`: `[batch]`, each below `classes`
pub fn gradient(logits: Tensor<2>, labels: &[u8], config: &ObjectiveConfig) -> Tensor<2> {
    #[cfg(feature = "gpu")]
    if let DispatchDevice::Cube(_) = logits.device().as_dispatch() {
        let labels_there = kernel_labels(labels, &logits.device());
        let params = params(labels.len(), logits.dims()[1], config);
        return crate::kernel::objective::objective(logits, &labels_there, &params).gradient;
    }
    let at = logits.clone().autodiff().require_grad();
    let mut gradients = in_tensors(at.clone(), labels, config).backward();
    let gradient = at.grad_remove(&mut gradients);
    // Cross-entropy leads from the logits to the loss whatever else does.
    gradient.unwrap_or_else(|| logits.zeros_like())
}

fn in_tensors(logits: Tensor<2>, labels: &[u8], config: &ObjectiveConfig) -> Tensor<1> {
    let (classes, device) = (logits.dims()[1], logits.device());
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
