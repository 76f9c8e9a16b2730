//! PGD: what must hold whatever the model.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use squeeze_engine::attack::pgd::{Pgd, ascent};
use squeeze_engine::attack::{Budget, random_start};
use squeeze_engine::config::NetworkKind;
use squeeze_engine::network::{Network, weights};
use squeeze_engine::objective::tensor::{cross_entropy_sum, targets};
use squeeze_engine::random::{Purpose, key};

use crate::devices::{assert_close, numbers, on_every_device};

on_every_device!(
    stays_in_the_ball_and_in_the_image,
    epsilon_zero_is_the_identity,
    loss_never_falls_on_a_linear_model,
    gradient_of_a_linear_model_is_known,
    gradient_of_a_network_matches_finite_differences,
    frozen_weights_get_no_gradient,
    the_start_is_uniform_in_the_ball_and_depends_on_the_seed_alone,
);

const SHAPE: [usize; 4] = [4, 1, 8, 8];
const CLASSES: usize = 3;
const LABELS: [u8; 4] = [0, 1, 2, 1];

fn images(device: &Device) -> Tensor<4> {
    let values: Vec<f32> = numbers(1, SHAPE.iter().product(), 0.5)
        .iter()
        .map(|x| x + 0.5)
        .collect();
    Tensor::from_data(TensorData::new(values, SHAPE), device)
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().unwrap()
}

/// Logits `images . weights`, on the autodiff device.
fn linear(device: &Device) -> (Vec<f32>, impl Fn(Tensor<4>) -> Tensor<2> + use<>) {
    let weights = numbers(9, 64 * CLASSES, 0.3);
    let data = TensorData::new(weights.clone(), [64, CLASSES]);
    let matrix = Tensor::<2>::from_data(data, &device.clone().autodiff());
    let classify = move |images: Tensor<4>| images.flatten(1, 3).matmul(matrix.clone());
    (weights, classify)
}

fn one_hot(device: &Device) -> Tensor<2> {
    targets(&LABELS, CLASSES, 0.0, &device.clone().autodiff())
}

fn start(device: &Device, epsilon: f32, seed: u64) -> Tensor<4> {
    let stream = key(seed, Purpose::AttackStart, 0);
    random_start(images(device), f64::from(epsilon), stream)
}

fn stays_in_the_ball_and_in_the_image(device: &Device) {
    let clean = values(images(device));
    for epsilon in [8.0 / 255.0, 0.3, 1.0] {
        let (_, classify) = linear(device);
        let budget = Budget::new(0.4 * epsilon, epsilon, device);
        let begin = start(device, epsilon, 3);
        let mut pgd = Pgd::new(images(device), begin, one_hot(device), budget);
        for _ in 0..6 {
            for (x, clean) in values(pgd.x()).iter().zip(&clean) {
                assert!((0.0..=1.0).contains(x), "{x}");
                assert!(
                    (x - clean).abs() <= epsilon * (1.0 + 1e-6),
                    "{x} from {clean}"
                );
            }
            pgd.step(&classify);
        }
    }
}

fn epsilon_zero_is_the_identity(device: &Device) {
    let (_, classify) = linear(device);
    let begin = start(device, 0.0, 3);
    let budget = Budget::new(0.1, 0.0, device);
    let mut pgd = Pgd::new(images(device), begin, one_hot(device), budget);
    for _ in 0..3 {
        pgd.step(&classify);
    }
    assert_eq!(values(pgd.x()), values(images(device)));
}

fn loss_never_falls_on_a_linear_model(device: &Device) {
    let (_, classify) = linear(device);
    let budget = Budget::new(0.02, 0.2, device);
    let mut pgd = Pgd::new(
        images(device),
        start(device, 0.2, 3),
        one_hot(device),
        budget,
    );
    let mut losses = Vec::new();
    for _ in 0..15 {
        let logits = pgd.step(&classify);
        let targets = one_hot(device).inner();
        losses.push(cross_entropy_sum(logits, targets).into_scalar::<f32>());
    }
    for pair in losses.windows(2) {
        assert!(pair[1] >= pair[0] - 1e-4, "{losses:?}");
    }
    assert!(losses[14] > losses[0] + 0.5, "{losses:?}");
}

/// For logits `x . W` the gradient of the summed cross-entropy is `(softmax - target) . W^T`.
fn gradient_of_a_linear_model_is_known(device: &Device) {
    let (weights, classify) = linear(device);
    let found = ascent(&classify, images(device), one_hot(device));
    let logits = values(found.logits);
    let softmax = squeeze_engine::objective::reference::softmax(&logits, CLASSES);
    let mut expected = Vec::new();
    for (image, &label) in LABELS.iter().enumerate() {
        for pixel in 0..64 {
            let sum: f32 = (0..CLASSES)
                .map(|class| {
                    let target = f32::from(u8::from(class == label as usize));
                    (softmax[image * CLASSES + class] - target) * weights[pixel * CLASSES + class]
                })
                .sum();
            expected.push(sum);
        }
    }
    assert_close(&values(found.gradient), &expected, 1e-4, 1e-6);
}

fn network(device: &Device) -> Network {
    let network = Network::new(
        NetworkKind::SmallCnn,
        [1, 8, 8],
        CLASSES,
        &device.clone().autodiff(),
    )
    .unwrap();
    weights::initialize(network, 4).unwrap().no_grad()
}

/// Along random uphill directions: float32 leaves too few digits for single pixels, and steps must be
/// small, since relu and max pooling bend the loss.
fn gradient_of_a_network_matches_finite_differences(device: &Device) {
    let network = network(device);
    let found = ascent(|x| network.forward(x), images(device), one_hot(device));
    let gradient = values(found.gradient);
    let clean = values(images(device));
    let loss_at = |pixels: Vec<f32>| -> f64 {
        let x = Tensor::from_data(TensorData::new(pixels, SHAPE), device);
        let logits = values(network.valid().forward(x));
        let natural = squeeze_engine::config::ObjectiveConfig::natural();
        let parts = squeeze_engine::objective::reference::objective(&logits, &LABELS, &natural);
        parts.loss() * LABELS.len() as f64
    };
    for seed in 20..24 {
        let direction: Vec<f32> = numbers(seed, clean.len(), 1.0)
            .iter()
            .zip(&gradient)
            .map(|(size, g)| size.abs() * g.signum())
            .collect();
        let step = 2e-4;
        let moved = |sign: f32| {
            clean
                .iter()
                .zip(&direction)
                .map(|(x, d)| x + sign * step * d)
                .collect()
        };
        let slope = (loss_at(moved(1.0)) - loss_at(moved(-1.0))) / (2.0 * f64::from(step));
        let expected: f32 = gradient.iter().zip(&direction).map(|(g, d)| g * d).sum();
        assert_close(&[slope as f32], &[expected], 0.02, 0.0);
    }
}

fn frozen_weights_get_no_gradient(device: &Device) {
    let network = network(device);
    let x = images(device).autodiff().require_grad();
    let loss = cross_entropy_sum(network.forward(x.clone()), one_hot(device));
    let mut gradients = loss.backward();
    assert!(x.grad(&gradients).is_some());
    let of_weights = burn::optim::GradientsParams::from_module(&mut gradients, &network);
    assert!(
        of_weights.is_empty(),
        "{} weights have one",
        of_weights.len()
    );
}

fn the_start_is_uniform_in_the_ball_and_depends_on_the_seed_alone(device: &Device) {
    let clean = Tensor::<4>::full([100, 1, 25, 40], 0.5, device);
    let draw = |seed| {
        values(random_start(
            clean.clone(),
            0.2,
            key(seed, Purpose::AttackStart, 0),
        ))
    };
    let start = draw(1);
    assert_eq!(start, draw(1));
    assert_ne!(start, draw(2));
    let moves: Vec<f64> = start.iter().map(|x| (f64::from(*x) - 0.5) / 0.2).collect();
    assert!(moves.iter().all(|m| m.abs() <= 1.0 + 1e-6));
    // Uniform in [-1, 1]: mean 0, variance 1/3, half of it in the outer half.
    let n = moves.len() as f64;
    assert!((moves.iter().sum::<f64>() / n).abs() < 0.01);
    assert!((moves.iter().map(|m| m * m).sum::<f64>() / n - 1.0 / 3.0).abs() < 0.01);
    let outer = moves.iter().filter(|m| m.abs() > 0.5).count() as f64 / n;
    assert!((outer - 0.5).abs() < 0.01, "{outer}");
}
