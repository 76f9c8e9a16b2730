//! The verdict on models that are known to be one or the other (`models`).

use std::path::PathBuf;
use std::sync::Arc;

use squeeze_engine::attack::run::Target;
use squeeze_engine::config::{Effort, RunConfig};
use squeeze_engine::control::{Control, Wish};
use squeeze_engine::event::Event;
use squeeze_engine::model::Model;
use squeeze_engine::network::{Network, weights};
use squeeze_engine::resident::Resident;
use squeeze_engine::verdict::report::{Finding, Report, SignId, Verdict};
use squeeze_engine::verdict::run::{About, evaluate};

use crate::devices::cpu;
use crate::golden_attacks::digits;

fn judge(name: &str, effort: Effort, control: &Control) -> (Report, Vec<Event>) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../models");
    let text = std::fs::read_to_string(folder.join(format!("mnist-{name}.toml"))).unwrap();
    let mut config = RunConfig::from_toml(&text).unwrap();
    config.evaluation.effort = effort;
    // A model that answers at random is asked twenty times about each point.
    config.evaluation.images = if config.guard.kind.is_random() {
        50
    } else {
        100
    };
    let bytes = std::fs::read(folder.join(format!("mnist-{name}.safetensors"))).unwrap();
    let device = cpu();
    let network = Network::new(config.network, [1, 28, 28], 10, &device.clone().autodiff());
    let parameters = weights::from_safetensors(&bytes).unwrap();
    let network = weights::load(network.unwrap(), parameters).unwrap();
    let data = Resident::new(Arc::new(digits()), &device);
    let target = Target {
        model: &Model::new(&network, &config.guard, config.seed),
        data: &data,
        seed: config.seed,
    };
    let mut events = Vec::new();
    let mut emit = |event| events.push(event);
    let report = pollster::block_on(evaluate(
        &target,
        &config,
        &About::of(&config, Some(config.training.steps)),
        control,
        &mut emit,
    ))
    .unwrap();
    println!(
        "{name}: {}, {} / {:?} / {}",
        report.verdict.title(),
        report.clean_accuracy,
        report.apparent_accuracy,
        report.robust_accuracy
    );
    (report, events)
}

fn quick(name: &str) -> Report {
    judge(name, Effort::Quick, &Control::default()).0
}

fn finding(report: &Report, id: SignId) -> Finding {
    let sign = report.signs.iter().find(|sign| sign.id == id);
    sign.unwrap_or_else(|| panic!("{id:?} was not asked"))
        .finding
}

#[test]
fn natural_training_does_not_even_look_robust() {
    let report = quick("natural");
    assert_eq!(report.verdict, Verdict::NotRobust);
    assert!(report.clean_accuracy > 0.95 && report.apparent_accuracy.unwrap() < 0.05);
}

#[test]
fn squeezing_past_the_critical_beta_masks() {
    let report = quick("squeezed-past-critical");
    assert_eq!(report.verdict, Verdict::Masked);
    assert_eq!(finding(&report, SignId::Collapse), Finding::Masking);
}

#[test]
fn squeezing_per_example_masks() {
    assert_eq!(quick("squeezed-per-example").verdict, Verdict::Masked);
}

#[test]
fn label_smoothing_masks() {
    assert_eq!(quick("smoothed").verdict, Verdict::Masked);
}

#[test]
fn rounded_pixels_mask() {
    let report = quick("quantized");
    assert_eq!(report.verdict, Verdict::Masked);
    assert_eq!(finding(&report, SignId::Vanishing), Finding::Masking);
    assert_eq!(finding(&report, SignId::Guard), Finding::Masking);
    assert!(report.apparent_accuracy.unwrap() > 0.9 && report.robust_accuracy < 0.05);
}

#[test]
fn random_resizing_masks() {
    let report = quick("resized");
    assert_eq!(report.verdict, Verdict::Masked);
    assert_eq!(finding(&report, SignId::BlackBox), Finding::Masking);
}

#[test]
fn adversarial_training_is_robust() {
    let (report, events) = judge("adversarial", Effort::Standard, &Control::default());
    assert_eq!(report.verdict, Verdict::Robust, "{:?}", report.reasons);
    let masking = |sign: &&_| {
        matches!(
            sign,
            squeeze_engine::verdict::report::Sign {
                finding: Finding::Masking,
                ..
            }
        )
    };
    assert_eq!(report.signs.iter().find(masking), None);
    // What the report holds hangs together.
    let mut last = report.images_right();
    for rung in &report.rungs {
        assert!(
            rung.standing <= last && rung.fallen <= rung.attacked,
            "{rung:?}"
        );
        last = rung.standing;
    }
    let left = report.robust_accuracy * report.subject.images as f64;
    assert_eq!(left.round() as usize, last);
    for curve in [&report.iterations, &report.restarts, &report.epsilons] {
        assert!(curve.len() > 2);
        assert!(curve.windows(2).all(|pair| pair[0].x < pair[1].x));
    }
    let falls = |curve: &[squeeze_engine::verdict::report::Point]| {
        curve
            .windows(2)
            .all(|pair| pair[0].accuracy >= pair[1].accuracy)
    };
    assert!(falls(&report.restarts) && falls(&report.epsilons));
    assert!(!report.fooled.is_empty());
    for fooled in &report.fooled {
        assert_ne!(fooled.label, fooled.predicted);
        let furthest = fooled
            .clean
            .iter()
            .zip(&fooled.attacked)
            .map(|(a, b)| a.abs_diff(*b));
        assert!(furthest.max().unwrap() <= 77, "0.3 of 255, rounded");
    }
    let surface = report.surface.as_ref().unwrap();
    assert_eq!(surface.losses.len(), surface.side * surface.side);
    let open: Vec<_> = report
        .checklist
        .iter()
        .filter(|item| !item.covered)
        .collect();
    assert_eq!(open.len(), 3, "{open:?}");
    // It came piece by piece, and goes through JSON.
    let rungs = events
        .iter()
        .filter(|event| matches!(event, Event::Rung(_)));
    assert_eq!(rungs.count(), report.rungs.len());
    let signs = events
        .iter()
        .filter(|event| matches!(event, Event::Sign(_)));
    assert_eq!(signs.count(), report.signs.len());
    let text = serde_json::to_string(&report).unwrap();
    let read: Report = serde_json::from_str(&text).unwrap();
    // The reader of numbers may lose the last bit of a fraction.
    assert_eq!(
        (read.verdict, read.reasons, read.fooled, read.subject),
        (
            report.verdict,
            report.reasons,
            report.fooled,
            report.subject
        )
    );
}

#[test]
fn a_stopped_evaluation_keeps_what_it_found_and_decides_nothing() {
    let control = Control::default();
    control.set(Wish::Stop);
    let (report, _) = judge("adversarial", Effort::Standard, &control);
    assert!(report.stopped);
    assert_eq!(report.verdict, Verdict::Undecided);
    assert!(report.rungs.is_empty() && report.clean_accuracy > 0.9);
}
