//! Attacks against the reference implementations, on the same weights and images (`tests/golden`).

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use squeeze_engine::attack::ball::Ball;
use squeeze_engine::attack::climb::{Aims, Loss};
use squeeze_engine::attack::iterates::Iterates;
use squeeze_engine::attack::pgd::{Method, Pgd};
use squeeze_engine::attack::run::{Target, run};
use squeeze_engine::attack::suite;
use squeeze_engine::config::{
    AttackConfig, AttackLoss, AttackMethod, Goal, GuardConfig, NetworkKind, Norm, Suite,
};
use squeeze_engine::control::Control;
use squeeze_engine::data::{Dataset, mnist};
use squeeze_engine::event::{AttackSummary, Rung};
use squeeze_engine::model::Model;
use squeeze_engine::network::Network;
use squeeze_engine::network::weights::{self, Parameter};
use squeeze_engine::resident::{Resident, Source};

use crate::devices::{assert_close, cpu, on_every_device};
use crate::golden_files as files;

/// Test images that are attacked.
const IMAGES: usize = 512;

pub fn digits() -> Dataset {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/mnist");
    let files = mnist::FILES.map(|name| std::fs::read(folder.join(name)).unwrap());
    mnist::parse([&files[0], &files[1], &files[2], &files[3]].map(Vec::as_slice)).unwrap()
}

fn network(device: &Device, order: u64) -> Network {
    let bytes = std::fs::read(files::folder().join("attacks.safetensors")).unwrap();
    let device = device.clone().autodiff();
    let network = Network::new(NetworkKind::SmallCnn, [1, 28, 28], 10, &device).unwrap();
    let mut parameters = weights::from_safetensors(&bytes).unwrap();
    reorder(&mut parameters, order);
    weights::load(network, parameters).unwrap()
}

/// The same function, but for rounding: the first convolution's channels begin `by` further on.
fn reorder(parameters: &mut [Parameter], by: u64) {
    for Parameter {
        name,
        shape,
        values,
    } in parameters
    {
        let by = by as usize;
        match name.as_str() {
            "conv1.weight" => values.rotate_left(by * shape[1..].iter().product::<usize>()),
            "conv1.bias" => values.rotate_left(by),
            "conv2.weight" => {
                let kernel: usize = shape[2..].iter().product();
                values
                    .chunks_mut(shape[1] * kernel)
                    .for_each(|filter| filter.rotate_left(by * kernel));
            }
            _ => {}
        }
    }
}

/// The model that the references attacked, its first channels in some order, and its data.
fn attacked(order: u64) -> (Model, Resident) {
    let device = cpu();
    let model = Model::new(&network(&device, order), &GuardConfig::default(), 0);
    (model, Resident::new(Arc::new(digits()), &device))
}

on_every_device!(the_first_iterates_are_those_of_pytorch);

fn attack(model: &Model, data: &Resident, seed: u64, config: &AttackConfig) -> AttackSummary {
    let target = Target { model, data, seed };
    let control = Control::default();
    pollster::block_on(run(&target, config, 0, &control, &mut |_| {})).unwrap()
}

fn the_first_iterates_are_those_of_pytorch(device: &Device) {
    let golden = files::read::<files::Attacks>("attacks").iterates;
    let network = network(device, 0).no_grad();
    let data = Resident::new(Arc::new(digits()), device);
    let places = 0..golden.images;
    let clean = data.images(Source::Test, places.clone());
    let labels = data.labels(Source::Test, places);
    let offsets: Vec<f32> = (0..golden.images * 784)
        .map(|i| golden.epsilon * (2.0 * (i * 7919 % 1000) as f64 / 1000.0 - 1.0))
        .map(|offset| offset as f32)
        .collect();
    let offsets = Tensor::from_data(TensorData::new(offsets, clean.dims()), device);
    let start = (clean.clone() + offsets).clamp(0.0, 1.0);
    let method = Method {
        ball: Ball {
            norm: Norm::Linf,
            epsilon: golden.epsilon,
        },
        step_size: golden.step_size,
        momentum: 0.0,
        loss: Loss::CrossEntropy,
    };
    let mut pgd = Pgd::new(clean, start, Aims::untargeted(&labels, device), method);
    for expected in &golden.seen {
        pgd.step(&|x| network.forward(x));
        let x: Vec<f32> = pgd.x().into_data().try_into_vec().unwrap();
        let values: Vec<f32> = golden.positions.iter().map(|&at| x[at]).collect();
        assert_close(&values, &expected.values, 0.0, 1e-5);
        let digit = |at: usize| golden.sure.as_bytes().get(at / 4).copied().map(char::from);
        let is_sure =
            |at: usize| digit(at).and_then(|digit| digit.to_digit(16)).unwrap() >> (3 - at % 4) & 1;
        let sum: f64 = (0..x.len())
            .filter(|&at| is_sure(at) == 1)
            .map(|at| f64::from(x[at]))
            .sum();
        // One sign turned round would move the sum by twice the step size.
        assert!((sum - expected.sum).abs() < 0.01, "{sum}, {}", expected.sum);
    }
}

/// At equal settings, from starts of its own.
#[test]
fn attacks_are_as_strong_as_the_references() {
    let golden: files::Attacks = files::read("attacks");
    let (model, data) = attacked(0);
    for expected in &golden.attacks {
        let loss = |loss: &AttackLoss| loss.name() == expected.loss;
        let config = AttackConfig {
            method: method(&expected.method),
            norm: norm(&expected.norm),
            loss: AttackLoss::ALL.into_iter().find(loss).unwrap(),
            goal: goal(expected.targets),
            epsilon: expected.epsilon,
            step_size: 0.0,
            iterations: expected.iterations,
            images: IMAGES,
            ..AttackConfig::default()
        };
        let mut ours = Vec::new();
        for seed in 0..expected.right.len() as u64 {
            let summary = attack(&model, &data, seed, &config);
            let clean = summary.clean_accuracy * IMAGES as f64;
            assert_eq!(clean.round() as usize, golden.clean);
            ours.push(summary.robust_accuracy * IMAGES as f64);
        }
        let theirs: Vec<_> = expected.right.iter().map(|&right| right as f64).collect();
        let loss = config.loss.name();
        assert_as_strong(
            &format!("{} {loss}", config.describe()),
            &ours,
            &theirs,
            IMAGES,
        );
    }
}

/// Means of images left over as many seeds on both sides: within half a point, and twice the standard
/// error of their difference.
fn assert_as_strong(what: &str, ours: &[f64], theirs: &[f64], images: usize) {
    assert_eq!(ours.len(), theirs.len());
    let count = ours.len() as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / count;
    let error = |values: &[f64]| {
        let squares: f64 = values
            .iter()
            .map(|value| (value - mean(values)).powi(2))
            .sum();
        squares / (count - 1.0).max(1.0) / count
    };
    let (difference, images) = (mean(ours) - mean(theirs), images as f64);
    let chance = 2.0 * (error(ours) + error(theirs)).sqrt();
    let what = format!(
        "{what}: {ours:.0?} of {images} images are left, by the reference {theirs:.0?}: \
         {:.2} points more, where chance makes {:.2}",
        100.0 * difference / images,
        100.0 * chance / images
    );
    println!("{what}");
    assert!(difference.abs() <= 0.005 * images + chance, "{what}");
}

/// FGSM, FAB, Square, SPSA, random noise, HopSkipJump and PGD in l_2 against AutoAttack's own code,
/// torchattacks and foolbox; what takes many queries on few images.
#[test]
fn attacks_of_every_kind_are_as_strong_as_the_references() {
    let golden: files::MoreAttacks = files::read("attacks_more");
    let is_quick = |attack: &&files::MoreAttack| match &*attack.method {
        "autoattack" => false,
        "fab" => attack.iterations <= 20,
        "square" => attack.iterations <= 1000,
        "hop-skip-jump" => attack.norm == "l2" && attack.images.is_some(),
        "noise" | "spsa" => attack.images.is_some(),
        _ => true,
    };
    let quick: Vec<_> = golden.attacks.iter().filter(is_quick).collect();
    assert_eq!(quick.len(), 11);
    for attack in quick {
        compare(attack);
    }
}

/// All of the file but what has a test below: three quarters of an hour of a processor.
#[test]
#[ignore = "takes long; `cargo test --release -p squeeze-cli -p squeeze-engine --test engine -- --ignored whole`"]
fn the_whole_of_every_kind_is_as_strong_as_the_references() {
    compare_all(|attack| !matches!(&*attack.method, "autoattack" | "hop-skip-jump"));
}

/// A quarter of an hour.
#[test]
#[ignore = "takes long; `cargo test --release -p squeeze-cli -p squeeze-engine --test engine -- --ignored whole`"]
fn the_whole_of_hop_skip_jump_is_as_strong_as_the_reference() {
    compare_all(|attack| attack.method == "hop-skip-jump");
}

/// Half an hour: in its three versions, in l_inf.
#[test]
#[ignore = "takes long; `cargo test --release -p squeeze-cli -p squeeze-engine --test engine -- --ignored whole`"]
fn the_whole_of_autoattack_in_linf_is_as_strong_as_the_reference() {
    compare_all(|attack| attack.method == "autoattack" && attack.norm == "linf");
}

/// Half an hour: standard and plus.
#[test]
#[ignore = "takes long; `cargo test --release -p squeeze-cli -p squeeze-engine --test engine -- --ignored whole`"]
fn the_whole_of_autoattack_in_l2_is_as_strong_as_the_reference() {
    let is_rand = |attack: &files::MoreAttack| attack.version.as_deref() == Some("rand");
    compare_all(|attack| attack.method == "autoattack" && attack.norm == "l2" && !is_rand(attack));
}

/// A third of an hour.
#[test]
#[ignore = "takes long; `cargo test --release -p squeeze-cli -p squeeze-engine --test engine -- --ignored whole`"]
fn the_whole_of_autoattack_rand_in_l2_is_as_strong_as_the_reference() {
    let is_rand = |attack: &files::MoreAttack| attack.version.as_deref() == Some("rand");
    compare_all(|attack| attack.norm == "l2" && is_rand(attack));
}

/// Those attacks of the file that are chosen.
fn compare_all(is_chosen: impl Fn(&files::MoreAttack) -> bool) {
    let golden: files::MoreAttacks = files::read("attacks_more");
    let chosen: Vec<_> = golden
        .attacks
        .iter()
        .filter(|attack| is_chosen(attack))
        .collect();
    assert!(!chosen.is_empty());
    for attack in chosen {
        match &attack.version {
            Some(name) => compare_suite(attack, version(name)),
            None => compare(attack),
        }
    }
}

fn compare(expected: &files::MoreAttack) {
    let images = expected.images.unwrap_or(IMAGES);
    let config = AttackConfig {
        method: method(&expected.method),
        norm: norm(&expected.norm),
        epsilon: expected.epsilon,
        goal: goal(expected.targets),
        iterations: expected.iterations.max(1),
        step_size: expected.step_size,
        samples: expected.samples.max(2),
        images,
        ..AttackConfig::default()
    };
    // FAB draws nothing here: its seeds round otherwise.
    let is_drawn = config.method != AttackMethod::Fab;
    let ours: Vec<_> = (0..expected.seeds.len() as u64)
        .map(|seed| {
            let (drawn, order) = if is_drawn { (seed, 0) } else { (0, seed) };
            let (model, data) = attacked(order);
            attack(&model, &data, drawn, &config).robust_accuracy * images as f64
        })
        .collect();
    let theirs: Vec<_> = expected
        .seeds
        .iter()
        .map(|seed| match seed {
            files::Left::One { right, worst } => worst.unwrap_or(*right) as f64,
            files::Left::Parts { .. } => panic!("parts of an attack that has none"),
        })
        .collect();
    let what = format!("{} {}", config.describe(), expected.norm);
    assert_as_strong(&what, &ours, &theirs, images);
}

fn compare_suite(expected: &files::MoreAttack, version: Suite) {
    let images = expected.images.unwrap_or(IMAGES);
    let base = AttackConfig {
        norm: norm(&expected.norm),
        epsilon: expected.epsilon,
        images,
        ..AttackConfig::default()
    };
    let (model, data) = attacked(0);
    let name = format!("{} {}", version.name(), expected.norm);
    let counts = expected.seeds.iter().enumerate().map(|(seed, left)| {
        let files::Left::Parts { right } = left else {
            panic!("AutoAttack has parts")
        };
        let target = Target {
            model: &model,
            data: &data,
            seed: seed as u64,
        };
        let control = Control::default();
        let mut emit = |_| {};
        let run = suite::run(&target, version, &base, &control, &mut emit);
        let rungs = pollster::block_on(run).unwrap().rungs;
        assert_eq!(rungs.len(), right.len());
        let theirs = |rung: &Rung| right[&rung.name.to_lowercase()];
        let mut what = format!("{name}, of {images}:");
        for rung in &rungs {
            let _ = write!(what, " {} {} / {}", rung.name, rung.standing, theirs(rung));
        }
        println!("{what}");
        let last = &rungs[rungs.len() - 1];
        (last.standing as f64, theirs(last) as f64)
    });
    let (ours, theirs): (Vec<_>, Vec<_>) = counts.unzip();
    assert_as_strong(&name, &ours, &theirs, images);
}

fn version(name: &str) -> Suite {
    let is_it = |suite: &Suite| suite.name() == name;
    Suite::ALL.into_iter().find(is_it).unwrap()
}

fn method(name: &str) -> AttackMethod {
    let is_it = |method: &AttackMethod| method.name() == name;
    AttackMethod::ALL.into_iter().find(is_it).unwrap()
}

/// So many targets, the most likely first.
fn goal(targets: usize) -> Goal {
    match targets {
        0 => Goal::Untargeted,
        count => Goal::Likely(count),
    }
}

fn norm(name: &str) -> Norm {
    Norm::ALL
        .into_iter()
        .find(|norm| norm.name() == name)
        .unwrap()
}
