//! The verdict on models that are known to be one or the other (`models`).

use std::path::PathBuf;
use std::sync::Arc;

use squeeze_engine::attack::run::{Manner, Target, on};
use squeeze_engine::config::{AttackConfig, Effort, RunConfig};
use squeeze_engine::control::{Control, Wish};
use squeeze_engine::event::Event;
use squeeze_engine::model::Model;
use squeeze_engine::network::{Network, weights};
use squeeze_engine::resident::Resident;
use squeeze_engine::run::{Folder, write_report};
use squeeze_engine::verdict::html::html;
use squeeze_engine::verdict::meaning::example;
use squeeze_engine::verdict::plot::{FigureId, figures};
use squeeze_engine::verdict::report::{Finding, Mask, Report, Sign, SignId, Verdict};
use squeeze_engine::verdict::run::{About, evaluate};

use crate::devices::cpu;
use crate::golden_attacks::digits;

/// A model that lies ready, and the data that it is judged on.
struct Stage {
    name: String,
    config: RunConfig,
    model: Model,
    data: Resident,
}

impl Stage {
    fn new(name: &str, effort: Effort) -> Self {
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
        Self {
            name: name.to_owned(),
            model: Model::new(&network, &config.guard, config.seed),
            data: Resident::new(Arc::new(digits()), &device),
            config,
        }
    }

    fn target(&self) -> Target<'_> {
        Target {
            model: &self.model,
            data: &self.data,
            seed: self.config.seed,
        }
    }

    fn judge(&self, control: &Control, mut hear: impl FnMut(Event)) -> Report {
        let report = pollster::block_on(evaluate(
            &self.target(),
            &self.config,
            &About::of(&self.config, Some(self.config.training.steps)),
            control,
            &mut hear,
        ))
        .unwrap();
        println!(
            "{}: {}, {} / {:?} / {}",
            self.name,
            report.verdict.title(),
            report.clean_accuracy,
            report.apparent_accuracy,
            report.robust_accuracy
        );
        for sentence in example(&report) {
            println!("  {sentence}");
        }
        report
    }
}

fn judge(name: &str, effort: Effort, control: &Control) -> (Report, Vec<Event>) {
    let mut events = Vec::new();
    let report = Stage::new(name, effort).judge(control, |event| events.push(event));
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
    // Its own gradients lead to what the usual attack did not find: nobody may say that they lead nowhere.
    assert_eq!(report.mask(), Some(Mask::Thin));
    let led_nowhere = [SignId::BlackBox, SignId::Noise, SignId::Transfer];
    let is_blamed =
        |sign: &Sign| sign.finding == Finding::Masking && led_nowhere.contains(&sign.id);
    assert!(!report.signs.iter().any(is_blamed), "{:?}", report.signs);
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
    assert_eq!(report.mask(), Some(Mask::Thick));
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
    let masking = |sign: &&Sign| sign.finding == Finding::Masking;
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
    let starts = report.starts.as_ref().unwrap();
    assert_eq!(starts.starts(), 20);
    let grid = report.grid.as_ref().unwrap();
    assert_eq!((grid.images, grid.accuracy.len()), (100, 16));
    // Long enough PGD does the same with steps of any length but the longest, which cannot settle.
    let long: Vec<f64> = grid.accuracy.chunks(4).map(|row| row[3]).collect();
    for accuracy in &long[..3] {
        assert!((accuracy - report.robust_accuracy).abs() < 0.1, "{long:?}");
    }
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

/// The numbers of the two pictures that are measured for their own sake are those of the attacks that they
/// name.
#[test]
fn pictures_hold_what_their_attacks_do() {
    let stage = Stage::new("squeezed-per-example", Effort::Quick);
    let report = stage.judge(&Control::default(), |_| {});
    let right: Vec<usize> = (0..25)
        .filter(|&place| report.clean_margins[place] > 0.0)
        .collect();
    let usual = report.rungs.iter().find(|rung| rung.name == "PGD-40");
    let usual = usual.unwrap().config.clone().unwrap();
    let stands = |config: &AttackConfig, seed| {
        let target = Target {
            seed,
            ..stage.target()
        };
        let control = Control::default();
        let manner = Manner::default();
        let mut hear = |_| {};
        let attack = on(&target, config, &right, manner, &control, &mut hear);
        pollster::block_on(attack).unwrap().is_right
    };

    let starts = report.starts.as_ref().unwrap();
    println!("{:?}", starts.images);
    assert_eq!(starts.images.iter().sum::<usize>(), right.len());
    let mut falls = vec![0; right.len()];
    for start in 0..10 {
        let stands = stands(&usual, stage.config.seed + start);
        for (falls, stands) in falls.iter_mut().zip(stands) {
            *falls += usize::from(!stands);
        }
    }
    for (count, images) in starts.images.iter().enumerate() {
        let directly = falls.iter().filter(|falls| **falls == count).count();
        assert_eq!(*images, directly, "fooled by {count} of 10 starts");
    }

    let grid = report.grid.as_ref().unwrap();
    println!("{:?}", grid.accuracy);
    assert_eq!(grid.images, 25);
    let radius = report.subject.epsilon;
    assert!(grid.step_sizes.iter().all(|size| *size <= radius));
    let mut cells = grid.accuracy.iter();
    for &step_size in &grid.step_sizes {
        for &iterations in &grid.iterations {
            let config = AttackConfig {
                step_size,
                iterations,
                ..usual.clone()
            };
            let stands = stands(&config, stage.config.seed);
            let right = stands.iter().filter(|stands| **stands).count();
            assert_eq!(
                *cells.next().unwrap(),
                right as f64 / 25.0,
                "{iterations} steps of {step_size}"
            );
        }
    }
    assert_eq!(cells.next(), None);
    // Where they begin and how far they go makes a difference, or equal numbers would mean little.
    assert!(starts.images[1..10].iter().any(|images| *images > 0));
    assert!(grid.accuracy.windows(2).any(|pair| pair[0] != pair[1]));
}

/// Every plot of a report, in it and in its page; a report from before some of them were there.
#[test]
fn a_report_draws_all_it_has() {
    let report = quick("natural");
    let drawn = figures(&report);
    let ids: Vec<FigureId> = drawn.iter().map(|figure| figure.id).collect();
    // Nothing is left of this model to begin anew on.
    let expected = [
        FigureId::Radius,
        FigureId::Iterations,
        FigureId::Starts,
        FigureId::Steps,
        FigureId::Margins,
        FigureId::Surface,
        FigureId::Contours,
    ];
    assert_eq!(ids, expected);
    for figure in &drawn {
        assert!(figure.svg.starts_with("<svg") && figure.svg.ends_with("</svg>"));
        assert!(!figure.svg.contains("NaN") && !figure.svg.contains("aria-label=\"\""));
        let columns = figure.table.columns.len();
        assert!(!figure.table.rows.is_empty());
        assert!(figure.table.rows.iter().all(|row| row.len() == columns));
    }
    let page = html(&report);
    assert_eq!(page.matches("<svg").count(), drawn.len());
    assert!(page.contains("What masking means") && page.contains(&example(&report)[1]));
    assert!(page.contains(&report.meaning()) && page.contains("of all images (95% sure)"));

    let mut json = serde_json::to_value(&report).unwrap();
    for later in ["starts", "grid"] {
        assert!(json.as_object_mut().unwrap().remove(later).is_some());
    }
    let old: Report = serde_json::from_value(json).unwrap();
    assert_eq!((old.starts.is_none(), old.grid.is_none()), (true, true));
    assert_eq!(figures(&old).len(), drawn.len() - 2);
}

#[test]
fn a_stop_at_the_pictures_leaves_them_out_and_the_verdict_as_it_is() {
    let control = Control::default();
    let report = Stage::new("natural", Effort::Quick).judge(&control, |event| {
        if matches!(&event, Event::RungProgress { name, .. } if name == "PGD from many starts") {
            control.set(Wish::Stop);
        }
    });
    assert!(!report.stopped);
    assert_eq!(report.verdict, Verdict::NotRobust);
    assert_eq!((&report.starts, &report.grid), (&None, &None));
    assert!(report.epsilons.len() > 5);
    // It does not take the place of a report that has them.
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::at(place.path()).unwrap();
    let names = pollster::block_on(write_report(&folder, &report)).unwrap();
    assert_eq!(names, ["evaluation-stopped.json", "report-stopped.html"]);
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
