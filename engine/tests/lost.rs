//! A GPU that goes away while a network is trained on it. A process opens its GPU once, so this test has
//! one of its own.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use burn::tensor::Tensor;
use squeeze_engine::checkpoint::Checkpoint;
use squeeze_engine::choice::DeviceWish;
use squeeze_engine::config::{DataKind, RunConfig};
use squeeze_engine::control::Control;
use squeeze_engine::data::{Dataset, Split};
use squeeze_engine::device;
use squeeze_engine::evaluate::read;
use squeeze_engine::event::Event;
use squeeze_engine::resident::Resident;
use squeeze_engine::train::{Host, Trainer};

/// Destroys the device once some steps are reported, and keeps what is saved.
struct Breaker {
    destroy: Box<dyn FnMut()>,
    steps: Vec<f32>,
    saved: Option<Checkpoint>,
}

impl Host for Breaker {
    fn emit(&mut self, event: Event) {
        if let Event::Steps(steps) = event {
            self.steps.extend(steps.steps.iter().map(|step| step.loss));
            if self.steps.len() > 4 {
                (self.destroy)();
            }
        }
    }

    fn save_every(&self) -> Option<Duration> {
        Some(Duration::ZERO)
    }

    async fn save(&mut self, checkpoint: Checkpoint) -> Result<bool, String> {
        self.saved = Some(checkpoint);
        Ok(true)
    }
}

fn data() -> Dataset {
    let split = || Split {
        pixels: (0..40 * 64).map(|place| (place * 37 % 251) as u8).collect(),
        labels: (0..40).map(|place| place % 2).collect(),
    };
    Dataset {
        split_seed: None,
        kind: DataKind::Folder,
        name: "stripes".to_owned(),
        image_shape: [1, 8, 8],
        classes: vec!["a".to_owned(), "b".to_owned()],
        train: split(),
        test: split(),
    }
}

#[test]
fn a_lost_device_ends_a_run_with_an_error_and_its_last_state_goes_on_elsewhere() {
    let opened = pollster::block_on(device::open(DeviceWish::Gpu)).unwrap();
    let graphics = opened.graphics.unwrap().setup.device;
    let resident = Resident::new(Arc::new(data()), &opened.device);
    let mut config = RunConfig::default();
    config.data.set = DataKind::Folder;
    config.training.steps = 1000;
    config.training.batch_size = 8;
    config.training.held_out = 8;
    config.training.eval_every = 0;
    let mut trainer = Trainer::new(config, &resident).unwrap();
    let mut host = Breaker {
        destroy: Box::new(move || graphics.destroy()),
        steps: vec![],
        saved: None,
    };
    let ended = pollster::block_on(trainer.run(&resident, &Control::default(), &mut host));
    let error = ended.unwrap_err().to_string();
    assert!(error.contains("the device failed"), "{error}");
    assert!(
        host.steps.iter().all(|loss| loss.is_finite()),
        "{:?}",
        host.steps
    );
    // Whoever asks is told so, and told again.
    for _ in 0..2 {
        let number = Tensor::<1>::from_data([1.0], &opened.device);
        assert!(pollster::block_on(read(number)).is_err());
    }
    // What was saved before is whole: it goes on where there is no GPU.
    let checkpoint = host.saved.unwrap();
    let step = checkpoint.progress.step;
    assert!((1..1000).contains(&step), "{step}");
    let cpu = pollster::block_on(device::open(DeviceWish::Cpu)).unwrap();
    let resident = Resident::new(Arc::new(data()), &cpu.device);
    let bytes = checkpoint.to_bytes().unwrap();
    let mut again = Checkpoint::from_bytes(&bytes).unwrap();
    again.progress.config.training.steps = step + 3;
    let mut trainer = Trainer::resume(again, &resident).unwrap();
    let ended = pollster::block_on(trainer.run(&resident, &Control::default(), &mut |_| {}));
    ended.unwrap();
    assert_eq!(trainer.step(), step + 3);
}
