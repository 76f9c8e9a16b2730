//! Training: a loop of steps that can be paused, stopped and gone on with at a step's edge.

use burn::module::Module;
use burn::optim::{
    AdamConfig, GradientsParams, ModuleOptimizer, SgdConfig, momentum::MomentumConfig,
};
use burn::tensor::{Device, Tensor};
use web_time::{Duration, Instant};

use crate::batch::{Batch, Sampler};
use crate::config::{ConfigError, OptimizerConfig, OptimizerKind, RunConfig};
use crate::control::{Control, Wish, Yielder};
use crate::data::Dataset;
use crate::evaluate::{DeviceFailure, evaluate, read};
use crate::event::{Event, StepMetrics, Steps, TrainingStarted, TrainingSummary};
use crate::network::weights::{self, WeightsError};
use crate::network::{Network, NetworkError};
use crate::objective::{reference, tensor};
use crate::random::{Purpose, Stream};

/// Numbers are read from the device about this often: often enough for a live chart, seldom enough
/// that a fast device never waits for them.
const READ_EVERY: Duration = Duration::from_millis(250);

/// Steps whose logits may wait on the device: bounds memory and how far the host runs ahead.
const MAX_PENDING: usize = 64;

/// Training that cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The config holds a value out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The network cannot take these images.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// Weights do not fit.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The device failed.
    #[error(transparent)]
    Device(#[from] DeviceFailure),
    /// The loss is infinite or NaN.
    #[error(
        "the loss became {loss} at step {step}: training diverged, most likely because the learning rate {learning_rate} is too large for this objective; try a tenth of it"
    )]
    Diverged {
        /// The first such step.
        step: usize,
        /// Its loss.
        loss: f64,
        /// The run's learning rate.
        learning_rate: f64,
    },
}

/// How [`Trainer::run`] ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Every step is done.
    Finished(TrainingSummary),
    /// The user paused; `run` may be called again.
    Paused,
    /// The user stopped; the model is what it is.
    Stopped,
}

/// A training run and its state between two steps.
pub struct Trainer {
    config: RunConfig,
    device: Device,
    network: Network,
    optimizer: ModuleOptimizer,
    sampler: Sampler,
    step: usize,
    seconds: f64,
}

/// A step whose numbers still lie on the device.
struct Pending {
    logits: Tensor<2>,
    labels: Vec<u8>,
}

impl Trainer {
    /// Prepares a run: fresh weights, step 0.
    ///
    /// `device` is the plain device; the trainer adds autodiff.
    ///
    /// # Errors
    /// [`TrainError`] if config, network and data do not fit.
    pub fn new(config: RunConfig, data: &Dataset, device: &Device) -> Result<Self, TrainError> {
        config.validate()?;
        let device = device.clone().autodiff();
        let network = Network::new(
            config.network,
            data.image_shape,
            data.classes.len(),
            &device,
        )?;
        let network = weights::initialize(network, config.seed)?;
        Ok(Self {
            optimizer: optimizer(&config.optimizer),
            sampler: Sampler::new(config.seed, config.training.batch_size, data),
            device,
            network,
            config,
            step: 0,
            seconds: 0.0,
        })
    }

    /// The network as it stands.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The run's config.
    pub fn config(&self) -> &RunConfig {
        &self.config
    }

    /// Steps done.
    pub fn step(&self) -> usize {
        self.step
    }

    /// Trains until the last step, a pause or a stop, then evaluates on the whole test set if it came
    /// to the last step. Reports through `emit`.
    ///
    /// # Errors
    /// [`TrainError`]; the trainer keeps the state of the last step.
    pub async fn run(
        &mut self,
        data: &Dataset,
        control: &Control,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Outcome, TrainError> {
        match self.run_steps(data, control, emit).await? {
            Wish::Run => {}
            Wish::Pause => {
                emit(Event::Paused { step: self.step });
                return Ok(Outcome::Paused);
            }
            Wish::Stop => {
                emit(Event::Stopped { step: self.step });
                return Ok(Outcome::Stopped);
            }
        }
        let began = Instant::now();
        let all = data.test.len();
        let test = evaluate(&self.network, data, &self.device, all, self.step).await?;
        self.seconds += began.elapsed().as_secs_f64();
        emit(Event::Evaluation(test));
        let summary = TrainingSummary {
            steps: self.step,
            test,
            seconds: self.seconds,
        };
        emit(Event::TrainingFinished(summary.clone()));
        Ok(Outcome::Finished(summary))
    }

    /// The steps of [`Self::run`] without its last evaluation; gives back the wish that ended them.
    ///
    /// Loss and accuracy stay on the device and are read a few times a second, several steps
    /// together. What is reported does not depend on when it is read.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn run_steps(
        &mut self,
        data: &Dataset,
        control: &Control,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Wish, TrainError> {
        emit(Event::TrainingStarted(TrainingStarted {
            config: self.config.clone(),
            step: self.step,
            parameters: self.network.num_params(),
            critical_beta: self
                .config
                .objective
                .squeeze
                .critical_beta(self.config.training.batch_size, data.classes.len()),
        }));
        let training = self.config.training.clone();
        let began = Instant::now();
        let mut reader = Reader::new(self.step);
        let mut yielder = Yielder::new();
        let mut wish = control.wish();
        while wish == Wish::Run && self.step < training.steps {
            let pending = self.train_step(data);
            reader.pending.push(pending);
            let look = training.eval_every > 0
                && self.step.is_multiple_of(training.eval_every)
                && self.step < training.steps;
            if reader.is_due() || look {
                self.report(&mut reader, emit).await?;
            }
            if look {
                let began = Instant::now();
                let images = training.eval_images;
                let evaluation =
                    evaluate(&self.network, data, &self.device, images, self.step).await?;
                reader.exclude(began.elapsed());
                emit(Event::Evaluation(evaluation));
            }
            yielder.breathe().await;
            wish = control.wish();
        }
        self.report(&mut reader, emit).await?;
        self.seconds += began.elapsed().as_secs_f64();
        // A wish that comes with the last step comes too late.
        Ok(if self.step < training.steps {
            wish
        } else {
            Wish::Run
        })
    }

    /// One step: batch, forward, objective, backward, update.
    fn train_step(&mut self, data: &Dataset) -> Pending {
        let config = &self.config;
        let places = self.sampler.places(self.step).into_iter();
        let mut batch = Batch::gather(&data.train, data.image_shape, places);
        let noise = Stream::new(config.seed, Purpose::Noise, self.step);
        batch.add_noise(config.objective.noise_sigma, noise);
        let labels = batch.labels.clone();
        let targets = tensor::targets(
            &labels,
            data.classes.len(),
            config.objective.label_smoothing,
            &self.device,
        );

        let logits = self.network.forward(batch.images(&self.device));
        let loss = tensor::objective(logits.clone(), targets, &config.objective);
        let gradients = GradientsParams::from_grads(loss.backward(), &self.network);
        let rate = config.optimizer.learning_rate;
        self.network = self.optimizer.step(rate, self.network.clone(), gradients);
        self.step += 1;
        Pending {
            logits: logits.inner(),
            labels,
        }
    }

    /// Reads and reports the steps that wait.
    async fn report(
        &self,
        reader: &mut Reader,
        emit: &mut dyn FnMut(Event),
    ) -> Result<(), TrainError> {
        let steps = reader.read(&self.config).await?;
        if steps.is_empty() {
            return Ok(());
        }
        // Finite steps before a divergence are reported, then the divergence.
        let bad = steps.iter().position(|step| !step.loss.is_finite());
        let mut good = steps;
        let diverged = bad.map(|place| good.split_off(place)[0]);
        if !good.is_empty() {
            emit(Event::Steps(Steps {
                steps: good,
                steps_per_sec: reader.steps_per_sec(self.step),
                total_steps: self.config.training.steps,
            }));
        }
        match diverged {
            None => Ok(()),
            Some(step) => Err(TrainError::Diverged {
                step: step.step,
                loss: f64::from(step.loss),
                learning_rate: self.config.optimizer.learning_rate,
            }),
        }
    }
}

fn optimizer(config: &OptimizerConfig) -> ModuleOptimizer {
    match config.kind {
        OptimizerKind::Adam => AdamConfig::new()
            .with_beta_1(0.9)
            .with_beta_2(0.999)
            .with_epsilon(1e-8)
            .init(),
        OptimizerKind::Sgd => SgdConfig::new()
            .with_momentum((config.momentum > 0.0).then(|| {
                MomentumConfig::new()
                    .with_momentum(config.momentum)
                    .with_dampening(0.0)
                    .with_nesterov(false)
            }))
            .init(),
    }
}

/// Collects steps on the device and reads them together at a bounded rate.
struct Reader {
    pending: Vec<Pending>,
    /// Steps to wait for before the next read.
    read_after: usize,
    last_read: Instant,
    first_step: usize,
    began: Instant,
    next_step: usize,
}

impl Reader {
    fn new(step: usize) -> Self {
        Self {
            pending: Vec::new(),
            read_after: 1,
            last_read: Instant::now(),
            first_step: step,
            began: Instant::now(),
            next_step: step + 1,
        }
    }

    fn is_due(&self) -> bool {
        self.pending.len() >= self.read_after
    }

    /// Leaves time out of the steps per second.
    fn exclude(&mut self, time: Duration) {
        self.began += time;
        self.last_read += time;
    }

    fn steps_per_sec(&self, step: usize) -> f64 {
        (step - self.first_step) as f64 / self.began.elapsed().as_secs_f64().max(1e-9)
    }

    async fn read(&mut self, config: &RunConfig) -> Result<Vec<StepMetrics>, DeviceFailure> {
        if self.pending.is_empty() {
            return Ok(Vec::new());
        }
        let pending = std::mem::take(&mut self.pending);
        let count = pending.len();
        let (logits, labels): (Vec<_>, Vec<_>) = pending
            .into_iter()
            .map(|step| (step.logits, step.labels))
            .unzip();
        let logits = read(Tensor::cat(logits, 0)).await?;
        let row = logits.len() / count;
        let steps = logits
            .chunks_exact(row)
            .zip(&labels)
            .zip(self.next_step..)
            .map(|((logits, labels), step)| metrics(step, logits, labels, config))
            .collect();
        self.next_step += count;
        // As many steps as took READ_EVERY this time, for the next time.
        let elapsed = self.last_read.elapsed().as_secs_f64().max(1e-6);
        let fitting = count as f64 * READ_EVERY.as_secs_f64() / elapsed;
        self.read_after = (fitting as usize).clamp(1, MAX_PENDING);
        self.last_read = Instant::now();
        Ok(steps)
    }
}

fn metrics(step: usize, logits: &[f32], labels: &[u8], config: &RunConfig) -> StepMetrics {
    let parts = reference::objective(logits, labels, &config.objective);
    StepMetrics {
        step,
        loss: parts.loss() as f32,
        cross_entropy: parts.cross_entropy as f32,
        penalty: parts.penalty as f32,
        accuracy: parts.correct as f32 / labels.len() as f32,
        logit_norm: parts.logit_norm as f32,
    }
}
