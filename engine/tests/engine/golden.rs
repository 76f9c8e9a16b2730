//! Networks and objectives against PyTorch's values in float64 (`tests/golden`).

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use squeeze_engine::attack::climb::{Aims, Loss, climb};
use squeeze_engine::config::{ObjectiveConfig, Precision, Squeeze};
use squeeze_engine::network::{Network, weights};
use squeeze_engine::objective::tensor::targets;
use squeeze_engine::objective::{reference, tensor};
use squeeze_shaders::attack_step::STATE;

use crate::devices::{assert_close, on_every_device};
use crate::golden_files::{self as files, Evaluation};
use crate::golden_weights::{golden_faint_image, golden_images, golden_parameters};

on_every_device!(
    small_networks_match,
    training_matches,
    objectives_match,
    divergence_matches,
);

/// The network with its golden weights, on the autodiff device, not asking for weight gradients.
fn network(golden: &files::Network, device: &Device) -> Network {
    unfrozen(golden, device).no_grad()
}

/// The same, asking for them.
fn unfrozen(golden: &files::Network, device: &Device) -> Network {
    let kind = golden.network.parse().unwrap();
    let device = device.clone().autodiff();
    let network = Network::new(kind, golden.image_shape, golden.classes, &device).unwrap();
    let tensors = golden.tensors.iter();
    let tensors = tensors.map(|t| (t.name.clone(), t.shape.clone())).collect();
    let parameters = golden_parameters(tensors);
    for (parameter, expected) in parameters.iter().zip(&golden.tensors) {
        assert_close(&parameter.values[..1], &[expected.first], 1e-6, 1e-7);
    }
    // Also asserts that the network has these tensors and no others.
    weights::load(network, parameters).unwrap()
}

/// Logits and input gradient in evaluation mode. `kinks` is what the gradient may differ by, of its
/// largest value: float32 puts some units of a large network on the other side of zero.
fn compare(
    network: &Network,
    golden: &files::Network,
    images: Vec<f32>,
    expected: &Evaluation,
    kinks: f32,
    device: &Device,
) {
    let [channels, height, width] = golden.image_shape;
    let shape = [expected.labels.len(), channels, height, width];
    let images = Tensor::<4>::from_data(TensorData::new(images, shape), device);
    let aims = Aims::untargeted(&expected.labels, device);
    let states = Tensor::zeros([expected.labels.len(), STATE], device);
    let classify = |x| network.forward(x);
    let found = climb(&classify, images, &aims, Loss::CrossEntropy, states);
    let logits: Vec<f32> = found.logits.into_data().try_into_vec().unwrap();
    assert_close(&logits, &expected.logits.concat(), 1e-5, 1e-5);

    let gradient: Vec<f32> = found.gradient.into_data().try_into_vec().unwrap();
    let wanted = &expected.input_gradient;
    let seen: Vec<f32> = wanted.positions.iter().map(|&at| gradient[at]).collect();
    let largest = wanted.values.iter().fold(0.0_f32, |a, b| a.max(b.abs()));
    assert_close(&seen, &wanted.values, 0.0, kinks * largest);
    let norm = gradient
        .iter()
        .map(|&g| f64::from(g).powi(2))
        .sum::<f64>()
        .sqrt();
    assert_close(&[norm as f32], &[wanted.l2], kinks, 0.0);
}

fn matches(name: &str, kinks: f32, device: &Device) {
    // Shown with a failure.
    println!("{name}");
    let golden: files::Network = files::read(name);
    let network = network(&golden, device);
    let images = golden_images(golden.eval.labels.len(), golden.image_shape);
    compare(&network, &golden, images, &golden.eval, kinks, device);
    let image = golden_faint_image(golden.image_shape);
    compare(&network, &golden, image, &golden.faint, kinks, device);
}

fn small_networks_match(device: &Device) {
    for name in files::NETWORKS {
        if name != "wrn-32-10" {
            matches(name, 1e-2, device);
        }
    }
}

/// PyTorch's own float32 gradient differs by 0.6 % here.
#[test]
fn the_papers_network_matches() {
    matches("wrn-32-10", 3e-2, &crate::devices::cpu());
}

/// One batch in training mode: logits, running statistics, gradients of all weights.
fn trains(name: &str, device: &Device) {
    println!("{name}");
    let golden: files::Network = files::read(name);
    let network = unfrozen(&golden, device);
    assert_eq!(weights::count(&network), golden.parameters);
    let expected = &golden.train;
    let [channels, height, width] = golden.image_shape;
    let images = golden_images(expected.labels.len(), golden.image_shape);
    let shape = [expected.labels.len(), channels, height, width];
    let autodiff = device.clone().autodiff();
    let images = Tensor::<4>::from_data(TensorData::new(images, shape), &autodiff);
    let mut statistics = Vec::new();
    let logits = network.forward_train(images, Precision::Full, &mut statistics);
    let values: Vec<f32> = logits.clone().inner().into_data().try_into_vec().unwrap();
    assert_close(&values, &expected.logits.concat(), 5e-5, 5e-5);

    let one_hot = targets(&expected.labels, golden.classes, 0.0, &autodiff);
    let gradients = tensor::cross_entropy_sum(logits, one_hot).backward();
    let mut norms = Norms {
        path: Vec::new(),
        gradients: &gradients,
        found: BTreeMap::new(),
    };
    network.visit(&mut norms);
    assert_eq!(norms.found.len(), expected.gradients.len());
    for golden in &expected.gradients {
        assert_close(&[norms.found[&golden.name]], &[golden.l2], 2e-3, 1e-6);
    }

    let after = pollster::block_on(weights::collect(&network.update(statistics))).unwrap();
    for golden in &expected.running {
        let found = after.iter().find(|p| p.name == golden.name).unwrap();
        assert_close(&found.values[..4], &golden.first, 1e-5, 1e-6);
        let norm = found.values.iter().map(|v| v * v).sum::<f32>().sqrt();
        assert_close(&[norm], &[golden.l2], 1e-5, 0.0);
    }
}

fn training_matches(device: &Device) {
    for name in files::NETWORKS {
        if name != "wrn-32-10" && name != "wrn-16-4" {
            trains(name, device);
        }
    }
}

/// l_2 norms of the gradients, by the parameters' names.
struct Norms<'a> {
    path: Vec<String>,
    gradients: &'a Gradients,
    found: BTreeMap<String, f32>,
}

impl ModuleVisitor for Norms<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad(self.gradients) {
            let square: f32 = (gradient.clone() * gradient).sum().into_scalar();
            self.found.insert(self.path[1..].join("."), square.sqrt());
        }
    }
}

fn divergence_matches(device: &Device) {
    let golden: files::Objectives = files::read("objectives");
    let device = device.clone().autodiff();
    for case in &golden.trades {
        let [clean, adversarial] = [case.clean, case.adversarial].map(|input| {
            let rows = &golden.inputs[input].logits;
            let data = TensorData::new(rows.concat(), [rows.len(), rows[0].len()]);
            Tensor::<2>::from_data(data, &device).require_grad()
        });
        let loss = tensor::divergence(clean.clone(), adversarial.clone()) * case.weight;
        let gradients = loss.backward();
        for (logits, expected) in [
            (&clean, &case.gradient_clean),
            (&adversarial, &case.gradient_adversarial),
        ] {
            let found = logits.grad(&gradients).unwrap();
            let found: Vec<f32> = found.into_data().try_into_vec().unwrap();
            let expected: Vec<f32> = expected.concat().iter().map(|&g| g as f32).collect();
            assert_close(&found, &expected, 1e-4, 2e-6);
        }
        assert_close(
            &[loss.into_scalar::<f32>()],
            &[case.loss as f32],
            1e-4,
            2e-6,
        );
        let rows = |input: usize| golden.inputs[input].logits.concat();
        let classes = golden.inputs[case.clean].logits[0].len();
        let (p, q) = (rows(case.clean), rows(case.adversarial));
        let exact = case.weight * reference::divergence(&p, &q, classes);
        assert!(
            (exact - case.loss).abs() <= 1e-9 * (1.0 + case.loss.abs()),
            "{exact}"
        );
    }
}

fn objectives_match(device: &Device) {
    let golden: files::Objectives = files::read("objectives");
    let device = device.clone().autodiff();
    for case in &golden.cases {
        let input = &golden.inputs[case.input];
        let config = ObjectiveConfig {
            label_smoothing: case.label_smoothing,
            squeeze: match case.squeeze.as_str() {
                "none" => Squeeze::None,
                "example" => Squeeze::Example,
                "batch" => Squeeze::Batch,
                other => panic!("{other}"),
            },
            beta: case.beta,
            gamma: case.gamma,
            ..ObjectiveConfig::natural()
        };
        let flat = input.logits.concat();
        let exact = reference::objective(&flat, &input.labels, &config);
        for (found, expected, absolute) in [
            (exact.cross_entropy, case.cross_entropy, 1e-12),
            (exact.penalty, case.penalty, 0.0),
        ] {
            let allowed = 1e-10 * expected.abs() + absolute;
            assert!(
                (found - expected).abs() <= allowed,
                "{}, {config:?}: {found} instead of {expected}",
                input.name
            );
        }
        let shape = [input.labels.len(), input.logits[0].len()];
        let logits = Tensor::<2>::from_data(TensorData::new(flat, shape), &device).require_grad();
        let targets = targets(&input.labels, shape[1], config.label_smoothing, &device);
        let loss = tensor::objective(logits.clone(), targets, &config);
        let gradient = logits.grad(&loss.backward()).unwrap();
        let gradient: Vec<f32> = gradient.into_data().try_into_vec().unwrap();
        let expected: Vec<f32> = case.gradient.concat().iter().map(|&g| g as f32).collect();
        assert_close(&gradient, &expected, 1e-5, 1e-6);
        assert_close(
            &[loss.into_scalar::<f32>()],
            &[case.loss as f32],
            1e-5,
            1e-6,
        );
    }
}
