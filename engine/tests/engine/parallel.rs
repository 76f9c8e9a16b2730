//! Data-parallel training: several devices make the run that one makes.

use std::sync::OnceLock;

use burn::tensor::Device;
use squeeze_engine::checkpoint::Checkpoint;
use squeeze_engine::choice::Place;
use squeeze_engine::config::{Adversary, OptimizerKind, Precision, RunConfig, Squeeze};
use squeeze_engine::control::{Control, Wish};
use squeeze_engine::device;
use squeeze_engine::event::Event;
use squeeze_engine::train::{Outcome, Trainer};
use squeeze_shaders::loss_scale::{LARGEST, LossScale};

use crate::devices::{assert_close, cpu, gpu};
use crate::training::{laden, plain_config, resident};

/// The same adapter as [`gpu`]'s, opened once more: a device of its own, which shares no memory with it.
fn second_gpu() -> Device {
    static SECOND: OnceLock<Device> = OnceLock::new();
    let open = || {
        let opened = pollster::block_on(device::open_together(&[Place::Gpu(0)])).unwrap();
        opened.0.device
    };
    SECOND.get_or_init(open).clone()
}

/// A run, on the first device and on others; its losses, and its state at the end but for the clock.
fn train(config: &RunConfig, devices: &[Device]) -> (Vec<f32>, Checkpoint) {
    let data = resident(&devices[0]);
    let trainer = Trainer::new(config.clone(), &data).unwrap();
    go_on(trainer, devices, usize::MAX)
}

/// Goes on to the end, or until a step has been reported.
fn go_on(mut trainer: Trainer, devices: &[Device], until: usize) -> (Vec<f32>, Checkpoint) {
    let data = resident(&devices[0]);
    pollster::block_on(trainer.share(&devices[1..])).unwrap();
    let mut losses = Vec::new();
    let control = Control::default();
    let mut emit = |event| {
        if let Event::Steps(steps) = event {
            losses.extend(steps.steps.iter().map(|step| step.loss));
            if steps.steps.iter().any(|step| step.step >= until) {
                control.set(Wish::Stop);
            }
        }
    };
    let outcome = pollster::block_on(trainer.run(&data, &control, &mut emit)).unwrap();
    assert_eq!(matches!(outcome, Outcome::Stopped), until < usize::MAX);
    let mut state = pollster::block_on(trainer.checkpoint()).unwrap();
    state.progress.seconds = 0.0;
    (losses, state)
}

/// The same state, but for `training.micro_batch`.
fn same(state: &Checkpoint, other: &Checkpoint) -> bool {
    let mut state = state.clone();
    state.progress.config = other.progress.config.clone();
    state == *other
}

/// Everything that a run can carry, with objectives that do not part.
fn configs() -> Vec<RunConfig> {
    let kinds = [
        (Adversary::None, Squeeze::Batch),
        (Adversary::Pgd, Squeeze::Example),
        (Adversary::Fast, Squeeze::None),
        (Adversary::Free, Squeeze::Batch),
        (Adversary::Trades, Squeeze::Batch),
    ];
    let configs = kinds.map(|(adversary, squeeze)| {
        let mut config = laden(adversary);
        config.objective.squeeze = squeeze;
        config.objective.beta = if squeeze == Squeeze::None { 0.0 } else { 0.3 };
        config.training.steps = 5;
        config
    });
    configs.into()
}

/// With batch normalisation too: it sees a device's part, as it sees a part of `micro_batch`.
#[test]
fn two_devices_make_the_run_of_one_bit_for_bit() {
    for config in configs() {
        let (losses, state) = train(&config, &[cpu(), cpu()]);
        let mut parted = config.clone();
        parted.training.micro_batch = config.training.batch_size / 2;
        let (of_one, one) = train(&parted, &[cpu()]);
        assert_eq!(losses, of_one, "{:?}", config.objective.adversary.kind);
        assert!(same(&state, &one), "{:?}", config.objective.adversary.kind);
        // The halves differ: to leave one out would be seen.
        let (other, _) = train(&config, &[cpu()]);
        assert_ne!(losses, other);
    }
}

/// Without batch normalisation a batch is a batch, however it is shared: by three, unevenly, and in parts
/// on each.
#[test]
fn the_number_of_devices_makes_no_difference() {
    let mut config = plain_config();
    config.training.steps = 4;
    config.training.batch_size = 20;
    config.training.eval_every = 0;
    config.optimizer.kind = OptimizerKind::Sgd;
    config.optimizer.momentum = 0.0;
    config.optimizer.learning_rate = 0.1;
    for squeeze in Squeeze::ALL {
        config.objective.squeeze = squeeze;
        config.objective.beta = if squeeze == Squeeze::None { 0.0 } else { 0.3 };
        let (losses, one) = train(&config, &[cpu()]);
        for micro_batch in [0, 3] {
            let mut config = config.clone();
            config.training.micro_batch = micro_batch;
            let (shared, three) = train(&config, &[cpu(), cpu(), cpu()]);
            assert_close(&shared, &losses, 1e-5, 1e-6);
            for (of_three, of_one) in three.network.iter().zip(&one.network) {
                assert_close(&of_three.values, &of_one.values, 1e-4, 1e-5);
            }
        }
    }
}

/// Two devices of a GPU interface, and one beside the CPU backend.
#[test]
fn gpus_make_the_run_of_one() {
    for kind in [Adversary::None, Adversary::Free] {
        let mut config = plain_config();
        config.training.steps = 3;
        config.training.eval_every = 0;
        config.objective.adversary.kind = kind;
        config.objective.squeeze = Squeeze::Batch;
        let (losses, state) = train(&config, &[gpu(), second_gpu()]);
        let (mixed_losses, _) = train(&config, &[gpu(), cpu()]);
        config.training.micro_batch = config.training.batch_size / 2;
        let (of_one, one) = train(&config, &[gpu()]);
        assert_eq!(losses, of_one, "{kind:?}");
        assert!(same(&state, &one), "{kind:?}");
        assert_close(&mixed_losses, &of_one, 1e-4, 1e-5);
    }
}

/// Where 16 bits overflow on one device, all leave the step out, as one device does for any of its parts.
#[test]
fn gpus_of_mixed_precision_agree_on_what_they_leave_out() {
    for kind in [Adversary::None, Adversary::Free] {
        let mut config = plain_config();
        config.training.precision = Precision::Mixed;
        config.training.steps = 1;
        // A mean over few images has large gradients.
        config.training.batch_size = 2;
        config.training.micro_batch = 1;
        config.training.eval_every = 0;
        config.objective.adversary.kind = kind;
        let (_, begun) = train(&config, &[gpu()]);
        config.training.steps = 12;
        let from_here = |devices: &[Device]| {
            let mut begun = begun.clone();
            begun.progress.config = config.clone();
            begun.progress.finished = false;
            begun.loss_scale = Some(LossScale {
                scale: LARGEST,
                clean_steps: 0,
                left_out: 0,
            });
            let trainer = Trainer::resume(begun, &resident(&devices[0])).unwrap();
            go_on(trainer, devices, usize::MAX)
        };
        let (losses, state) = from_here(&[gpu(), second_gpu()]);
        let (of_one, one) = from_here(&[gpu()]);
        let left_out = state.loss_scale.unwrap().left_out;
        assert!((1..11).contains(&left_out), "{left_out}");
        assert_eq!(losses, of_one, "{kind:?}");
        assert!(state == one, "{kind:?}");
    }
}

/// A run goes from one device to two and back: its state is the same on any number of them.
#[test]
fn a_run_goes_on_with_other_devices_bit_for_bit() {
    for adversary in [Adversary::None, Adversary::Free] {
        let mut config = laden(adversary);
        config.training.micro_batch = config.training.batch_size / 2;
        let (_, whole) = train(&config, &[cpu()]);
        let data = resident(&cpu());
        let begun = Trainer::new(config, &data).unwrap();
        let (_, state) = go_on(begun, &[cpu()], 2);
        let went_on = Trainer::resume(state, &data).unwrap();
        let (_, state) = go_on(went_on, &[cpu(), cpu()], 5);
        assert!(
            (5..9).contains(&state.progress.step),
            "{}",
            state.progress.step
        );
        let went_on = Trainer::resume(state, &data).unwrap();
        let (_, state) = go_on(went_on, &[cpu()], usize::MAX);
        assert!(state == whole);
    }
}

#[test]
fn more_devices_than_images_are_refused() {
    let mut config = plain_config();
    config.training.batch_size = 2;
    let mut trainer = Trainer::new(config, &resident(&cpu())).unwrap();
    let error = pollster::block_on(trainer.share(&[cpu(), cpu()])).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("training.batch_size") && text.contains('3'),
        "{text}"
    );
}

#[test]
fn a_place_that_is_not_there_is_named() {
    let error = pollster::block_on(device::open_together(&[Place::Cpu, Place::Gpu(99)]));
    let text = error.unwrap_err().to_string();
    assert!(text.contains("gpu:99") && text.contains("gpu:0"), "{text}");
    let (opened, others) =
        pollster::block_on(device::open_together(&[Place::Cpu, Place::Cpu])).unwrap();
    assert_eq!(others.len(), 1);
    assert!(
        opened.report.name.starts_with("2 x CPU"),
        "{:?}",
        opened.report
    );
}
