//! The engine behind a worker: carries out [`Command`]s and answers with [`Event`]s.

use std::sync::Arc;

use burn::tensor::{Device, Tensor};
use web_time::Duration;

use crate::attack::compare::compare;
use crate::attack::run::{Target, run};
use crate::bench::measure::measure;
use crate::checkpoint::Checkpoint;
use crate::choice::{DeviceWish, Drawing};
use crate::config::{AttackConfig, Choice, DataConfig, DataKind, EvaluationConfig, RunConfig};
use crate::control::{Control, Wish};
use crate::data::{self, DataFile, Dataset, ReadOptions, Split, mnist};
use crate::device;
use crate::evaluate::read;
use crate::event::{DeviceKind, DeviceReport, Event, ModelOpened, RunCurves, RunOpened};
use crate::model::Model;
use crate::network::weights;
use crate::objective::reference::{argmax, softmax};
use crate::protocol::Command;
use crate::resident::{Resident, Source};
use crate::run::{self, Folder, Library, Run};
use crate::sheet;
use crate::train::{Host, Trainer};
use crate::verdict::html::html;
use crate::verdict::report::Report;
use crate::verdict::run::{About, evaluate};

/// Why a command could not be carried out, in plain words.
pub type Failure = String;

/// A run's state is stored about this often: what a closed page may lose.
const SAVE_EVERY: Duration = Duration::from_secs(10);

/// One device, one data set, at most one model at a time, and the runs that are stored.
#[derive(Default)]
pub struct Session {
    device: Option<(Device, DeviceReport)>,
    mnist: Option<Arc<Dataset>>,
    data: Option<Resident>,
    library: Option<Library>,
    current: Option<Current>,
    control: Control,
    drawing: Drawing,
}

/// A model that the one at hand is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opponent {
    /// One that somebody else trained.
    Given {
        /// What to call it.
        name: String,
        /// The text of its config.
        config: String,
        /// Its weights.
        weights: Vec<u8>,
    },
    /// The model of a stored run.
    Stored {
        /// [`crate::event::RunInfo::id`].
        id: String,
    },
}

/// The run at hand.
struct Current {
    trainer: Trainer,
    /// Its id and where it is stored, if anything is.
    stored: Option<(String, Run)>,
    /// What its last evaluation found.
    report: Option<Box<Report>>,
}

impl Session {
    /// The hand on whatever runs: [`steer`] changes it from outside while a command is at work.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// How images of attacks are to come, from when a device is opened.
    pub fn draw(&mut self, drawing: Drawing) {
        self.drawing = drawing;
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
        if self.drawing.is_on(opened.report.software) {
            sheet::set_up(opened.graphics.as_ref()).await;
        }
        emit(Event::Device(opened.report.clone()));
        self.device = Some((opened.device, opened.report));
        Ok(())
    }

    /// Whether the device is gone: a number that is sent there does not come back. Nothing that was on it
    /// can be used again.
    pub async fn is_lost(&self) -> bool {
        let Some((device, report)) = &self.device else {
            return false;
        };
        if report.kind == DeviceKind::Cpu {
            return false;
        }
        let number = Tensor::<1>::from_data([1.0], device);
        read(number).await.is_err()
    }

    /// Reads the four MNIST files, in the order of [`mnist::FILES`].
    ///
    /// # Errors
    /// A sentence that names the file and what is wrong with it.
    pub fn load_mnist(
        &mut self,
        files: &[Vec<u8>; 4],
        emit: &mut dyn FnMut(Event),
    ) -> Result<(), Failure> {
        let files = [&files[0], &files[1], &files[2], &files[3]].map(Vec::as_slice);
        let data = Arc::new(mnist::parse(files).map_err(text)?);
        self.mnist = Some(data.clone());
        self.take(data, emit)
    }

    /// Stores runs in a folder from now on, and lists those that are there.
    ///
    /// # Errors
    /// A sentence, if the folder cannot be read.
    pub async fn store_in(
        &mut self,
        folder: Folder,
        emit: &mut dyn FnMut(Event),
    ) -> Result<(), Failure> {
        let library = Library::new(folder);
        library.sweep().await.map_err(text)?;
        self.library = Some(library);
        self.list(emit).await
    }

    /// Opens a model that somebody else trained: the text of its config, its weights, and its report
    /// (`evaluation.json`) if there is one. If another data set is loaded, the model's takes its place: MNIST
    /// with its images, any other published one without, so that the model can be attacked on images of one's
    /// own.
    ///
    /// # Errors
    /// A sentence that says what does not fit. What was there before is kept.
    pub async fn open_model(
        &mut self,
        name: String,
        config: &str,
        weights: &[u8],
        report: Option<&[u8]>,
        emit: &mut dyn FnMut(Event),
    ) -> Result<(), Failure> {
        let data = self.data.as_ref().ok_or(NOT_READY)?;
        let config = config_of(&name, config)?;
        let other = self.other_data(config.data.set);
        let data = other.as_ref().unwrap_or(data);
        let trainer = given(&name, config, weights, data)?;
        let report = report.map(serde_json::from_slice::<Report>).transpose();
        let report =
            report.map_err(|error| format!("the report of “{name}” is damaged: {error}"))?;
        let report = report.map(Box::new);
        let filters = trainer.filters().await.map_err(text)?;
        if let Some(other) = other {
            emit(Event::Data(other.data().report()));
            self.data = Some(other);
        }
        emit(Event::ModelOpened(ModelOpened {
            name,
            config: trainer.config().clone(),
            parameters: weights::count(&trainer.model()),
            report: report.clone(),
        }));
        emit(Event::Filters(filters));
        self.current = Some(Current {
            trainer,
            stored: None,
            report,
        });
        Ok(())
    }

    /// The data set that a model needs, if another one is loaded and this one can be had at once.
    fn other_data(&self, wanted: DataKind) -> Option<Resident> {
        let data = self
            .data
            .as_ref()
            .filter(|data| data.data().kind != wanted)?;
        let set = match (wanted, &self.mnist) {
            (DataKind::Mnist, Some(mnist)) => mnist.clone(),
            _ => Arc::new(Dataset::without_images(wanted)?),
        };
        Some(Resident::new(set, data.device()))
    }

    /// The data set, with its images.
    fn images(&self) -> Result<&Resident, Failure> {
        let data = self.data.as_ref().ok_or(NOT_READY)?;
        let set = data.data();
        if set.test.is_empty() {
            return Err(format!(
                "the images of {0} are not loaded: load its files, or attack an image of your own",
                set.name
            ));
        }
        Ok(data)
    }

    /// A command begins that is not carried out by [`Session::handle`] alone: what the user wished of the
    /// one before is over. A stop that comes from here on counts, also while files are still fetched for it.
    pub fn begin(&self) {
        self.control.set(Wish::Run);
    }

    /// Attacks an image, `[channels, height, width]` bytes, which shows `label`, on the model at hand and
    /// on others, on each alone and alike. The model at hand stays as it is. [`Session::begin`] comes first.
    ///
    /// # Errors
    /// A sentence that says what does not fit.
    pub async fn compare(
        &mut self,
        config: &AttackConfig,
        (pixels, label): (&[u8], usize),
        opponents: Vec<Opponent>,
        emit: &mut dyn FnMut(Event),
    ) -> Result<(), Failure> {
        let data = self.data.as_ref().ok_or(NOT_READY)?;
        let current = self.current.as_ref().ok_or(NO_MODEL)?;
        is_image(data, pixels, Some(label))?;
        emit(Event::Comparing { done: 0.0 });
        let mut models = vec![(None, current.model(data)?)];
        for opponent in opponents {
            let (name, model) = self.opponent(opponent, data).await?;
            models.push((Some(name), model));
        }
        let seed = current.trainer.config().seed;
        let alone = alone(data, pixels, label);
        let sides = compare(&models, &alone, seed, config, &self.control, emit).await;
        let sides = sides.map_err(text)?;
        emit(Event::Compared { sides });
        Ok(())
    }

    /// Name and model of an opponent.
    async fn opponent(
        &self,
        opponent: Opponent,
        data: &Resident,
    ) -> Result<(String, Model), Failure> {
        let (name, trainer) = match opponent {
            Opponent::Given {
                name,
                config,
                weights,
            } => {
                let trainer = given(&name, config_of(&name, &config)?, &weights, data)?;
                (name, trainer)
            }
            Opponent::Stored { id } => {
                let library = self.library()?;
                let info = library.info(&id).await.map_err(text)?;
                let failed = |why: String| unopened(&info.name, &why);
                fits(&info.config, data).map_err(failed)?;
                // It is only read, so that it may be in use elsewhere.
                let folder = library.folder(&id).await.map_err(text)?;
                let parameters = run::read_model(&folder).await;
                let parameters = parameters.map_err(|error| failed(text(error)))?;
                let trainer = Trainer::given(info.config.clone(), parameters, data);
                let trainer = trainer.map_err(|error| failed(text(error)))?;
                (info.name, trainer)
            }
        };
        let config = trainer.config();
        let model = Model::new(&trainer.model(), &config.guard, config.seed);
        Ok((name, model))
    }

    /// Carries out a command other than `Open`, `OpenModel` and `Compare`; returns when it is done.
    /// `files` are those that came with it.
    ///
    /// # Errors
    /// A sentence for the user. What was there before is kept.
    pub async fn handle(
        &mut self,
        command: Command,
        files: Vec<DataFile>,
        emit: &mut dyn FnMut(Event),
    ) -> Result<(), Failure> {
        self.control.set(Wish::Run);
        match command {
            Command::Load { data, seed } => self.load(data, seed, files, emit),
            Command::Train { config } => self.train(config, emit).await,
            Command::Resume => self.go_on(emit).await,
            Command::Attack { config, show } => self.attack(&config, show, emit).await,
            Command::AttackImage {
                config,
                pixels,
                label,
            } => self.attack_image(&config, &pixels, label, emit).await,
            Command::Guess { pixels } => self.guess(&pixels, emit).await,
            Command::Evaluate { attack, evaluation } => {
                self.evaluate(attack, evaluation, emit).await
            }
            Command::Bench { plan } => {
                let data = self.images()?;
                let (_, report) = self.device.as_ref().ok_or(NOT_READY)?;
                let figures = measure(&plan, data, report).await.map_err(text)?;
                emit(Event::Bench(figures));
                Ok(())
            }
            Command::DownloadReport => {
                let current = self.current.as_ref();
                let report = current.and_then(|current| current.report.as_ref());
                let report = report.ok_or("there is no report yet: judge a model first")?;
                emit(Event::File {
                    name: report.file_name(),
                    bytes: html(report).into_bytes(),
                });
                Ok(())
            }
            Command::OpenRun { id } => self.open_run(&id, emit).await,
            Command::ReadRun { id } => self.read_run(&id, emit).await,
            Command::RenameRun { id, name } => {
                self.library()?.rename(&id, &name).await.map_err(text)?;
                self.list(emit).await
            }
            Command::DuplicateRun { id } => {
                self.library()?.duplicate(&id).await.map_err(text)?;
                self.list(emit).await
            }
            Command::DeleteRun { id } => {
                if self.stored_folder(&id).is_some()
                    && let Some(current) = &mut self.current
                {
                    // Its model stays at hand until another one takes its place.
                    current.stored = None;
                }
                self.library()?.delete(&id).await.map_err(text)?;
                self.list(emit).await
            }
            Command::DownloadRun { id } => {
                let (name, bytes) = self.library()?.download(&id).await.map_err(text)?;
                emit(Event::File { name, bytes });
                Ok(())
            }
            Command::UploadRun => {
                let [file] = &files[..] else {
                    return Err("upload one zip of a run at a time".to_owned());
                };
                let library = self.library()?;
                library
                    .upload(&file.name, &file.bytes)
                    .await
                    .map_err(text)?;
                self.list(emit).await
            }
            // Between two commands there is nothing to pause or stop; while one is at work,
            // `steer` has taken these already.
            Command::Pause
            | Command::Stop
            | Command::Open { .. }
            | Command::OpenModel { .. }
            | Command::Compare { .. } => Ok(()),
        }
    }

    fn load(
        &mut self,
        config: Option<DataConfig>,
        seed: u64,
        files: Vec<DataFile>,
        emit: &mut dyn FnMut(Event),
    ) -> Result<(), Failure> {
        let kind = config.as_ref().map(|config| config.set);
        if kind == Some(DataKind::Mnist) && files.is_empty() {
            let data = self.mnist.clone().ok_or("MNIST is not loaded yet")?;
            return self.take(data, emit);
        }
        let DataConfig {
            image_size,
            test_share,
            ..
        } = config.unwrap_or_default();
        let options = ReadOptions {
            kind,
            image_size,
            test_share,
            seed,
        };
        let data = data::read(files, &options, &mut |progress| {
            emit(Event::DataProgress {
                done: progress.done,
                total: progress.total,
            });
        });
        self.take(Arc::new(data.map_err(text)?), emit)
    }

    fn take(&mut self, data: Arc<Dataset>, emit: &mut dyn FnMut(Event)) -> Result<(), Failure> {
        let (device, _) = self.device.as_ref().ok_or(NOT_READY)?;
        emit(Event::Data(data.report()));
        // The memory of the data set before it is free before the new one takes its own, and a model
        // for it has nothing to be attacked on.
        self.data = None;
        self.current = None;
        self.data = Some(Resident::new(data, device));
        Ok(())
    }

    async fn train(
        &mut self,
        config: RunConfig,
        emit: &mut dyn FnMut(Event),
    ) -> Result<(), Failure> {
        let data = self.images()?;
        let (_, report) = self.device.as_ref().ok_or(NOT_READY)?;
        let trainer = Trainer::new(config, data).map_err(text)?;
        let mut stored = None;
        if let Some(library) = &self.library {
            match library.add(trainer.config(), report).await {
                Ok(run) => stored = Some(run),
                // A full disk is no reason not to train.
                Err(error) => emit(Event::Warning {
                    message: format!(
                        "this run trains, but is not stored: {error}; delete runs that you do not \
                         need, and keep this tab open"
                    ),
                }),
            }
        }
        self.current = Some(Current {
            trainer,
            stored,
            report: None,
        });
        self.list(emit).await?;
        self.go_on(emit).await
    }

    async fn go_on(&mut self, emit: &mut dyn FnMut(Event)) -> Result<(), Failure> {
        self.images()?;
        let data = self.data.as_ref().ok_or(NOT_READY)?;
        let Current {
            trainer,
            stored,
            report,
        } = self
            .current
            .as_mut()
            .ok_or("there is no run to go on with: train first")?;
        fits(trainer.config(), data)?;
        if trainer.is_finished() {
            return Err("this run is finished; train a new one".to_owned());
        }
        // It is of a model that will be another one.
        *report = None;
        let mut host = Stored {
            stored: stored.as_mut(),
            library: self.library.as_ref(),
            emit,
        };
        let ended = trainer.run(data, &self.control, &mut host).await;
        self.list(emit).await?;
        let Err(error) = ended else {
            return Ok(());
        };
        // What it has come to is of no use; what was stored is.
        let kept = match self.current.take().and_then(|current| current.stored) {
            Some((_, run)) => match run::read_summary(run.folder()).await.map_err(text)? {
                Some(summary) => format!(
                    "; its state at step {} is among the stored runs",
                    summary.steps
                ),
                None => "; nothing of it was stored yet".to_owned(),
            },
            None => String::new(),
        };
        Err(format!("{error}{kept}"))
    }

    async fn attack(
        &mut self,
        config: &AttackConfig,
        show: usize,
        emit: &mut dyn FnMut(Event),
    ) -> Result<(), Failure> {
        let data = self.images()?;
        let current = self.current.as_ref().ok_or(NO_MODEL)?;
        let target = Target {
            model: &current.model(data)?,
            data,
            seed: current.trainer.config().seed,
        };
        run(&target, config, show, &self.control, emit)
            .await
            .map(drop)
            .map_err(text)
    }

    async fn attack_image(
        &mut self,
        config: &AttackConfig,
        pixels: &[u8],
        label: Option<usize>,
        emit: &mut dyn FnMut(Event),
    ) -> Result<(), Failure> {
        let data = self.data.as_ref().ok_or(NOT_READY)?;
        let current = self.current.as_ref().ok_or(NO_MODEL)?;
        let model = current.model(data)?;
        is_image(data, pixels, label)?;
        let label = match label {
            Some(label) => label,
            None => {
                let image = alone(data, pixels, 0).images(Source::Test, 0..1);
                argmax(&read(model.answer(image)).await.map_err(text)?)
            }
        };
        let target = Target {
            model: &model,
            data: &alone(data, pixels, label),
            seed: current.trainer.config().seed,
        };
        let config = AttackConfig {
            images: 1,
            choose: Choice::First,
            ..config.clone()
        };
        // It has no place in the test set.
        let mut pass_on = |event| match event {
            Event::AttackChosen(_) => {}
            Event::AttackStarted(mut start) => {
                start.places.clear();
                emit(Event::AttackStarted(start));
            }
            other => emit(other),
        };
        run(&target, &config, 1, &self.control, &mut pass_on)
            .await
            .map(drop)
            .map_err(text)
    }

    async fn guess(&self, pixels: &[u8], emit: &mut dyn FnMut(Event)) -> Result<(), Failure> {
        let (Some(data), Some(current)) = (&self.data, &self.current) else {
            return Ok(());
        };
        is_image(data, pixels, None)?;
        let image = alone(data, pixels, 0).images(Source::Test, 0..1);
        let logits = read(current.model(data)?.answer(image))
            .await
            .map_err(text)?;
        let probabilities = softmax(&logits, logits.len());
        emit(Event::Guessed { probabilities });
        Ok(())
    }

    async fn evaluate(
        &mut self,
        attack: AttackConfig,
        evaluation: EvaluationConfig,
        emit: &mut dyn FnMut(Event),
    ) -> Result<(), Failure> {
        self.images()?;
        let data = self.data.as_ref().ok_or(NOT_READY)?;
        let current = self.current.as_mut().ok_or(NO_MODEL)?;
        let model = current.model(data)?;
        let config = RunConfig {
            attack,
            evaluation,
            ..current.trainer.config().clone()
        };
        let target = Target {
            model: &model,
            data,
            seed: config.seed,
        };
        let about = About::of(&config, Some(current.trainer.step()));
        let report = evaluate(&target, &config, &about, &self.control, emit).await;
        let report = report.map_err(text)?;
        if let Some((_, run)) = &current.stored
            && report.is_whole()
            && let Err(error) = run::write_report(run.folder(), &report).await
        {
            emit(Event::Warning {
                message: format!(
                    "the verdict is not stored with its run: {error}; save the report"
                ),
            });
        }
        if !(current.report.as_ref()).is_some_and(|before| before.outweighs(&report)) {
            current.report = Some(Box::new(report));
        }
        self.list(emit).await
    }

    async fn open_run(&mut self, id: &str, emit: &mut dyn FnMut(Event)) -> Result<(), Failure> {
        let data = self.images()?;
        let (_, report) = self.device.as_ref().ok_or(NOT_READY)?;
        let library = self.library()?;
        let info = library.info(id).await.map_err(text)?;
        fits(&info.config, data)?;
        let folder = match self.stored_folder(id) {
            Some(held) => held.clone(),
            None => library.hold(id).await.map_err(text)?,
        };
        let (run, checkpoint) = Run::resume(folder, report).await.map_err(text)?;
        let history = run::read_history(run.folder()).await.map_err(text)?;
        let trainer = match checkpoint {
            Some(checkpoint) => Trainer::resume(checkpoint, data),
            // The page was closed before the run was stored for the first time.
            None => Trainer::new(info.config.clone(), data),
        };
        let trainer = trainer.map_err(text)?;
        let report = match run::read_report(run.folder()).await {
            Ok(report) => report
                .filter(|report| report.subject.step == Some(trainer.step()))
                .map(Box::new),
            Err(error) => {
                emit(Event::Warning {
                    message: format!("the run is opened without its verdict: {error}"),
                });
                None
            }
        };
        let filters = trainer.filters().await.map_err(text)?;
        emit(Event::RunOpened(RunOpened {
            report: report.clone(),
            parameters: weights::count(&trainer.model()),
            info,
            steps: history.steps,
            evaluations: history.evaluations,
            looks: history.looks,
        }));
        emit(Event::Filters(filters));
        self.current = Some(Current {
            trainer,
            stored: Some((id.to_owned(), run)),
            report,
        });
        Ok(())
    }

    async fn read_run(&self, id: &str, emit: &mut dyn FnMut(Event)) -> Result<(), Failure> {
        let library = self.library()?;
        let info = library.info(id).await.map_err(text)?;
        let folder = library.folder(id).await.map_err(text)?;
        let history = run::read_history(&folder).await.map_err(text)?;
        emit(Event::RunCurves(RunCurves {
            info,
            steps: history.steps,
            evaluations: history.evaluations,
            looks: history.looks,
        }));
        Ok(())
    }

    async fn list(&self, emit: &mut dyn FnMut(Event)) -> Result<(), Failure> {
        if let Some(library) = &self.library {
            let (runs, broken) = library.list().await.map_err(text)?;
            emit(Event::Runs { runs, broken });
        }
        Ok(())
    }

    fn library(&self) -> Result<&Library, Failure> {
        let missing = "this browser lets the page store nothing; leave the private window, or use another browser";
        self.library.as_ref().ok_or_else(|| missing.to_owned())
    }

    /// The folder of a run, which is held, if it is the one at hand.
    fn stored_folder(&self, id: &str) -> Option<&Folder> {
        let (current, run) = self.current.as_ref()?.stored.as_ref()?;
        (current == id).then(|| run.folder())
    }
}

impl Current {
    /// The model as it stands.
    fn model(&self, data: &Resident) -> Result<Model, Failure> {
        let config = self.trainer.config();
        fits(config, data)?;
        Ok(Model::new(
            &self.trainer.model(),
            &config.guard,
            config.seed,
        ))
    }
}

const NO_MODEL: &str = "there is no model to attack: train one first, or open a stored run";

const NOT_READY: &str = "the device and the data are not ready yet";

/// The config of a model that somebody else trained.
fn config_of(name: &str, config: &str) -> Result<RunConfig, Failure> {
    RunConfig::from_toml(config).map_err(|error| unopened(name, &text(error)))
}

/// A model that somebody else trained, from its config and its weights.
fn given(
    name: &str,
    config: RunConfig,
    weights: &[u8],
    data: &Resident,
) -> Result<Trainer, Failure> {
    let failed = |why: String| unopened(name, &why);
    fits(&config, data).map_err(failed)?;
    let parameters = weights::from_safetensors(weights).map_err(|error| failed(text(error)))?;
    Trainer::given(config, parameters, data).map_err(|error| failed(text(error)))
}

fn unopened(name: &str, why: &str) -> Failure {
    format!("the model “{name}” cannot be opened: {why}")
}

/// Whether an image is of the data set's size, and its label one of its classes.
fn is_image(data: &Resident, pixels: &[u8], label: Option<usize>) -> Result<(), Failure> {
    let (length, classes) = (data.data().image_len(), data.data().classes.len());
    if pixels.len() == length && label.is_none_or(|label| label < classes) {
        return Ok(());
    }
    Err(format!(
        "the model takes images of {length} numbers and {classes} classes; this one has {} numbers",
        pixels.len()
    ))
}

/// A data set like `data` whose one test image is this one.
fn alone(data: &Resident, pixels: &[u8], label: usize) -> Resident {
    let set = data.data();
    let split = Split {
        pixels: pixels.to_vec(),
        labels: vec![label as u8],
    };
    let set = Dataset {
        split_seed: set.split_seed,
        kind: set.kind,
        name: "an image of one's own".to_owned(),
        image_shape: set.image_shape,
        classes: set.classes.clone(),
        train: split.clone(),
        test: split,
    };
    Resident::new(Arc::new(set), data.device())
}

/// A model is trained and attacked on the data set of its config alone.
fn fits(config: &RunConfig, data: &Resident) -> Result<(), Failure> {
    let (wanted, found) = (config.data.set, data.data().kind);
    if wanted == found {
        return Ok(());
    }
    Err(format!(
        "this model is for {}, but {} is loaded: load {} first",
        wanted.title(),
        found.title(),
        wanted.title()
    ))
}

/// Sends events on, and stores the run.
struct Stored<'a, 'e> {
    stored: Option<&'a mut (String, Run)>,
    library: Option<&'a Library>,
    emit: &'a mut (dyn FnMut(Event) + 'e),
}

impl Host for Stored<'_, '_> {
    fn emit(&mut self, event: Event) {
        let event = match (event, &mut self.stored) {
            (event, None) => event,
            (Event::TrainingStarted(mut started), Some((id, _))) => {
                started.run = Some(id.clone());
                Event::TrainingStarted(started)
            }
            (event, Some((_, run))) => {
                run.record(&event);
                event
            }
        };
        (self.emit)(event);
    }

    fn save_every(&self) -> Option<Duration> {
        self.stored.as_ref().map(|_| SAVE_EVERY)
    }

    async fn save(&mut self, checkpoint: Checkpoint) -> Result<bool, String> {
        let Some((_, run)) = &mut self.stored else {
            return Ok(false);
        };
        if let Err(error) = run.save(&checkpoint).await {
            // A full disk is no reason to lose what is trained, and there is a next time.
            (self.emit)(Event::Warning {
                message: format!(
                    "step {} of this run is not stored: {error}; delete runs that you do not need, \
                     and keep this tab open",
                    checkpoint.progress.step
                ),
            });
            return Ok(false);
        }
        if let Some(library) = self.library {
            let (runs, broken) = library.list().await.map_err(text)?;
            (self.emit)(Event::Runs { runs, broken });
        }
        Ok(true)
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
