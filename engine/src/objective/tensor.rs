//! The objective in plain tensors, with gradients: what CPUs run, and the reference of the fused
//! kernels.

use burn::tensor::{Device, Tensor, TensorData, activation};

use crate::config::{ObjectiveConfig, Squeeze};

/// The targets of cross-entropy: one-hot labels, smoothed by `lambda` (poster, "Label-Smoothing"):
/// `y_warm = y_hot - lambda (y_hot - 1/C)`.
///
/// # Shapes
/// - `labels`: `[batch]`, each below `classes`
/// - output: `[batch, classes]`
pub fn targets(labels: &[u8], classes: usize, lambda: f64, device: &Device) -> Tensor<2> {
    let cold = (lambda / classes as f64) as f32;
    let warm = (1.0 - lambda + lambda / classes as f64) as f32;
    let mut values = vec![cold; labels.len() * classes];
    for (row, &label) in values.chunks_exact_mut(classes).zip(labels) {
        row[label as usize] = warm;
    }
    Tensor::from_data(TensorData::new(values, [labels.len(), classes]), device)
}

/// Sum over the batch of the cross-entropy.
///
/// # Shapes
/// - `logits`, `targets`: `[batch, classes]`
/// - output: `[1]`
pub fn cross_entropy_sum(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    (activation::log_softmax(logits, 1) * targets).sum().neg()
}

/// The objective of a batch (`recipe.md`, "Training objectives"), targets smoothed already.
///
/// # Shapes
/// - `logits`, `targets`: `[batch, classes]`
/// - output: `[1]`
pub fn objective(logits: Tensor<2>, targets: Tensor<2>, config: &ObjectiveConfig) -> Tensor<1> {
    let batch = logits.dims()[0] as f64;
    let cross_entropy = cross_entropy_sum(logits.clone(), targets) / batch;
    let distance = logits - config.gamma;
    let norm = match config.squeeze {
        Squeeze::None => return cross_entropy,
        Squeeze::Example => row_norms(distance).sum(),
        Squeeze::Batch => {
            let [batch, classes] = distance.dims();
            row_norms(distance.reshape([1, batch * classes])).sum()
        }
    };
    cross_entropy + norm * (config.beta / batch)
}

/// Mean over the batch of KL(softmax(clean) || softmax(adversarial)), see
/// [`super::reference::divergence`].
///
/// # Shapes
/// - `clean`, `adversarial`: `[batch, classes]`
/// - output: `[1]`
pub fn divergence(clean: Tensor<2>, adversarial: Tensor<2>) -> Tensor<1> {
    let batch = clean.dims()[0] as f64;
    let clean = activation::log_softmax(clean, 1);
    let adversarial = activation::log_softmax(adversarial, 1);
    (clean.clone().exp() * (clean - adversarial)).sum() / batch
}

/// The l_2 norm of each row, with gradient `z / ||z||`, and 0 for a row of zeros.
///
/// Each row is divided by its largest magnitude first, so that squares neither overflow nor vanish:
/// squeezed logits become tiny, and their norm must not become 0 before they do.
///
/// # Shapes
/// - `z`: `[rows, columns]`
/// - output: `[rows, 1]`
pub fn row_norms(z: Tensor<2>) -> Tensor<2> {
    let largest = z.clone().detach().abs().max_dim(1);
    // A row of zeros is divided by 1 instead.
    let is_zero = largest.clone().equal_elem(0.0);
    let scale = largest.mask_fill(is_zero.clone(), 1.0);
    let scaled = z / scale.clone();
    let sum = (scaled.clone() * scaled).sum_dim(1);
    // The square root has no derivative at 0: there the constant 0 stands in for it. Elsewhere the
    // sum is at least 1.
    let norm = sum.mask_fill(is_zero.clone(), 1.0).sqrt() * scale;
    norm.mask_fill(is_zero, 0.0)
}
