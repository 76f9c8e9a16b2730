//! Objectives: values against the float64 reference, gradients against finite differences of it.

use burn::tensor::{Device, Tensor, TensorData};
use squeeze_engine::config::{ObjectiveConfig, Squeeze};
use squeeze_engine::objective::{self, reference, tensor};

use crate::devices::{assert_close, numbers, on_every_device};

const BATCH: usize = 6;
const CLASSES: usize = 10;

on_every_device!(
    values_match_the_reference,
    gradients_match_finite_differences,
    zero_logits_have_a_finite_gradient,
    extreme_logits_keep_norm_and_gradient,
    squeezing_is_stationary_at_zero_only_past_critical_beta,
);

fn configs() -> Vec<ObjectiveConfig> {
    let mut configs = Vec::new();
    for label_smoothing in [0.0, 0.9, 1.0] {
        for (squeeze, beta) in [
            (Squeeze::None, 0.0),
            (Squeeze::Example, 0.5),
            (Squeeze::Batch, 5.0),
        ] {
            configs.push(ObjectiveConfig {
                label_smoothing,
                squeeze,
                beta,
                ..ObjectiveConfig::natural()
            });
        }
        for (squeeze, gamma) in [(Squeeze::Example, -2.0), (Squeeze::Batch, 1.0)] {
            configs.push(ObjectiveConfig {
                label_smoothing,
                squeeze,
                beta: 3.0,
                gamma,
                ..ObjectiveConfig::natural()
            });
        }
    }
    configs
}

fn labels() -> Vec<u8> {
    (0..BATCH).map(|i| (i * 3 % CLASSES) as u8).collect()
}

/// Loss in plain tensors, and the gradient with respect to the logits that training takes: the fused
/// kernels' on a GPU. That of the plain tensors must be the same.
fn on_device(
    logits: &[f32],
    labels: &[u8],
    config: &ObjectiveConfig,
    device: &Device,
) -> (f32, Vec<f32>) {
    let device = device.clone().autodiff();
    let shape = [labels.len(), logits.len() / labels.len()];
    let logits =
        Tensor::<2>::from_data(TensorData::new(logits.to_vec(), shape), &device).require_grad();
    let targets = tensor::targets(labels, shape[1], config.label_smoothing, &device);
    let loss = tensor::objective(logits.clone(), targets, config);
    let gradient = |loss: Tensor<1>| -> Vec<f32> {
        let gradient = logits.grad(&loss.backward()).unwrap();
        gradient.into_data().try_into_vec().unwrap()
    };
    let plain = gradient(loss.clone());
    let trained = gradient(objective::loss(logits.clone(), labels, config));
    assert_close(&trained, &plain, 1e-5, 1e-6);
    (loss.into_scalar::<f32>(), trained)
}

fn values_match_the_reference(device: &Device) {
    let logits = numbers(1, BATCH * CLASSES, 4.0);
    for config in configs() {
        let expected = reference::objective(&logits, &labels(), &config).loss() as f32;
        let (loss, _) = on_device(&logits, &labels(), &config, device);
        assert_close(&[loss], &[expected], 2e-6, 1e-6);
    }
}

fn gradients_match_finite_differences(device: &Device) {
    let logits = numbers(2, BATCH * CLASSES, 4.0);
    let exact: Vec<f64> = logits.iter().map(|&z| f64::from(z)).collect();
    for config in configs() {
        let (_, gradient) = on_device(&logits, &labels(), &config, device);
        let loss_at = |place: usize, delta: f64| {
            let mut moved = exact.clone();
            moved[place] += delta;
            reference::objective(&moved, &labels(), &config).loss()
        };
        let step = 1e-5;
        let expected: Vec<f32> = (0..exact.len())
            .map(|place| ((loss_at(place, step) - loss_at(place, -step)) / (2.0 * step)) as f32)
            .collect();
        assert_close(&gradient, &expected, 1e-5, 1e-6);
    }
}

fn zero_logits_have_a_finite_gradient(device: &Device) {
    let logits = vec![0.0; BATCH * CLASSES];
    for config in configs() {
        if config.gamma != 0.0 {
            continue;
        }
        let (loss, gradient) = on_device(&logits, &labels(), &config, device);
        assert_close(&[loss], &[(CLASSES as f32).ln()], 1e-6, 1e-6);
        // The norm's gradient at 0 is taken as 0: what is left is cross-entropy's, softmax minus target.
        let targets = tensor::targets(&labels(), CLASSES, config.label_smoothing, device);
        let targets: Vec<f32> = targets.into_data().try_into_vec().unwrap();
        let expected: Vec<f32> = targets
            .iter()
            .map(|target| (1.0 / CLASSES as f32 - target) / BATCH as f32)
            .collect();
        assert_close(&gradient, &expected, 1e-5, 1e-7);
    }
}

fn extreme_logits_keep_norm_and_gradient(device: &Device) {
    // Squares of these vanish or overflow in float32.
    for scale in [1e-25_f32, 1e-12, 1e12, 1e25] {
        let config = ObjectiveConfig {
            label_smoothing: 1.0,
            squeeze: Squeeze::Batch,
            beta: 1e3,
            ..ObjectiveConfig::natural()
        };
        let logits: Vec<f32> = numbers(3, BATCH * CLASSES, 1.0)
            .iter()
            .map(|z| z * scale)
            .collect();
        let z = Tensor::<2>::from_data(
            TensorData::new(logits.clone(), [1, BATCH * CLASSES]),
            &device.clone().autodiff(),
        )
        .require_grad();
        let norm = tensor::row_norms(z.clone());
        let gradient: Vec<f32> = z
            .grad(&norm.backward())
            .unwrap()
            .into_data()
            .try_into_vec()
            .unwrap();
        let expected =
            reference::objective(&logits, &labels(), &config).penalty * BATCH as f64 / config.beta;
        let norm: f32 = norm.into_scalar();
        assert_close(
            &[norm / scale],
            &[(expected / f64::from(scale)) as f32],
            1e-5,
            0.0,
        );
        let unit: Vec<f32> = logits
            .iter()
            .map(|&z| (f64::from(z) / expected) as f32)
            .collect();
        assert_close(&gradient, &unit, 1e-4, 1e-6);
    }
}

/// `recipe.md`, "The critical squeeze": at zero logits the cross-entropy's gradient is shorter than
/// the penalty's slope exactly from beta_c on.
fn squeezing_is_stationary_at_zero_only_past_critical_beta(device: &Device) {
    let natural = ObjectiveConfig::natural();
    let (_, gradient) = on_device(&vec![0.0; BATCH * CLASSES], &labels(), &natural, device);
    let length = gradient.iter().map(|g| g * g).sum::<f32>().sqrt();
    let squeezed = ObjectiveConfig {
        squeeze: Squeeze::Batch,
        ..ObjectiveConfig::natural()
    };
    let critical = squeezed.critical_beta(BATCH, CLASSES).unwrap() as f32;
    assert_close(&[length], &[critical / BATCH as f32], 1e-5, 0.0);
    // A small move down the gradient lowers the objective below beta_c, and raises it past it.
    let step = 1e-3 / length;
    let moved: Vec<f32> = gradient.iter().map(|g| -step * g).collect();
    for (factor, falls) in [(0.9, true), (1.1, false)] {
        let config = ObjectiveConfig {
            squeeze: Squeeze::Batch,
            beta: f64::from(critical) * factor,
            ..ObjectiveConfig::natural()
        };
        let at_zero = reference::objective(&vec![0.0; BATCH * CLASSES], &labels(), &config);
        let at_moved = reference::objective(&moved, &labels(), &config);
        assert_eq!(
            at_moved.loss() < at_zero.loss(),
            falls,
            "beta = {factor} beta_c"
        );
    }
}
