//! Logits of any size, radii of nothing and of everything, one image, equal images, broken weights: what
//! comes out is a number, or an error that names the cause.

use burn::tensor::{Device, Tensor, TensorData};
use squeeze_engine::attack::begin::{Batch, begin};
use squeeze_engine::config::{AttackConfig, AttackMethod, Norm, ObjectiveConfig, Squeeze};
use squeeze_engine::network::weights;
use squeeze_engine::objective;
use squeeze_engine::objective::reference;
use squeeze_engine::parameter::Parameter;
use squeeze_engine::train::Trainer;

use crate::devices::{assert_close, numbers, on_every_device};
use crate::training::{plain_config, resident};

on_every_device!(
    objectives_of_extreme_logits_are_numbers,
    attacks_on_extreme_logits_stay_inside,
    weights_that_are_no_numbers_are_named,
);

/// From where squares vanish to where they overflow.
const SIZES: [f32; 5] = [1e-30, 1e-9, 1.0, 1e9, 1e30];

const CLASSES: usize = 3;

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().unwrap()
}

/// The gradient in float64, as it is written down: `(softmax - y_warm) / B + beta / B (z - gamma) / ||z -
/// gamma||`.
fn exact_gradient(logits: &[f32], labels: &[u8], config: &ObjectiveConfig) -> Vec<f32> {
    let (batch, classes) = (labels.len() as f64, CLASSES as f64);
    let logits: Vec<f64> = logits.iter().map(|&z| f64::from(z)).collect();
    let norm = |z: &[f64]| z.iter().map(|z| z * z).sum::<f64>().sqrt();
    let whole = norm(&logits);
    let mut gradient = Vec::new();
    for (row, &label) in logits.chunks_exact(CLASSES).zip(labels) {
        let most = row.iter().copied().fold(f64::MIN, f64::max);
        let sum: f64 = row.iter().map(|z| (z - most).exp()).sum();
        for (class, z) in row.iter().enumerate() {
            let hot = f64::from(u8::from(class == usize::from(label)));
            let warm = hot - config.label_smoothing * (hot - 1.0 / classes);
            let length = match config.squeeze {
                Squeeze::None => f64::INFINITY,
                Squeeze::Example => norm(row),
                Squeeze::Batch => whole,
            };
            let slope = (z - most).exp() / sum - warm + config.beta * z / length;
            gradient.push((slope / batch) as f32);
        }
    }
    gradient
}

fn objectives_of_extreme_logits_are_numbers(device: &Device) {
    for size in SIZES {
        for batch in [1, 5] {
            let labels: Vec<u8> = (0..batch).map(|row| (row % CLASSES) as u8).collect();
            let logits: Vec<f32> = numbers(5, batch * CLASSES, 1.0)
                .iter()
                .map(|z| z * size)
                .collect();
            for squeeze in Squeeze::ALL {
                let config = ObjectiveConfig {
                    label_smoothing: 0.3,
                    squeeze,
                    beta: if squeeze == Squeeze::None { 0.0 } else { 2.0 },
                    ..ObjectiveConfig::natural()
                };
                let z = TensorData::new(logits.clone(), [batch, CLASSES]);
                let z = Tensor::<2>::from_data(z, device);
                let gradient = values(objective::gradient(z, &labels, &config));
                let exact = exact_gradient(&logits, &labels, &config);
                println!("{size} {batch} {squeeze:?}");
                assert_close(&gradient, &exact, 1e-3, 1e-5);
                let value = reference::objective(&logits, &labels, &config);
                assert!(value.cross_entropy.is_finite() && value.penalty.is_finite());
            }
        }
    }
}

fn attacks_on_extreme_logits_stay_inside(device: &Device) {
    let weights = numbers(9, 16 * CLASSES, 0.3);
    for size in [SIZES[0], 1.0, SIZES[4]] {
        let scaled: Vec<f32> = weights.iter().map(|weight| weight * size).collect();
        let matrix = TensorData::new(scaled, [16, CLASSES]);
        let matrix = Tensor::<2>::from_data(matrix, &device.clone().autodiff());
        let classify = |images: Tensor<4>| images.flatten(1, 3).matmul(matrix.clone());
        for method in AttackMethod::ALL {
            for (norm, epsilon) in [
                (Norm::Linf, 0.0),
                (Norm::Linf, 1.0),
                (Norm::L2, 0.0),
                (Norm::L2, 4.0),
            ] {
                let config = AttackConfig {
                    method,
                    norm,
                    epsilon,
                    iterations: if method == AttackMethod::HopSkipJump {
                        1
                    } else {
                        4
                    },
                    ..AttackConfig::default()
                };
                // One image, and all of it the same grey.
                let grey = vec![0.5; 16];
                let clean = TensorData::new(grey.clone(), [1, 1, 4, 4]);
                let batch = Batch {
                    clean: Tensor::from_data(clean, device),
                    labels: vec![1],
                    targets: vec![],
                    classes: CLASSES,
                    seed: 3,
                    index: 0,
                    restart: 0,
                };
                let mut attack = begin(&config, &batch);
                for _ in 0..config.rounds() {
                    attack.step(&classify);
                }
                let points = values(attack.finish(&classify).points);
                let name = format!("{size} {method:?} {norm:?} {epsilon}");
                assert!(
                    points.iter().all(|x| (0.0..=1.0).contains(x)),
                    "{name}: {points:?}"
                );
                if epsilon == 0.0 {
                    assert_close(&points, &grey, 0.0, 1e-6);
                }
            }
        }
    }
}

fn weights_that_are_no_numbers_are_named(device: &Device) {
    let data = resident(device);
    let config = plain_config();
    let trainer = Trainer::new(config.clone(), &data).unwrap();
    let sound = pollster::block_on(weights::collect(&trainer.model())).unwrap();
    for bad in [f32::NAN, f32::INFINITY] {
        let mut broken: Vec<Parameter> = sound.clone();
        broken[2].values[0] = bad;
        let name = broken[2].name.clone();
        let error = Trainer::given(config.clone(), broken, &data).err().unwrap();
        assert!(error.to_string().contains(&name), "{error}");
    }
}
