//! Training: it learns, it can be paused, and equal runs are equal.

use std::sync::Arc;

use burn::tensor::Device;
use squeeze_engine::checkpoint::Checkpoint;
use squeeze_engine::config::{
    Adversary, AdversaryConfig, DataKind, NetworkKind, ObjectiveConfig, OptimizerKind, RunConfig,
    Schedule, Squeeze,
};
use squeeze_engine::control::{Control, Wish};
use squeeze_engine::data::{Dataset, Split};
use squeeze_engine::event::{Event, Look, Part, StepMetrics};
use squeeze_engine::network::weights;
use squeeze_engine::resident::Resident;
use squeeze_engine::train::{Outcome, TrainError, Trainer};

use crate::devices::{assert_close, cpu, numbers, on_every_device};

on_every_device!(
    every_objective_and_optimizer_learns,
    the_same_seed_gives_the_same_run,
    a_pause_changes_nothing,
    stop_keeps_the_model,
    divergence_is_named,
    every_adversary_trains,
    a_batch_in_parts_is_the_same_step,
    a_checkpoint_goes_on_bit_for_bit,
    the_best_model_is_kept_and_patience_ends,
    no_model_is_the_best_before_the_penalty_is_whole,
    the_average_is_the_model,
    a_look_tells_how_the_model_fares,
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
        split_seed: None,
        kind: DataKind::Folder,
        name: "halves".to_owned(),
        image_shape: [1, 8, 8],
        classes: vec!["upper".to_owned(), "lower".to_owned()],
        train: split(1, 200),
        test: split(2, 60),
    }
}

/// [`data`] on a device.
pub fn resident(device: &Device) -> Resident {
    Resident::new(Arc::new(data()), device)
}

pub fn plain_config() -> RunConfig {
    let mut config = RunConfig {
        seed: 11,
        network: NetworkKind::SmallCnn,
        ..RunConfig::default()
    };
    config.data.set = DataKind::Folder;
    config.objective.noise_sigma = 0.1;
    config.objective.beta = 0.5;
    config.training.steps = 12;
    config.training.batch_size = 24;
    config.training.eval_every = 5;
    config.training.held_out = 40;
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

    fn looks(&self) -> Vec<Look> {
        self.events
            .iter()
            .filter_map(|event| match event {
                Event::Look(look) => Some(look.clone()),
                _ => None,
            })
            .collect()
    }

    fn weights(&self) -> Vec<weights::Parameter> {
        pollster::block_on(weights::collect(&self.trainer.model())).unwrap()
    }

    /// Runs on after a pause.
    fn go_on(&mut self, device: &Device) {
        let events = &mut self.events;
        let mut emit = |event| events.push(event);
        let data = resident(device);
        let control = Control::default();
        self.outcome = pollster::block_on(self.trainer.run(&data, &control, &mut emit));
    }
}

/// Trains; `wish` is made once step `at` has been reported.
fn train(config: &RunConfig, device: &Device, wish: Option<(usize, Wish)>) -> Run {
    let data = resident(device);
    let mut trainer = Trainer::new(config.clone(), &data).unwrap();
    let control = Control::default();
    let mut events = Vec::new();
    let outcome = pollster::block_on(trainer.run(&data, &control, &mut |event: Event| {
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
            let mut config = plain_config();
            config.training.steps = 30;
            config.optimizer.kind = kind;
            config.optimizer.learning_rate = rate;
            config.objective = ObjectiveConfig {
                label_smoothing: lambda,
                squeeze,
                beta,
                noise_sigma: 0.1,
                ..ObjectiveConfig::natural()
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
    let first = train(&plain_config(), device, None);
    let second = train(&plain_config(), device, None);
    assert_eq!(first.steps(), second.steps());
    assert_eq!(first.weights(), second.weights());
    assert_eq!(first.evaluations(), [(5, 40), (10, 40), (12, 40), (12, 60)]);
    assert_eq!(first.evaluations(), second.evaluations());
    let mut other = plain_config();
    other.seed += 1;
    let other = train(&other, device, None);
    assert_ne!(first.steps(), other.steps());
}

fn a_pause_changes_nothing(device: &Device) {
    let whole = train(&plain_config(), device, None);
    let mut run = train(&plain_config(), device, Some((3, Wish::Pause)));
    assert_eq!(run.outcome.as_ref().unwrap(), &Outcome::Paused);
    let at = run.trainer.step();
    assert!((3..12).contains(&at), "{at}");
    assert!(run.events.contains(&Event::Paused { step: at }));
    assert_eq!(
        run.steps().len(),
        at,
        "every step done is reported before the pause"
    );
    run.go_on(device);
    assert!(matches!(run.outcome, Ok(Outcome::Finished(_))));
    assert_eq!(run.steps(), whole.steps());
    assert_eq!(run.weights(), whole.weights());
}

fn stop_keeps_the_model(device: &Device) {
    let run = train(&plain_config(), device, Some((2, Wish::Stop)));
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
    let mut config = plain_config();
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

fn every_adversary_trains(device: &Device) {
    for kind in Adversary::ALL {
        let mut config = plain_config();
        config.training.steps = 40;
        config.optimizer.learning_rate = 3e-3;
        config.objective = ObjectiveConfig {
            adversary: AdversaryConfig {
                kind,
                epsilon: 0.1,
                step_size: 0.05,
                iterations: 3,
                trades_weight: 2.0,
            },
            ..ObjectiveConfig::natural()
        };
        let run = train(&config, device, None);
        let Ok(Outcome::Finished(summary)) = &run.outcome else {
            panic!("{kind:?}: {:?}", run.outcome);
        };
        assert!(summary.test.accuracy > 0.9, "{kind:?}: {summary:?}");
        let steps = run.steps();
        // Only TRADES adds something to the cross-entropy.
        let penalised = steps.iter().filter(|step| step.penalty > 0.0).count();
        assert_eq!(penalised > 0, kind == Adversary::Trades, "{kind:?}");
        if kind == Adversary::Free {
            // A replayed batch is the same one: its loss falls from replay to replay on average.
            let falls = steps.chunks_exact(3).filter(|m| m[2].loss < m[0].loss);
            assert!(falls.count() >= 5, "{steps:?}");
        }
    }
}

/// Without batch normalisation nothing in a step depends on how many images go through at once.
fn a_batch_in_parts_is_the_same_step(device: &Device) {
    for kind in Adversary::ALL {
        for squeeze in Squeeze::ALL {
            let mut config = plain_config();
            // Two, so that one is from weights that the parts have made. Later the signs that adversaries
            // go by turn where a gradient is next to nothing; with TRADES, whose start is nearly where
            // its loss is least, they do so at once.
            let is_trades = kind == Adversary::Trades;
            config.training.steps = if is_trades { 1 } else { 2 };
            let slack = if is_trades { 10.0 } else { 1.0 };
            config.training.eval_every = 0;
            // A step that is the gradient, many times over.
            config.optimizer.kind = OptimizerKind::Sgd;
            config.optimizer.momentum = 0.0;
            config.optimizer.learning_rate = 0.5;
            config.objective = ObjectiveConfig {
                squeeze,
                beta: if squeeze == Squeeze::None { 0.0 } else { 0.3 },
                label_smoothing: 0.1,
                noise_sigma: 0.1,
                adversary: AdversaryConfig {
                    kind,
                    epsilon: 0.1,
                    step_size: 0.05,
                    iterations: 2,
                    trades_weight: 2.0,
                },
                ..ObjectiveConfig::natural()
            };
            let whole = train(&config, device, None);
            config.training.micro_batch = 9;
            let parted = train(&config, device, None);
            println!("{kind:?} {squeeze:?}");
            let losses = |run: &Run| run.steps().iter().map(|step| step.loss).collect::<Vec<_>>();
            assert_close(&losses(&parted), &losses(&whole), 1e-5, 1e-6);
            let (parted, whole) = (parted.weights(), whole.weights());
            for (parted, whole) in parted.iter().zip(&whole) {
                assert_close(&parted.values, &whole.values, slack * 1e-4, slack * 1e-5);
            }
        }
    }
    // With it, what goes through at once is what it sees; the step is still a good one.
    let mut config = plain_config();
    config.network = "resnet-8".parse().unwrap();
    config.training.steps = 30;
    config.optimizer.learning_rate = 3e-3;
    config.training.micro_batch = 8;
    let run = train(&config, device, None);
    let Ok(Outcome::Finished(summary)) = &run.outcome else {
        panic!("{:?}", run.outcome);
    };
    assert!(summary.test.accuracy > 0.9, "{summary:?}");
}

/// Everything that a run can carry from step to step.
pub fn laden(adversary: Adversary) -> RunConfig {
    let mut config = plain_config();
    config.network = "resnet-8".parse().unwrap();
    config.objective.adversary = AdversaryConfig {
        kind: adversary,
        epsilon: 0.1,
        step_size: 0.05,
        iterations: 2,
        ..AdversaryConfig::default()
    };
    config.objective.warmup = 0.7;
    config.optimizer.kind = OptimizerKind::Nesterov;
    config.optimizer.learning_rate = 0.05;
    config.optimizer.schedule.kind = Schedule::OneCycle;
    config.optimizer.schedule.warmup = 0.3;
    config.optimizer.weight_decay = 1e-3;
    config.optimizer.clip_norm = 1.0;
    config.optimizer.ema_decay = 0.9;
    config.training.steps = 9;
    config.training.batch_size = 8;
    config.training.eval_every = 2;
    config.training.crop_padding = 1;
    config.training.flip = true;
    config.training.keep_best = true;
    config
}

fn a_checkpoint_goes_on_bit_for_bit(device: &Device) {
    let mut configs = vec![laden(Adversary::None), laden(Adversary::Free)];
    // The other kind of optimiser state, without batch normalisation.
    let mut adam = plain_config();
    adam.optimizer.kind = OptimizerKind::AdamW;
    adam.optimizer.weight_decay = 0.01;
    adam.training.steps = 9;
    configs.push(adam);
    // Parts, the last of them smaller, and an objective that needs all logits first.
    let mut parted = laden(Adversary::Trades);
    parted.training.micro_batch = 3;
    configs.push(parted);
    for config in configs {
        let whole = train(&config, device, None);
        assert!(matches!(whole.outcome, Ok(Outcome::Finished(_))));
        let first = train(&config, device, Some((4, Wish::Stop)));
        let at = first.trainer.step();
        assert!((4..9).contains(&at), "{at}");
        let mut checkpoint = pollster::block_on(first.trainer.checkpoint()).unwrap();
        // A fraction whose last bit serde_json loses where it is read.
        checkpoint.progress.seconds = 31.245_270_191_439_438;
        let bytes = checkpoint.to_bytes().unwrap();
        let again = Checkpoint::from_bytes(&bytes).unwrap();
        // Not shown: they are long.
        assert!(again == checkpoint);

        let data = resident(device);
        let mut second = Run {
            trainer: Trainer::resume(again, &data).unwrap(),
            outcome: Ok(Outcome::Stopped),
            events: first.events,
        };
        second.go_on(device);
        assert!(matches!(second.outcome, Ok(Outcome::Finished(_))));
        assert_eq!(second.steps(), whole.steps());
        assert_eq!(second.evaluations(), whole.evaluations());
        assert!(second.weights() == whole.weights());
        // The state in all its parts, but for the clock.
        let state = |run: &Run| {
            let mut state = pollster::block_on(run.trainer.checkpoint()).unwrap();
            state.progress.seconds = 0.0;
            state
        };
        assert!(state(&second) == state(&whole));
    }
}

#[test]
fn a_state_that_fits_no_network_is_refused() {
    let data = resident(&cpu());
    let run = train(&laden(Adversary::Free), &cpu(), Some((4, Wish::Stop)));
    let good = pollster::block_on(run.trainer.checkpoint()).unwrap();
    let error = |damage: &dyn Fn(&mut Checkpoint)| {
        let mut checkpoint = good.clone();
        damage(&mut checkpoint);
        let error = Trainer::resume(checkpoint, &data).err().unwrap();
        error.to_string()
    };
    let short = error(&|checkpoint| {
        let moments = &mut checkpoint.optimizer.moments;
        moments.values_mut().next().unwrap()[0].truncate(1);
    });
    assert!(
        short.contains("optimizer.0.") && short.contains("[1]"),
        "{short}"
    );
    let none = error(&|checkpoint| {
        let first = checkpoint.optimizer.moments.pop_first().unwrap();
        checkpoint
            .optimizer
            .moments
            .insert("nobody".to_owned(), first.1);
    });
    assert!(none.contains("optimizer.0.nobody"), "{none}");
    let average = error(&|checkpoint| checkpoint.average = None);
    assert!(average.contains("`average`"), "{average}");
    let perturbation = error(&|checkpoint| {
        checkpoint.perturbation.as_mut().unwrap().shape = vec![1, 1, 8, 8];
    });
    assert!(perturbation.contains("`perturbation`"), "{perturbation}");
}

fn the_best_model_is_kept_and_patience_ends(device: &Device) {
    let mut config = plain_config();
    config.training.steps = 400;
    config.training.eval_every = 2;
    config.training.patience = 3;
    config.training.keep_best = true;
    config.optimizer.learning_rate = 3e-3;
    let run = train(&config, device, None);
    let Ok(Outcome::Finished(summary)) = &run.outcome else {
        panic!("{:?}", run.outcome);
    };
    assert!(summary.steps < 400, "{summary:?}");
    // Three evaluations without a better one.
    assert_eq!(summary.model_step + 6, summary.steps);
    let best = run
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Evaluation(e) if e.part == Part::HeldOut => Some((e.accuracy, e.step)),
            _ => None,
        })
        .fold(
            (0.0, 0),
            |best, next| if next.0 > best.0 { next } else { best },
        );
    assert_eq!(best.1, summary.model_step);
}

fn no_model_is_the_best_before_the_penalty_is_whole(device: &Device) {
    let mut config = plain_config();
    config.objective.squeeze = Squeeze::Batch;
    // Past the critical squeeze: what comes before is better.
    config.objective.beta = 20.0;
    config.objective.warmup = 0.8;
    config.training.steps = 40;
    config.training.eval_every = 4;
    config.training.keep_best = true;
    let run = train(&config, device, None);
    let Ok(Outcome::Finished(summary)) = &run.outcome else {
        panic!("{:?}", run.outcome);
    };
    assert!(summary.model_step >= 32, "{summary:?}");
    // The whole weight shows at the last step, a part of it at the first.
    let steps = run.steps();
    let weight = |step: &StepMetrics| f64::from(step.penalty) / f64::from(step.logit_norm);
    assert!(weight(&steps[0]) < 0.1 * weight(steps.last().unwrap()));
}

fn the_average_is_the_model(device: &Device) {
    let mut config = plain_config();
    config.optimizer.ema_decay = 0.5;
    config.training.steps = 2;
    let averaged = train(&config, device, None).weights();
    config.optimizer.ema_decay = 0.0;
    let last = train(&config, device, None).weights();
    config.training.steps = 1;
    let first = train(&config, device, None).weights();
    let data = resident(device);
    let start = Trainer::new(config, &data).unwrap();
    let start = pollster::block_on(weights::collect(&start.model())).unwrap();
    // The decays of the first two updates are 1/10 and 2/11.
    for (((averaged, last), first), start) in averaged.iter().zip(last).zip(first).zip(start) {
        let values = last.values.iter().zip(&first.values).zip(&start.values);
        let expected: Vec<f32> = values
            .map(|((last, first), start)| {
                let one = start * 0.1 + first * 0.9;
                one * (2.0 / 11.0) + last * (9.0 / 11.0)
            })
            .collect();
        assert_close(&averaged.values, &expected, 1e-5, 1e-7);
    }
}

#[test]
fn configs_that_do_not_fit_the_data_are_refused() {
    let data = resident(&cpu());
    let error = |change: &dyn Fn(&mut RunConfig)| {
        let mut config = plain_config();
        change(&mut config);
        Trainer::new(config, &data).err().unwrap().to_string()
    };
    let held_out = error(&|config| config.training.held_out = 200);
    assert!(
        held_out.contains("training.held_out") && held_out.contains("below"),
        "{held_out}"
    );
    let mut parted = self::data();
    parted.split_seed = Some(3);
    let parted = Resident::new(Arc::new(parted), &cpu());
    let text = Trainer::new(plain_config(), &parted)
        .err()
        .unwrap()
        .to_string();
    assert!(
        text.contains("`seed` is 11") && text.contains("3, by which"),
        "{text}"
    );
    let other = error(&|config| config.data.set = DataKind::Cifar10);
    assert!(
        other.contains("data.set") && other.contains("folder"),
        "{other}"
    );
}

fn a_look_tells_how_the_model_fares(device: &Device) {
    let mut config = plain_config();
    config.training.robust_images = 40;
    // From a model that is often wrong to one that seldom is.
    config.training.eval_every = 1;
    config.attack.epsilon = 0.0;
    let without_a_ball = train(&config, device, None);
    config.attack.epsilon = 1.0;
    let without_bounds = train(&config, device, None);
    config.training.robust_images = 0;
    let without_attack = train(&config, device, None);
    // Looking changes nothing.
    assert_eq!(without_a_ball.steps(), without_bounds.steps());
    assert_eq!(without_a_ball.steps(), without_attack.steps());

    let looks = without_a_ball.looks();
    assert!(looks.iter().map(|look| look.step).eq(1..=12));
    let clean: Vec<_> = without_a_ball
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Evaluation(evaluation) if evaluation.part == Part::HeldOut => Some(evaluation),
            _ => None,
        })
        .collect();
    assert!(clean.iter().any(|clean| clean.accuracy < 0.8), "{clean:?}");
    for (look, clean) in looks.iter().zip(clean) {
        let attack = look.attack.unwrap();
        assert_eq!((attack.images, attack.accuracy), (40, clean.accuracy));
        assert_eq!(look.logits.counts.iter().sum::<u32>(), 80);
        assert_eq!(look.margins.counts.iter().sum::<u32>(), 40);
        assert!(look.margins.quantiles.is_sorted(), "{look:?}");
        // Margins below 0 are the images that it is wrong about.
        let wrong = (1.0 - clean.accuracy) * 40.0;
        assert_eq!(look.margins.low < 0.0, wrong > 0.5, "{look:?}, {wrong}");
    }
    for look in without_bounds.looks().iter().skip(4) {
        assert!(look.attack.unwrap().accuracy < 0.1, "{look:?}");
    }
    for look in without_attack.looks() {
        assert_eq!(look.attack, None);
    }

    let filters = pollster::block_on(without_attack.trainer.filters()).unwrap();
    let weights = without_attack.weights();
    let first = weights.iter().find(|weight| weight.name == "conv1.weight");
    assert_eq!(filters.shape, [16, 1, 3, 3]);
    assert_eq!(filters.weights, first.unwrap().values);
}
