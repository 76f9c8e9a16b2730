//! What a profile says, against finite differences and a scaled copy of the model.

use std::path::Path;
use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use squeeze_engine::attack::run::Target;
use squeeze_engine::config::{AttackConfig, Guard, GuardConfig, NetworkKind, Norm};
use squeeze_engine::control::{Control, Wish};
use squeeze_engine::model::Model;
use squeeze_engine::network::{Network, weights};
use squeeze_engine::objective::reference::{argmax, margin, softmax};
use squeeze_engine::resident::{Resident, Source};
use squeeze_engine::verdict::profile::{Profile, profile};

use crate::devices::{cpu, gpu};
use crate::golden_attacks::digits;

/// The natural model of the page, its logits divided by `divisor`.
fn model(device: &Device, divisor: f32) -> Model {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/mnist-natural.safetensors");
    let mut parameters = weights::from_safetensors(&std::fs::read(path).unwrap()).unwrap();
    for parameter in parameters.iter_mut().filter(|p| p.name.starts_with("fc2.")) {
        parameter
            .values
            .iter_mut()
            .for_each(|value| *value /= divisor);
    }
    let device = device.clone().autodiff();
    let network = Network::new(NetworkKind::SmallCnn, [1, 28, 28], 10, &device).unwrap();
    let network = weights::load(network, parameters).unwrap();
    Model::new(&network, &guard(), 0)
}

fn guard() -> GuardConfig {
    GuardConfig {
        kind: Guard::None,
        ..GuardConfig::default()
    }
}

fn look(model: &Model, data: &Resident, images: usize, norm: Norm) -> Profile {
    let target = Target {
        model,
        data,
        seed: 0,
    };
    let attack = AttackConfig {
        images,
        norm,
        batch_size: 24,
        ..AttackConfig::default()
    };
    let found = pollster::block_on(profile(&target, &attack, &Control::default()));
    found.unwrap().unwrap()
}

fn near(a: f64, b: f64, share: f64) {
    assert!((a - b).abs() <= share * b.abs(), "{a} is not {b}");
}

fn scaling_shrinks_all_but_the_distance(device: &Device) {
    let data = Resident::new(Arc::new(digits()), device);
    let whole = look(&model(device, 1.0), &data, 60, Norm::Linf);
    let small = look(&model(device, 64.0), &data, 60, Norm::Linf);
    println!("{whole:?}\n{small:?}");
    assert_eq!((whole.images, small.images), (60, 60));
    assert_eq!(whole.accuracy, small.accuracy);
    near(small.logit_norm, whole.logit_norm / 64.0, 1e-4);
    near(small.logit_mean, whole.logit_mean / 64.0, 1e-3);
    near(
        f64::from(small.margins.high),
        f64::from(whole.margins.high) / 64.0,
        1e-4,
    );
    near(small.distance.unwrap(), whole.distance.unwrap(), 1e-4);
    // Few digits are so near to a boundary that this would not reach across.
    assert!((0.005..0.3).contains(&whole.distance.unwrap()));
    let all: u32 = whole.logits.counts.iter().sum();
    assert_eq!(all, 600);
    assert_eq!(whole.margins.counts.iter().sum::<u32>(), 60);
    // The dual norm of l_2 is l_2: farther than in l_inf, no farther than by the root of the pixels.
    let euclid = look(&model(device, 1.0), &data, 60, Norm::L2)
        .distance
        .unwrap();
    let ratio = euclid / whole.distance.unwrap();
    assert!((1.0..28.0).contains(&ratio), "{ratio}");
}

#[test]
fn scaling_shrinks_all_but_the_distance_on_the_cpu() {
    scaling_shrinks_all_but_the_distance(&cpu());
}

#[test]
fn scaling_shrinks_all_but_the_distance_on_the_gpu() {
    scaling_shrinks_all_but_the_distance(&gpu());
}

#[test]
fn norms_are_those_of_finite_differences() {
    const STEP: f32 = 2e-3;
    let device = cpu();
    let data = Resident::new(Arc::new(digits()), &device);
    // Logits of a size at which the loss is not flat.
    let model = model(&device, 20.0);
    let image = data.images(Source::Test, std::iter::once(0));
    let label = usize::from(data.labels(Source::Test, std::iter::once(0))[0]);
    let pixels: Vec<f32> = image.into_data().try_into_vec().unwrap();
    let answers = |step: f32| {
        let moved = (0..784).flat_map(|at| {
            let mut pixels = pixels.clone();
            pixels[at] += step;
            pixels
        });
        let moved = TensorData::new(moved.collect::<Vec<f32>>(), [784, 1, 28, 28]);
        let moved = Tensor::<4>::from_data(moved, &device);
        let logits = model.logits(moved.autodiff()).inner();
        logits.into_data().try_into_vec::<f32>().unwrap()
    };
    let (up, down) = (answers(STEP), answers(-STEP));
    let loss = |row: &[f32]| -f64::from(softmax(row, 10)[label]).ln();
    let slopes = |of: &dyn Fn(&[f32]) -> f64| -> Vec<f64> {
        let rows = up.chunks_exact(10).zip(down.chunks_exact(10));
        rows.map(|(up, down)| (of(up) - of(down)) / f64::from(2.0 * STEP))
            .collect()
    };
    let of_loss = slopes(&loss);
    let of_margin = slopes(&|row| f64::from(margin(row, label)));
    let sum = |slopes: &[f64]| slopes.iter().map(|slope| slope.abs()).sum::<f64>();

    let found = look(&model, &data, 1, Norm::Linf);
    near(found.gradient_l1, sum(&of_loss), 0.02);
    let square: f64 = of_loss.iter().map(|slope| slope * slope).sum();
    near(found.gradient_l2, square.sqrt(), 0.02);
    let logits = model.logits(data.images(Source::Test, std::iter::once(0)).autodiff());
    let logits: Vec<f32> = logits.inner().into_data().try_into_vec().unwrap();
    assert_eq!(argmax(&logits), label);
    let distance = f64::from(margin(&logits, label)) / sum(&of_margin);
    near(found.distance.unwrap(), distance, 0.02);
}

#[test]
fn a_stop_leaves_no_profile() {
    let device = cpu();
    let (model, data) = (
        model(&device, 1.0),
        Resident::new(Arc::new(digits()), &device),
    );
    let target = Target {
        model: &model,
        data: &data,
        seed: 0,
    };
    let control = Control::default();
    control.set(Wish::Stop);
    let found = pollster::block_on(profile(&target, &AttackConfig::default(), &control));
    assert_eq!(found.unwrap(), None);
}
