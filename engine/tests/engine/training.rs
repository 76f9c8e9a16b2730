//! Training: it learns, it can be paused, and equal runs are equal.

use burn::tensor::Device;
use squeeze_engine::config::{
    DataKind, NetworkKind, ObjectiveConfig, OptimizerKind, RunConfig, Squeeze,
};
use squeeze_engine::control::{Control, Wish};
use squeeze_engine::data::{Dataset, Split};
use squeeze_engine::event::{Event, StepMetrics};
use squeeze_engine::network::weights;
use squeeze_engine::train::{Outcome, TrainError, Trainer};

use crate::devices::{numbers, on_every_device};

on_every_device!(
    every_objective_and_optimizer_learns,
    the_same_seed_gives_the_same_run,
    a_pause_changes_nothing,
    stop_keeps_the_model,
    divergence_is_named,
);

/// Two classes of 8 x 8 images: a bright upper or a bright lower half, with noise.
pub fn data() -> Dataset {
    let split = |seed, count: usize| {
        let labels: Vec<u8> = (0..count).map(|i| (i % 2) as u8).collect();
        let noise = numbers(seed, count * 64, 60.0);
        let pixels = noise
            .iter()
            .enumerate()
            .map(|(place, noise)| {
                let (label, row) = (labels[place / 64], place % 64 / 8);
                let bright = (row < 4) == (label == 0);
                (if bright { 170.0 } else { 80.0 } + noise) as u8
            })
            .collect();
        Split { pixels, labels }
    };
    Dataset {
        kind: DataKind::Folder,
        name: "halves".to_owned(),
        image_shape: [1, 8, 8],
        classes: vec!["upper".to_owned(), "lower".to_owned()],
        train: split(1, 200),
        test: split(2, 60),
    }
}

fn config() -> RunConfig {
    let mut config = RunConfig {
        seed: 11,
        network: NetworkKind::SmallCnn,
        ..RunConfig::default()
    };
    config.objective.noise_sigma = 0.1;
    config.objective.beta = 0.5;
    config.training.steps = 12;
    config.training.batch_size = 24;
    config.training.eval_every = 5;
    config.training.eval_images = 40;
    config
}

struct Run {
    trainer: Trainer,
    outcome: Result<Outcome, TrainError>,
    events: Vec<Event>,
}

impl Run {
    fn steps(&self) -> Vec<StepMetrics> {
        self.events
            .iter()
            .flat_map(|event| match event {
                Event::Steps(steps) => steps.steps.clone(),
                _ => Vec::new(),
            })
            .collect()
    }

    fn evaluations(&self) -> Vec<(usize, usize)> {
        self.events
            .iter()
            .filter_map(|event| match event {
                Event::Evaluation(evaluation) => Some((evaluation.step, evaluation.images)),
                _ => None,
            })
            .collect()
    }

    fn weights(&self) -> Vec<weights::Parameter> {
        pollster::block_on(weights::collect(self.trainer.network())).unwrap()
    }

    /// Runs on after a pause.
    fn go_on(&mut self) {
        let events = &mut self.events;
        let mut emit = |event| events.push(event);
        self.outcome =
            pollster::block_on(self.trainer.run(&data(), &Control::default(), &mut emit));
    }
}

/// Trains; `wish` is made once step `at` has been reported.
fn train(config: &RunConfig, device: &Device, wish: Option<(usize, Wish)>) -> Run {
    let data = data();
    let mut trainer = Trainer::new(config.clone(), &data, device).unwrap();
    let control = Control::default();
    let mut events = Vec::new();
    let outcome = pollster::block_on(trainer.run(&data, &control, &mut |event| {
        if let (Some((at, wish)), Event::Steps(steps)) = (wish, &event)
            && steps.steps.iter().any(|step| step.step >= at)
        {
            control.set(wish);
        }
        events.push(event);
    }));
    Run {
        trainer,
        outcome,
        events,
    }
}

fn every_objective_and_optimizer_learns(device: &Device) {
    for (lambda, squeeze, beta) in [
        (0.0, Squeeze::None, 0.0),
        (0.5, Squeeze::None, 0.0),
        (0.0, Squeeze::Example, 0.1),
        (0.0, Squeeze::Batch, 0.5),
    ] {
        for (kind, rate) in [(OptimizerKind::Adam, 3e-3), (OptimizerKind::Sgd, 0.05)] {
            let mut config = config();
            config.training.steps = 30;
            config.optimizer.kind = kind;
            config.optimizer.learning_rate = rate;
            config.objective = ObjectiveConfig {
                label_smoothing: lambda,
                squeeze,
                beta,
                noise_sigma: 0.1,
            };
            let run = train(&config, device, None);
            let Ok(Outcome::Finished(summary)) = &run.outcome else {
                panic!("{:?}", run.outcome);
            };
            let name = format!("{kind:?} {:?}", config.objective);
            assert_eq!((summary.steps, summary.test.images), (30, 60));
            assert!(summary.test.accuracy > 0.9, "{name}: {summary:?}");
            let steps = run.steps();
            assert_eq!(steps.len(), 30);
            assert!(
                steps
                    .iter()
                    .zip(1..)
                    .all(|(step, place)| step.step == place)
            );
            assert!(steps[29].loss < steps[0].loss, "{name}: {steps:?}");
            assert!(
                steps
                    .iter()
                    .all(|s| (s.cross_entropy + s.penalty - s.loss).abs() < 1e-5)
            );
            assert!(squeeze != Squeeze::None || steps.iter().all(|s| s.penalty == 0.0));
        }
    }
}

fn the_same_seed_gives_the_same_run(device: &Device) {
    let first = train(&config(), device, None);
    let second = train(&config(), device, None);
    assert_eq!(first.steps(), second.steps());
    assert_eq!(first.weights(), second.weights());
    assert_eq!(first.evaluations(), [(5, 40), (10, 40), (12, 60)]);
    assert_eq!(first.evaluations(), second.evaluations());
    let mut other = config();
    other.seed += 1;
    let other = train(&other, device, None);
    assert_ne!(first.steps(), other.steps());
}

fn a_pause_changes_nothing(device: &Device) {
    let whole = train(&config(), device, None);
    let mut run = train(&config(), device, Some((3, Wish::Pause)));
    assert_eq!(run.outcome.as_ref().unwrap(), &Outcome::Paused);
    let at = run.trainer.step();
    assert!((3..12).contains(&at), "{at}");
    assert!(run.events.contains(&Event::Paused { step: at }));
    assert_eq!(
        run.steps().len(),
        at,
        "every step done is reported before the pause"
    );
    run.go_on();
    assert!(matches!(run.outcome, Ok(Outcome::Finished(_))));
    assert_eq!(run.steps(), whole.steps());
    assert_eq!(run.weights(), whole.weights());
}

fn stop_keeps_the_model(device: &Device) {
    let run = train(&config(), device, Some((2, Wish::Stop)));
    assert_eq!(run.outcome.as_ref().unwrap(), &Outcome::Stopped);
    let step = run.trainer.step();
    assert_eq!(run.events.last(), Some(&Event::Stopped { step }));
    assert!(
        run.weights()
            .iter()
            .all(|p| p.values.iter().all(|v| v.is_finite()))
    );
}

fn divergence_is_named(device: &Device) {
    let mut config = config();
    config.optimizer.kind = OptimizerKind::Sgd;
    config.optimizer.learning_rate = 1e30;
    let run = train(&config, device, None);
    let error = run.outcome.as_ref().unwrap_err();
    assert!(
        matches!(error, TrainError::Diverged { step: 2.., .. }),
        "{error}"
    );
    assert!(error.to_string().contains("learning rate"), "{error}");
    let reported = run.steps();
    assert!(!reported.is_empty());
    assert!(reported.iter().all(|step| step.loss.is_finite()));
}
