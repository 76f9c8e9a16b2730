//! A session as the page's worker uses it, and attacks on the model that it trained.

use burn::tensor::Device;
use squeeze_engine::attack::run::{Target, run};
use squeeze_engine::config::{AttackConfig, DataKind, ObjectiveConfig, RunConfig};
use squeeze_engine::control::{Control, Wish};
use squeeze_engine::event::{AttackSummary, Event};
use squeeze_engine::protocol::Command;
use squeeze_engine::session::{Session, steer};
use squeeze_engine::train::Trainer;

use crate::devices::on_every_device;
use crate::training::{data, resident};

on_every_device!(an_attack_reports_what_it_does, a_stopped_attack_says_so);

fn trained(device: &Device) -> Trainer {
    let mut config = RunConfig {
        objective: ObjectiveConfig::natural(),
        ..RunConfig::default()
    };
    config.data.set = DataKind::Folder;
    config.training.held_out = 0;
    config.training.steps = 25;
    config.training.batch_size = 24;
    config.optimizer.learning_rate = 3e-3;
    let mut trainer = Trainer::new(config, &resident(device)).unwrap();
    pollster::block_on(trainer.run(&resident(device), &Control::default(), &mut |_| {})).unwrap();
    trainer
}

fn attack(
    trainer: &Trainer,
    device: &Device,
    config: &AttackConfig,
    control: &Control,
) -> (AttackSummary, Vec<Event>) {
    let mut events = Vec::new();
    let data = resident(device);
    let target = Target {
        network: &trainer.model(),
        data: &data,
        seed: 3,
    };
    let mut emit = |event| events.push(event);
    let summary = pollster::block_on(run(&target, config, 5, control, &mut emit)).unwrap();
    (summary, events)
}

fn config() -> AttackConfig {
    AttackConfig {
        epsilon: 0.3,
        step_size: 0.05,
        iterations: 12,
        images: 50,
        batch_size: 32,
    }
}

fn an_attack_reports_what_it_does(device: &Device) {
    let trainer = trained(device);
    let (summary, events) = attack(&trainer, device, &config(), &Control::default());
    assert_eq!(summary.images, 50);
    assert!(summary.clean_accuracy > 0.9, "{summary:?}");
    assert!(summary.robust_accuracy < 0.5, "{summary:?}");
    assert!(!summary.stopped);
    let furthest = summary.max_perturbation;
    assert!((0.25..=0.3 + 1e-6).contains(&furthest), "{furthest}");

    let Some(Event::AttackStarted(started)) = events.first() else {
        panic!("{:?}", events.first());
    };
    assert_eq!(started.pixels, data().test.pixels[..5 * 64]);
    assert_eq!(started.labels, [0, 1, 0, 1, 0]);
    assert_eq!(started.probabilities.len(), 5 * started.classes);
    let frames: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::AttackFrame(frame) => Some(frame),
            _ => None,
        })
        .collect();
    assert_eq!(frames.first().unwrap().iteration, 0);
    assert_eq!(frames.last().unwrap().iteration, 12);
    for frame in &frames {
        assert_eq!(frame.pixels.len(), 5 * 64);
        for ((x, clean), shown) in frame
            .pixels
            .iter()
            .zip(&started.pixels)
            .zip(&frame.perturbation)
        {
            // 0.3 is 76.5 of 255; both displays are rounded to whole numbers.
            let moved = f32::from(*x) - f32::from(*clean);
            assert!(moved.abs() <= 77.0, "{moved}");
            let amplified = (f32::from(*shown) - 128.0) / 127.0 * 76.5;
            assert!((amplified - moved).abs() <= 1.2, "{amplified} for {moved}");
        }
        for row in frame.probabilities.chunks(started.classes) {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-4);
        }
    }
    let done: Vec<usize> = events
        .iter()
        .filter_map(|event| match event {
            Event::AttackProgress(progress) => Some(progress.images_done),
            _ => None,
        })
        .collect();
    assert!(done.is_sorted() && done.last() == Some(&50), "{done:?}");
    assert_eq!(events.last(), Some(&Event::AttackFinished(summary.clone())));

    // The same seed gives the same attack; time differs.
    let (again, _) = attack(&trainer, device, &config(), &Control::default());
    assert_eq!(again.robust_accuracy, summary.robust_accuracy);
    assert_eq!(again.max_perturbation, summary.max_perturbation);
    // Without a budget nothing changes.
    let none = AttackConfig {
        epsilon: 0.0,
        ..config()
    };
    let (none, _) = attack(&trainer, device, &none, &Control::default());
    assert_eq!(none.robust_accuracy, none.clean_accuracy);
    assert_eq!(none.max_perturbation, 0.0);
}

fn a_stopped_attack_says_so(device: &Device) {
    let trainer = trained(device);
    let control = Control::default();
    control.set(Wish::Stop);
    let (summary, _) = attack(&trainer, device, &config(), &control);
    assert!(summary.stopped);
    assert_eq!(summary.images, 0);
}

#[test]
fn commands_out_of_order_are_answered_in_plain_words() {
    let mut session = Session::default();
    let command = Command::Train {
        config: RunConfig::default(),
    };
    let failure = pollster::block_on(session.handle(command, Vec::new(), &mut |_| {})).unwrap_err();
    assert!(failure.contains("not ready"), "{failure}");
}

#[test]
fn only_steering_commands_overtake() {
    let control = Control::default();
    assert_eq!(steer(&control, Command::Pause), None);
    assert_eq!(control.wish(), Wish::Pause);
    assert_eq!(steer(&control, Command::Stop), None);
    assert_eq!(control.wish(), Wish::Stop);
    assert_eq!(steer(&control, Command::Resume), Some(Command::Resume));
}
