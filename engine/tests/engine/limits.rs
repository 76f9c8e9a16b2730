//! Everything runs within the limits that WebGPU promises on every device, and what goes beyond a device's is
//! refused before it is sent there.

use std::sync::{Arc, OnceLock};

use burn::tensor::Device;
use burn::tensor::wgpu::{WgpuSetup, wgpu};
use squeeze_engine::attack::run::{self as attack, AttackError, Manner, Target};
use squeeze_engine::config::{Adversary, AttackConfig, AttackMethod, OptimizerKind, RunConfig};
use squeeze_engine::control::Control;
use squeeze_engine::data::{Dataset, Split};
use squeeze_engine::event::Event;
use squeeze_engine::limits::{largest_array, most_images};
use squeeze_engine::model::Model;
use squeeze_engine::resident::Resident;
use squeeze_engine::train::{Outcome, Trainer};

use crate::devices::{cpu, graphics, numbers};
use crate::training::{data, plain_config, resident};

/// A device of the adapter with no more than WebGPU's default limits.
fn frugal() -> Device {
    static DEVICE: OnceLock<Device> = OnceLock::new();
    let open = || {
        let setup = graphics().setup;
        // Burn makes shaders for the features of the adapter; those that are experimental it does not need.
        let unwanted = wgpu::Features::all_experimental_mask();
        let descriptor = wgpu::DeviceDescriptor {
            required_features: setup.adapter.features() - unwanted,
            required_limits: wgpu::Limits::default(),
            ..wgpu::DeviceDescriptor::default()
        };
        let (device, queue) =
            pollster::block_on(setup.adapter.request_device(&descriptor)).unwrap();
        // Burn asks the adapter for some of them; what it takes beyond the device's is an error here.
        let setup = WgpuSetup {
            device,
            queue,
            ..setup
        };
        Device::wgpu_options().setup(setup).init().unwrap()
    };
    DEVICE.get_or_init(open).clone()
}

fn train(config: &RunConfig, data: &Resident) -> Result<Trainer, String> {
    let mut trainer = Trainer::new(config.clone(), data).unwrap();
    let outcome = pollster::block_on(trainer.run(data, &Control::default(), &mut |_: Event| {}));
    let outcome = outcome.map_err(|error| error.to_string())?;
    assert!(matches!(outcome, Outcome::Finished(_)), "{outcome:?}");
    Ok(trainer)
}

/// Attacks the first so many test images on a run's model.
fn attack_with(
    trainer: &Trainer,
    data: &Resident,
    attack: &AttackConfig,
    images: usize,
) -> Result<attack::Outcome, AttackError> {
    let model = Model::new(&trainer.model(), &trainer.config().guard, 1);
    let target = Target {
        model: &model,
        data,
        seed: 1,
    };
    let places: Vec<usize> = (0..images).collect();
    let control = Control::default();
    let mut emit = |_: Event| {};
    let manner = Manner::default();
    pollster::block_on(attack::on(
        &target, attack, &places, manner, &control, &mut emit,
    ))
}

#[test]
fn networks_and_attacks_run_within_the_default_limits() {
    let data = resident(&frugal());
    for (network, kind) in [
        ("small-cnn", Adversary::Trades),
        ("mnist-cnn", Adversary::Pgd),
        ("resnet-8", Adversary::None),
        ("wrn-10-1", Adversary::Free),
        ("wrn-8-1", Adversary::None),
    ] {
        let mut config = plain_config();
        config.network = network.parse().unwrap();
        config.objective.adversary.kind = kind;
        config.objective.adversary.iterations = 2;
        config.optimizer.kind = OptimizerKind::Nesterov;
        config.optimizer.clip_norm = 1.0;
        config.training.steps = 2;
        let trainer = train(&config, &data).unwrap_or_else(|error| panic!("{network}: {error}"));
        if network != "small-cnn" {
            continue;
        }
        for method in AttackMethod::ALL {
            let mut attack = config.attack.clone();
            attack.method = method;
            attack.iterations = 3;
            attack_with(&trainer, &data, &attack, 4)
                .unwrap_or_else(|error| panic!("{method:?}: {error}"));
        }
    }
}

/// As many images as MNIST's size allows in one array, and one more.
#[test]
fn what_does_not_fit_is_refused_with_the_most_that_does() {
    const SIDE: usize = 28;
    let device = frugal();
    assert_eq!(largest_array(&cpu()), None);
    assert_eq!(largest_array(&device), Some(1 << 27));
    // small-cnn's first layer makes 16 numbers of a pixel.
    let most = (1 << 27) / (4 * 16 * SIDE * SIDE);
    assert_eq!(most_images(16 * SIDE * SIDE, &device), Some(most));
    let split = |seed, count: usize| Split {
        pixels: numbers(seed, count * SIDE * SIDE, 100.0)
            .into_iter()
            .map(|number| (number + 100.0) as u8)
            .collect(),
        labels: (0..count).map(|place| (place % 2) as u8).collect(),
    };
    let data = Resident::new(
        Arc::new(Dataset {
            image_shape: [1, SIDE, SIDE],
            train: split(1, most + 1),
            test: split(2, most + 1),
            ..data()
        }),
        &device,
    );
    let mut config = plain_config();
    config.training.steps = 1;
    config.training.held_out = 0;
    config.training.eval_every = 0;
    config.training.batch_size = most + 1;
    let error = train(&config, &data).err().unwrap();
    let named = |error: &str, field: &str| {
        for part in [field, &format!("at most {most} "), "128 MiB"] {
            assert!(error.contains(part), "{error}");
        }
    };
    named(&error, "training.batch_size");
    assert!(error.contains("training.micro_batch"), "{error}");
    config.training.micro_batch = most;
    let trainer = train(&config, &data).unwrap();

    let mut attack = config.attack.clone();
    attack.iterations = 1;
    let mut attack_by = |batch_size: usize| {
        attack.batch_size = batch_size;
        attack_with(&trainer, &data, &attack, most + 1)
    };
    named(
        &attack_by(most + 1).unwrap_err().to_string(),
        "attack.batch_size",
    );
    assert_eq!(attack_by(most).unwrap().is_right.len(), most + 1);
}
