//! The engine behind a worker: carries out [`Command`]s and answers with [`Event`]s.

use std::rc::Rc;

use burn::tensor::Device;

use crate::attack::run::{Target, run};
use crate::choice::DeviceWish;
use crate::config::AttackConfig;
use crate::control::{Control, Wish};
use crate::data::{Dataset, mnist};
use crate::device;
use crate::event::Event;
use crate::protocol::Command;
use crate::train::Trainer;

/// Why a command could not be carried out, in plain words.
pub type Failure = String;

/// One device, one data set, at most one training run.
#[derive(Default)]
pub struct Session {
    device: Option<Device>,
    data: Option<Rc<Dataset>>,
    trainer: Option<Trainer>,
    control: Control,
}

impl Session {
    /// The hand on whatever runs: [`steer`] changes it from outside while a command is at work.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Opens the device.
    ///
    /// # Errors
    /// A sentence that says what is missing.
    pub async fn open(
        &mut self,
        wish: DeviceWish,
        emit: &mut dyn FnMut(Event),
    ) -> Result<(), Failure> {
        let opened = device::open(wish).await.map_err(text)?;
        emit(Event::Device(opened.report));
        self.device = Some(opened.device);
        Ok(())
    }

    /// Reads the four MNIST files, in the order of [`mnist::FILES`].
    ///
    /// # Errors
    /// A sentence that names the file and what is wrong with it.
    pub fn load(
        &mut self,
        files: &[Vec<u8>; 4],
        emit: &mut dyn FnMut(Event),
    ) -> Result<(), Failure> {
        let files = [&files[0], &files[1], &files[2], &files[3]].map(Vec::as_slice);
        let data = mnist::parse(files).map_err(text)?;
        emit(Event::Data(data.report()));
        self.data = Some(Rc::new(data));
        Ok(())
    }

    /// Carries out a command other than `Open`; returns when it is done.
    ///
    /// # Errors
    /// A sentence for the user. What was there before is kept.
    pub async fn handle(
        &mut self,
        command: Command,
        emit: &mut dyn FnMut(Event),
    ) -> Result<(), Failure> {
        let (Some(device), Some(data)) = (self.device.clone(), self.data.clone()) else {
            return Err("the device and the data are not ready yet".to_owned());
        };
        match command {
            Command::Train { config } => {
                self.trainer = Some(Trainer::new(config, &data, &device).map_err(text)?);
                self.control.set(Wish::Run);
                self.train(&data, emit).await
            }
            Command::Resume => {
                self.control.set(Wish::Run);
                self.train(&data, emit).await
            }
            Command::Attack { config, show } => {
                self.control.set(Wish::Run);
                self.attack(&data, &device, &config, show, emit).await
            }
            // Between two commands there is nothing to pause or stop; while one is at work,
            // `steer` has taken these already.
            Command::Pause | Command::Stop | Command::Open { .. } => Ok(()),
        }
    }

    async fn train(&mut self, data: &Dataset, emit: &mut dyn FnMut(Event)) -> Result<(), Failure> {
        let trainer = self
            .trainer
            .as_mut()
            .ok_or("there is no run to go on with: train first")?;
        trainer
            .run(data, &self.control, emit)
            .await
            .map(drop)
            .map_err(text)
    }

    async fn attack(
        &mut self,
        data: &Dataset,
        device: &Device,
        config: &AttackConfig,
        show: usize,
        emit: &mut dyn FnMut(Event),
    ) -> Result<(), Failure> {
        let trainer = self
            .trainer
            .as_ref()
            .ok_or("there is no model to attack: train one first")?;
        let target = Target {
            network: trainer.network(),
            data,
            device,
            seed: trainer.config().seed,
        };
        run(&target, config, show, &self.control, emit)
            .await
            .map(drop)
            .map_err(text)
    }
}

/// Takes a command that steers what runs at the moment; gives back any other.
pub fn steer(control: &Control, command: Command) -> Option<Command> {
    match command {
        Command::Pause => control.set(Wish::Pause),
        Command::Stop => control.set(Wish::Stop),
        other => return Some(other),
    }
    None
}

fn text(error: impl std::fmt::Display) -> Failure {
    error.to_string()
}
