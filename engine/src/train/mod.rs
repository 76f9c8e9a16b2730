//! Training: a loop of steps that can be paused, stopped, written down and gone on with at a step's
//! edge.

mod adversary;
mod average;
mod error;
pub(crate) mod look;
#[cfg_attr(not(feature = "gpu"), path = "no_loss_scale.rs")]
mod loss_scale;
mod pass;
mod replica;
mod report;
mod step;

use std::future::Future;

use burn::module::Module;
use burn::tensor::{Device, FloatDType, Tensor, TensorData};
use squeeze_shaders::loss_scale::LossScale as LossScaleNumbers;
use web_time::{Duration, Instant};

use crate::batch::{Parts, Sampler};
use crate::checkpoint::{Checkpoint, Progress};
use crate::config::{ConfigError, Precision, RunConfig};
use crate::control::{Control, Wish, Yielder};
use crate::evaluate::{Answers, DeviceFailure, evaluate, read};
use crate::event::{
    Evaluation, Event, Filters, Look, LossScaleSeen, Part, Steps, TrainingStarted, TrainingSummary,
};
use crate::limits;
use crate::model::Model;
use crate::network::Network;
use crate::network::weights::{self, Parameter};
use crate::optimizer::Optimizer;
use crate::resident::{Resident, Source};
pub use error::TrainError;
use loss_scale::LossScale;
use replica::Replica;
use report::Reader;

/// A loss so many times that of the first step has exploded.
const EXPLODED: f32 = 1e4;

/// What a run reports to, and where its state is kept.
pub trait Host {
    /// Takes an event.
    fn emit(&mut self, event: Event);

    /// The state is to be saved about this often, and whenever the run halts. `None`: never.
    fn save_every(&self) -> Option<Duration> {
        None
    }

    /// Keeps the state, so that it is there whole or the one before it is; tells whether it did. An
    /// error ends the run.
    fn save(&mut self, _checkpoint: Checkpoint) -> impl Future<Output = Result<bool, String>> {
        async { Ok(false) }
    }
}

/// A function takes events and keeps nothing.
impl<F: FnMut(Event)> Host for F {
    fn emit(&mut self, event: Event) {
        self(event);
    }
}

/// How [`Trainer::run`] ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The run came to its end.
    Finished(TrainingSummary),
    /// The user paused; `run` may be called again.
    Paused,
    /// The user stopped; the model is what it is.
    Stopped,
}

/// The model with the best held-out accuracy so far.
struct Best {
    step: usize,
    accuracy: f64,
    /// Without autodiff; only if the run keeps it.
    network: Option<Network>,
}

/// A training run and its state between two steps.
pub struct Trainer {
    config: RunConfig,
    /// With autodiff.
    network: Network,
    optimizer: Optimizer,
    /// Without autodiff.
    average: Option<Network>,
    best: Option<Best>,
    /// Evaluations since the best one.
    worse: usize,
    /// The step of the last evaluation.
    looked_at: usize,
    /// The perturbation of "free" adversarial training.
    perturbation: Option<Tensor<4>>,
    /// Mixed precision: the loss scale as it was when training last began or went on, and on the device.
    scaled: Option<(LossScaleNumbers, Option<LossScale>)>,
    /// Further devices that train along.
    replicas: Vec<Replica>,
    sampler: Sampler,
    held_out: Vec<u32>,
    step: usize,
    seconds: f64,
    first_loss: Option<f32>,
    finished: bool,
}

impl Trainer {
    /// Prepares a run: fresh weights, step 0.
    ///
    /// # Errors
    /// [`TrainError`] if config, network and data do not fit.
    pub fn new(config: RunConfig, data: &Resident) -> Result<Self, TrainError> {
        fits(&config, data)?;
        let images = data.split(Source::Train).len();
        let training = &config.training;
        if training.held_out >= images {
            return Err(TrainError::Config(ConfigError::OutOfRange {
                field: "training.held_out",
                value: training.held_out.to_string(),
                must_be: format!("below the number of training images, {images}"),
            }));
        }
        let parts = Parts::new(config.seed, images, training.held_out);
        Self::on(config, data, parts)
    }

    /// Fresh weights, step 0, to be trained on some of the images.
    fn on(config: RunConfig, data: &Resident, parts: Parts) -> Result<Self, TrainError> {
        let device = data.device().clone().autodiff();
        let (image_shape, classes) = shape(data);
        let network = Network::new(config.network, image_shape, classes, &device)?;
        let network = weights::initialize(network, config.seed)?;
        Ok(Self {
            optimizer: Optimizer::new(config.optimizer.clone()),
            average: (config.optimizer.ema_decay > 0.0).then(|| network.valid()),
            best: None,
            worse: 0,
            looked_at: 0,
            perturbation: None,
            scaled: (config.training.precision == Precision::Mixed).then(Default::default),
            replicas: Vec::new(),
            sampler: Sampler::new(config.seed, &config.training, parts.train),
            held_out: parts.held_out,
            network,
            config,
            step: 0,
            seconds: 0.0,
            first_loss: None,
            finished: false,
        })
    }

    /// Prepares to go on from a checkpoint.
    ///
    /// # Errors
    /// [`TrainError`] if checkpoint and data do not fit.
    pub fn resume(checkpoint: Checkpoint, data: &Resident) -> Result<Self, TrainError> {
        let Progress {
            config,
            step,
            seconds,
            best,
            worse,
            looked_at,
            first_loss,
            finished,
        } = checkpoint.progress;
        let optimizer = config.optimizer.clone();
        checkpoint.optimizer.check(&checkpoint.network)?;
        if checkpoint.average.is_none() && optimizer.ema_decay > 0.0 {
            let name = "average".to_owned();
            return Err(TrainError::Weights(weights::WeightsError::Missing { name }));
        }
        let mut trainer = Self::new(config, data)?;
        let plain = data.device();
        let fill = |parameters| weights::load(trainer.network.clone(), parameters);
        let average = checkpoint.average.map(fill).transpose()?;
        let best_network = checkpoint.best.map(fill).transpose()?;
        trainer.average = average.map(|network| network.valid());
        trainer.best = best.map(|(step, accuracy)| Best {
            step,
            accuracy,
            network: best_network.map(|network| network.valid()),
        });
        trainer.network = weights::load(trainer.network, checkpoint.network)?;
        trainer.optimizer = Optimizer::with_state(optimizer, checkpoint.optimizer, plain);
        trainer.perturbation = checkpoint
            .perturbation
            .map(|parameter| perturbation(parameter, trainer.perturbation_shape(data), plain))
            .transpose()?;
        if let Some(numbers) = checkpoint.loss_scale {
            trainer.scaled = trainer.scaled.map(|_| (numbers, None));
        }
        trainer.worse = worse;
        trainer.looked_at = looked_at;
        trainer.step = step;
        trainer.seconds = seconds;
        trainer.first_loss = first_loss;
        trainer.finished = finished;
        Ok(trainer)
    }

    /// The end of a run of which nothing is left but its config and its weights. It needs no image to have
    /// been trained on any.
    ///
    /// # Errors
    /// [`TrainError`] if config, weights and data do not fit.
    pub fn given(
        config: RunConfig,
        weights: Vec<Parameter>,
        data: &Resident,
    ) -> Result<Self, TrainError> {
        fits(&config, data)?;
        let mut trainer = Self::on(config, data, Parts::default())?;
        trainer.network = weights::load(trainer.network, weights)?;
        trainer.step = trainer.config.training.steps;
        trainer.finished = true;
        // The weights are those that count, whatever they are a mean or the best of.
        trainer.average = None;
        Ok(trainer)
    }

    /// The state between two steps.
    ///
    /// # Errors
    /// [`TrainError::Diverged`] if it holds a number that is not finite: such a state is worth nothing.
    pub async fn checkpoint(&self) -> Result<Checkpoint, TrainError> {
        let network = collect(&self.network).await?;
        let mut finite = network.iter().flat_map(|parameter| &parameter.values);
        if let Some(value) = finite.find(|value| !value.is_finite()) {
            return Err(TrainError::diverged(self.step, *value, &self.config));
        }
        let average = match &self.average {
            Some(network) => Some(collect(network).await?),
            None => None,
        };
        let best = match self.best.as_ref().and_then(|best| best.network.as_ref()) {
            Some(network) => Some(collect(network).await?),
            None => None,
        };
        let perturbation = match &self.perturbation {
            Some(tensor) => Some(Parameter {
                name: "perturbation".to_owned(),
                shape: tensor.dims().to_vec(),
                values: read(tensor.clone()).await?,
            }),
            None => None,
        };
        let loss_scale = match &self.scaled {
            Some((_, Some(on_device))) => Some(on_device.numbers().await?),
            Some((numbers, None)) => Some(*numbers),
            None => None,
        };
        Ok(Checkpoint {
            progress: Progress {
                config: self.config.clone(),
                step: self.step,
                seconds: self.seconds,
                best: self.best.as_ref().map(|best| (best.step, best.accuracy)),
                worse: self.worse,
                looked_at: self.looked_at,
                first_loss: self.first_loss,
                finished: self.finished,
            },
            network,
            optimizer: self.optimizer.state().await?,
            average,
            best,
            perturbation,
            loss_scale,
        })
    }

    fn perturbation_shape(&self, data: &Resident) -> [usize; 4] {
        let [channels, height, width] = data.data().image_shape;
        [self.config.training.batch_size, channels, height, width]
    }

    /// The model as it stands: the best one if the run keeps it, else the average if it has one, else
    /// the network of the last step. On the autodiff device.
    pub fn model(&self) -> Network {
        let best = self.best.as_ref().and_then(|best| best.network.as_ref());
        match best.or(self.average.as_ref()) {
            Some(network) => network.clone().train(),
            None => self.network.clone(),
        }
    }

    /// A network behind the run's guard.
    fn guarded(&self, network: &Network) -> Model {
        Model::new(network, &self.config.guard, self.config.seed)
    }

    /// The run's config.
    pub fn config(&self) -> &RunConfig {
        &self.config
    }

    /// Steps done.
    pub fn step(&self) -> usize {
        self.step
    }

    /// Nothing is left to train.
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// Trains until the end, a pause or a stop, then evaluates on the whole test set if it came to
    /// the end.
    ///
    /// # Errors
    /// [`TrainError`]; the trainer keeps the state of the last step.
    pub async fn run(
        &mut self,
        data: &Resident,
        control: &Control,
        host: &mut impl Host,
    ) -> Result<Outcome, TrainError> {
        let outcome = match self.run_steps(data, control, host).await? {
            Wish::Run => self.finish(data, control, host).await?,
            Wish::Pause => Outcome::Paused,
            Wish::Stop => Outcome::Stopped,
        };
        // Whoever hears of the end may go away: what there is, is safe by then.
        if host.save_every().is_some() {
            self.save(host).await?;
        }
        host.emit(match &outcome {
            Outcome::Finished(summary) => Event::TrainingFinished(summary.clone()),
            Outcome::Paused => Event::Paused { step: self.step },
            Outcome::Stopped => Event::Stopped { step: self.step },
        });
        Ok(outcome)
    }

    /// The last evaluation.
    async fn finish(
        &mut self,
        data: &Resident,
        control: &Control,
        host: &mut impl Host,
    ) -> Result<Outcome, TrainError> {
        let began = Instant::now();
        let model_step = match &self.best {
            Some(best) if best.network.is_some() => best.step,
            _ => self.step,
        };
        let all: Vec<u32> = (0..data.split(Source::Test).len() as u32).collect();
        let model = self.guarded(&self.model());
        let test = evaluate(&model, data, Part::Test, &all, model_step, control).await?;
        self.seconds += began.elapsed().as_secs_f64();
        let Some(test) = test.map(|answers| answers.evaluation) else {
            return Ok(Outcome::Stopped);
        };
        self.check_finite(&test)?;
        self.finished = true;
        host.emit(Event::Evaluation(test));
        Ok(Outcome::Finished(TrainingSummary {
            steps: self.step,
            model_step,
            test,
            seconds: self.seconds,
        }))
    }

    /// The steps of [`Self::run`] without its last evaluation; gives back the wish that ended them.
    ///
    /// Numbers stay on the device and are read a few times a second, several steps together. What is
    /// reported does not depend on when it is read, nor on when the state is saved.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn run_steps(
        &mut self,
        data: &Resident,
        control: &Control,
        host: &mut impl Host,
    ) -> Result<Wish, TrainError> {
        let ran = self.run_until(data, control, host).await;
        // Whatever else is wrong then comes of that.
        ran.map_err(|error| match limits::is_memory_full() {
            true => TrainError::MemoryFull {
                images: self.at_once().1,
            },
            false => error,
        })
    }

    async fn run_until(
        &mut self,
        data: &Resident,
        control: &Control,
        host: &mut impl Host,
    ) -> Result<Wish, TrainError> {
        let (_, classes) = shape(data);
        let training = self.config.training.clone();
        if !self.is_trained() {
            self.check_limits(data)?;
            self.begin_mixed(data.device())?;
        }
        host.emit(Event::TrainingStarted(TrainingStarted {
            config: self.config.clone(),
            run: None,
            step: self.step,
            parameters: weights::count(&self.network),
            critical_beta: self
                .config
                .objective
                .critical_beta(training.batch_size, classes),
        }));
        let mut began = Instant::now();
        let mut saved = Instant::now();
        let mut reader = Reader::new(self.step);
        let mut yielder = Yielder::new();
        let mut wish = control.wish();
        loop {
            if self.must_look() && wish != Wish::Stop {
                self.report(&mut reader, host).await?;
                let pause = Instant::now();
                if !self.look(data, control, host).await? {
                    wish = Wish::Stop;
                }
                reader.exclude(pause.elapsed());
            }
            if host
                .save_every()
                .is_some_and(|every| saved.elapsed() >= every)
            {
                self.report(&mut reader, host).await?;
                let pause = Instant::now();
                self.seconds += began.elapsed().as_secs_f64();
                self.save(host).await?;
                began = Instant::now();
                saved = Instant::now();
                reader.exclude(pause.elapsed());
            }
            if wish != Wish::Run || self.is_trained() {
                break;
            }
            let pending = self.train_step(data);
            reader.push(pending);
            if reader.is_due() {
                self.report(&mut reader, host).await?;
            }
            yielder.breathe().await;
            wish = control.wish();
        }
        self.report(&mut reader, host).await?;
        self.seconds += began.elapsed().as_secs_f64();
        // A wish that comes with the last step comes too late.
        let done = self.is_trained() && !self.must_look();
        Ok(if done { Wish::Run } else { wish })
    }

    /// How many images go through the network at once on a device, and the field that says so.
    fn at_once(&self) -> (&'static str, usize) {
        let training = &self.config.training;
        let share = training.batch_size.div_ceil(1 + self.replicas.len());
        match training.micro_batch {
            0 => ("training.batch_size", share),
            parts => ("training.micro_batch", parts.min(share)),
        }
    }

    /// Whether the images of a step that go through the network at once fit the devices.
    fn check_limits(&self, data: &Resident) -> Result<(), TrainError> {
        let (field, images) = self.at_once();
        let widest = self.network.widest(data.data().image_shape);
        let others = self.replicas.iter().map(|replica| &replica.device);
        for device in std::iter::once(data.device()).chain(others) {
            limits::fits(field, images, widest, device)?;
        }
        Ok(())
    }

    /// Brings the loss scale of mixed precision to the device.
    fn begin_mixed(&mut self, device: &Device) -> Result<(), TrainError> {
        let Some((numbers, on_device)) = &mut self.scaled else {
            return Ok(());
        };
        let others = || self.replicas.iter().map(|replica| &replica.device);
        if !std::iter::once(device).chain(others()).all(has_half) {
            return Err(TrainError::Config(ConfigError::OutOfRange {
                field: "training.precision",
                value: Precision::Mixed.name().to_owned(),
                must_be:
                    "`full` on this device: mixed precision needs a GPU with 16-bit floats (in a \
                          browser the feature `shader-f16`)"
                        .to_owned(),
            }));
        }
        on_device.get_or_insert_with(|| LossScale::new(*numbers, device));
        for Replica { scale, device, .. } in &mut self.replicas {
            scale.get_or_insert_with(|| LossScale::new(*numbers, device));
        }
        Ok(())
    }

    /// The last step is done, or patience is at its end.
    fn is_trained(&self) -> bool {
        let training = &self.config.training;
        let impatient = training.patience > 0 && self.worse >= training.patience;
        self.step >= training.steps || impatient
    }

    /// This step's evaluation is still to be made.
    fn must_look(&self) -> bool {
        let every = self.config.training.eval_every;
        let due = every > 0
            && (self.step.is_multiple_of(every) || self.step == self.config.training.steps);
        due && !self.held_out.is_empty() && self.looked_at != self.step
    }

    /// Saves the state through the host.
    async fn save(&mut self, host: &mut impl Host) -> Result<(), TrainError> {
        let checkpoint = self.checkpoint().await?;
        if host.save(checkpoint).await.map_err(TrainError::Save)? {
            host.emit(Event::Saved { step: self.step });
        }
        Ok(())
    }

    /// Evaluates the held-out images; false if the user stopped it.
    async fn look(
        &mut self,
        data: &Resident,
        control: &Control,
        host: &mut impl Host,
    ) -> Result<bool, TrainError> {
        let network = match &self.average {
            Some(average) => average.clone(),
            None => self.network.valid(),
        };
        let part = Part::HeldOut;
        let places = &self.held_out;
        let model = self.guarded(&network.clone().train());
        let looked = evaluate(&model, data, part, places, self.step, control).await?;
        let Some(Answers { evaluation, logits }) = looked else {
            return Ok(false);
        };
        self.check_finite(&evaluation)?;
        let (config, step) = (&self.config, self.step);
        let attack = if config.training.robust_images == 0 {
            None
        } else {
            let attacked = look::attack(&model, data, config, places, &logits, control);
            match attacked.await? {
                Some(attack) => Some(attack),
                None => return Ok(false),
            }
        };
        let labels = data.labels(Source::Train, places.iter().map(|&place| place as usize));
        let look = Look {
            step,
            margins: look::spread(look::margins(&logits, &labels)),
            logits: look::spread(logits),
            attack,
        };
        let filters = self.filters_of(&network).await?;
        self.looked_at = self.step;
        self.weigh(&evaluation, network);
        host.emit(Event::Evaluation(evaluation));
        host.emit(Event::Look(look));
        host.emit(Event::Filters(filters));
        Ok(true)
    }

    /// The weights of the first convolution.
    ///
    /// # Errors
    /// [`DeviceFailure`] if the device does not answer.
    pub async fn filters(&self) -> Result<Filters, DeviceFailure> {
        self.filters_of(&self.model()).await
    }

    async fn filters_of(&self, network: &Network) -> Result<Filters, DeviceFailure> {
        let weights = network.first_weights();
        Ok(Filters {
            step: self.step,
            shape: weights.dims(),
            weights: read(weights).await?,
        })
    }

    /// The weights of an evaluation can be ruined by an update whose own loss was still good.
    fn check_finite(&self, evaluation: &Evaluation) -> Result<(), TrainError> {
        let value = evaluation.cross_entropy as f32;
        if value.is_finite() {
            return Ok(());
        }
        Err(TrainError::diverged(self.step, value, &self.config))
    }

    /// Takes note of an evaluation. While lambda and beta still rise the objective is another one:
    /// what is best there is no model of this run.
    fn weigh(&mut self, evaluation: &Evaluation, network: Network) {
        let objective = &self.config.objective;
        if self.step < objective.warmup_steps(self.config.training.steps) {
            return;
        }
        let best = self.best.as_ref();
        if best.is_none_or(|best| evaluation.accuracy > best.accuracy) {
            self.worse = 0;
            self.best = Some(Best {
                step: evaluation.step,
                accuracy: evaluation.accuracy,
                network: self.config.training.keep_best.then_some(network),
            });
        } else {
            self.worse += 1;
        }
    }

    /// Reads and reports the steps that wait.
    async fn report(
        &mut self,
        reader: &mut Reader,
        host: &mut impl Host,
    ) -> Result<(), TrainError> {
        let mut steps = reader.read().await?;
        if steps.is_empty() {
            return Ok(());
        }
        let first = *self.first_loss.get_or_insert(steps[0].loss);
        // Good steps before a divergence are reported, then the divergence.
        let is_bad = |loss: f32| !loss.is_finite() || loss > EXPLODED * first.max(1.0);
        let bad = steps.iter().position(|step| is_bad(step.loss));
        let diverged = bad.map(|place| steps.split_off(place)[0]);
        let loss_scale = match &self.scaled {
            Some((_, Some(on_device))) => Some(on_device.numbers().await?),
            _ => None,
        };
        if !steps.is_empty() {
            host.emit(Event::Steps(Steps {
                steps,
                steps_per_sec: reader.steps_per_sec(self.step),
                total_steps: self.config.training.steps,
                loss_scale: loss_scale.map(|numbers| LossScaleSeen {
                    scale: numbers.scale,
                    left_out: numbers.left_out as usize,
                }),
            }));
        }
        match diverged {
            None => Ok(()),
            Some(step) => Err(TrainError::diverged(step.step, step.loss, &self.config)),
        }
    }
}

/// Whether a device computes with 16-bit floats, where our kernels can.
fn has_half(device: &Device) -> bool {
    !crate::operation::is_on_cpu(device) && device.supports_dtype(FloatDType::F16)
}

/// The parameters by name, the order that files have.
async fn collect(network: &Network) -> Result<Vec<Parameter>, weights::WeightsError> {
    let mut parameters = weights::collect(network).await?;
    parameters.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(parameters)
}

/// Whether a config is sound, and for this data set.
fn fits(config: &RunConfig, data: &Resident) -> Result<(), TrainError> {
    config.validate()?;
    let data = data.data();
    if config.data.set != data.kind {
        return Err(TrainError::Config(ConfigError::OutOfRange {
            field: "data.set",
            value: config.data.set.name().to_owned(),
            must_be: format!("the data set that is loaded, {}", data.kind.name()),
        }));
    }
    if let Some(seed) = data.split_seed.filter(|seed| *seed != config.seed) {
        return Err(TrainError::Config(ConfigError::OutOfRange {
            field: "seed",
            value: config.seed.to_string(),
            must_be: format!(
                "{seed}, by which these images were parted into training and test; read them again \
                 to part them by another"
            ),
        }));
    }
    Ok(())
}

fn shape(data: &Resident) -> ([usize; 3], usize) {
    (data.data().image_shape, data.data().classes.len())
}

fn perturbation(
    parameter: Parameter,
    shape: [usize; 4],
    device: &Device,
) -> Result<Tensor<4>, TrainError> {
    let numbers: usize = shape.iter().product();
    if parameter.shape != shape || parameter.values.len() != numbers {
        return Err(TrainError::Weights(weights::WeightsError::Shape {
            name: parameter.name,
            found: parameter.shape,
            expected: shape.to_vec(),
        }));
    }
    Ok(Tensor::from_data(
        TensorData::new(parameter.values, shape),
        device,
    ))
}
