//! [`Event`]: the one stream that a run emits. The page and the command line only show it.

use serde::{Deserialize, Serialize};

use crate::bench::BenchFigures;
use crate::config::{AttackConfig, Choice, DataKind, Norm, RunConfig, Suite};
use crate::verdict::report::{Judged, Report, Sign, Subject};

/// Something that a run reports.
// Tagged from outside, which the page reads with half of the code that a tag among the fields takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The device was chosen and is ready.
    Device(DeviceReport),
    /// How far the reading of a data set has come.
    DataProgress {
        /// Bytes or images done.
        done: usize,
        /// Of so many.
        total: usize,
    },
    /// The data set is loaded and checked.
    Data(DataReport),
    /// The stored runs, newest first; after each change of them.
    Runs {
        /// The runs.
        runs: Vec<RunInfo>,
        /// Those that cannot be read.
        broken: Vec<BrokenRun>,
    },
    /// A stored run was opened.
    RunOpened(RunOpened),
    /// What was measured on a stored run's way, to be compared with another's.
    RunCurves(RunCurves),
    /// A model that lay ready was opened.
    ModelOpened(ModelOpened),
    /// A file for the user: a stored run, or a report.
    File {
        /// A name for it.
        name: String,
        /// What is in it.
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
    },
    /// Training began, or went on after a pause.
    TrainingStarted(TrainingStarted),
    /// Some training steps were done; their numbers were read back together.
    Steps(Steps),
    /// The model was evaluated on test images.
    Evaluation(Evaluation),
    /// The model was looked at on its way, beside its accuracy on held-out images.
    Look(Look),
    /// The weights that the first layer sees images with, at each look.
    Filters(Filters),
    /// Training stands at a step's edge and can go on.
    Paused {
        /// Steps done so far.
        step: usize,
    },
    /// Training was ended by the user before its last step. The model is kept.
    Stopped {
        /// Steps done.
        step: usize,
    },
    /// The run's state was written down; it can go on from here.
    Saved {
        /// Steps done.
        step: usize,
    },
    /// Training reached its end: its last step, or the patience of early stopping.
    TrainingFinished(TrainingSummary),
    /// The model is asked about the test images, from which some are then chosen for an attack.
    AttackChoosing {
        /// Images asked about.
        done: usize,
        /// Test images in all.
        total: usize,
    },
    /// The test images that an attack takes are chosen.
    AttackChosen(AttackChosen),
    /// An attack began.
    AttackStarted(AttackStarted),
    /// The images on show, at one iteration.
    AttackFrame(AttackFrame),
    /// How far an attack has come.
    AttackProgress(AttackProgress),
    /// An attack is done, or was stopped (then it holds the images finished so far).
    AttackFinished(AttackSummary),
    /// How far a comparison of models on one image has come.
    Comparing {
        /// Share of it that is done, in [0, 1].
        done: f64,
    },
    /// One image was attacked on several models, that at hand first. Empty if the user stopped it.
    Compared {
        /// What became of it on each, in order.
        sides: Vec<Side>,
    },
    /// The device was measured.
    Bench(BenchFigures),
    /// An evaluation began.
    EvaluationStarted(EvaluationStarted),
    /// How far an attack of several has come.
    RungProgress {
        /// Its name.
        name: String,
        /// Share of it that is done, in [0, 1].
        done: f64,
    },
    /// An attack of several is done.
    Rung(Rung),
    /// A suite is done, or was stopped.
    SuiteFinished(SuiteSummary),
    /// Images made on one model were tried on all.
    Transfer(TransferRow),
    /// A question of an evaluation is answered.
    Sign(Sign),
    /// What the model takes an image for that it was asked about.
    Guessed {
        /// Softmax probabilities, one a class.
        probabilities: Vec<f32>,
    },
    /// An evaluation is done, or was stopped.
    Verdict(Box<Report>),
    /// Something beside the command at work went wrong; the command goes on.
    Warning {
        /// What happened and what to do, in plain words.
        message: String,
    },
    /// The device went away while a command was carried out, and with it all that was on it. Only stored
    /// runs are left.
    DeviceLost {
        /// What happened, in plain words.
        message: String,
        /// Its memory was full, and would be once more with the same work; the message says what to change.
        memory_full: bool,
    },
    /// A command could not be carried out. What was there before is kept.
    Failed {
        /// What happened and what to do, in plain words.
        message: String,
    },
}

/// Which device runs the engine, and why it was chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceReport {
    /// `gpu` or `cpu`.
    pub kind: DeviceKind,
    /// Name for people, for example the adapter's name, or `CPU (2 threads, SIMD)`.
    pub name: String,
    /// The programming interface: `WebGPU`, `Vulkan`, `Metal`, `DX12`, or `flex` for the CPU backend.
    pub api: String,
    /// True for a GPU interface that is carried out by software on the CPU.
    pub software: bool,
    /// One sentence: why this device.
    pub reason: String,
}

/// What runs the tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// wgpu: WebGPU in a browser; Vulkan, Metal or DX12 natively.
    Gpu,
    /// Burn's `flex` backend.
    Cpu,
}

/// A loaded data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataReport {
    /// Which data set.
    pub kind: DataKind,
    /// Name, for example `MNIST`.
    pub name: String,
    /// Training images.
    pub train_images: usize,
    /// Test images.
    pub test_images: usize,
    /// Channels, height, width of an image.
    pub image_shape: [usize; 3],
    /// Names of the classes, by label.
    pub classes: Vec<String>,
}

/// A stored run, in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// Identifies it among the stored runs.
    pub id: String,
    /// The user's name for it.
    pub name: String,
    /// When it was begun, in seconds since 1970.
    pub created: f64,
    /// Its config.
    pub config: RunConfig,
    /// Steps that its stored state has had.
    pub step: usize,
    /// Nothing is left to train.
    pub finished: bool,
    /// Accuracy on the test set, if it was finished.
    pub test_accuracy: Option<f64>,
    /// What its last evaluation came to, if that was of the stored state.
    pub verdict: Option<Judged>,
    /// What it takes of the disk.
    pub bytes: u64,
}

/// A stored run that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokenRun {
    /// Identifies it among the stored runs.
    pub id: String,
    /// The user's name for it, or its id.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

/// An opened run and all that was measured on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunOpened {
    /// The run.
    pub info: RunInfo,
    /// Trainable numbers of the network.
    pub parameters: usize,
    /// Its steps up to the stored state.
    pub steps: Vec<StepMetrics>,
    /// Its evaluations up to the stored state.
    pub evaluations: Vec<Evaluation>,
    /// What was seen beside them.
    pub looks: Vec<Look>,
    /// Its last evaluation by attacks, if that was of the stored state.
    pub report: Option<Box<Report>>,
}

/// What was measured on a stored run's way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunCurves {
    /// The run.
    pub info: RunInfo,
    /// Its steps.
    pub steps: Vec<StepMetrics>,
    /// Its evaluations.
    pub evaluations: Vec<Evaluation>,
    /// What was seen beside them.
    pub looks: Vec<Look>,
}

/// A model that somebody else trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelOpened {
    /// What it is called.
    pub name: String,
    /// How it was trained.
    pub config: RunConfig,
    /// Trainable numbers of the network.
    pub parameters: usize,
    /// What it was judged to be, if its maker says so.
    pub report: Option<Box<Report>>,
}

/// The beginning of a training run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingStarted {
    /// The config of the run.
    pub config: RunConfig,
    /// The stored run, where runs are stored ([`RunInfo::id`]).
    pub run: Option<String>,
    /// Steps already done: 0, or the step at which a pause ended.
    pub step: usize,
    /// Trainable numbers of the network.
    pub parameters: usize,
    /// The penalty weight beyond which equal logits are optimal
    /// ([`crate::config::ObjectiveConfig::critical_beta`]).
    pub critical_beta: Option<f64>,
}

/// The numbers of consecutive training steps, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Steps {
    /// One entry a step.
    pub steps: Vec<StepMetrics>,
    /// Steps a second since training began or went on, evaluation not counted.
    pub steps_per_sec: f64,
    /// Steps of the whole run.
    pub total_steps: usize,
    /// Mixed precision: its loss scale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_scale: Option<LossScaleSeen>,
}

/// The loss scale of a run in mixed precision, behind the last of some steps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LossScaleSeen {
    /// What the next step's loss is multiplied by, a power of two.
    pub scale: f32,
    /// Steps so far that were left out because a gradient was too large for 16 bits.
    pub left_out: usize,
}

/// The numbers of one training step, measured on its batch before the update.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepMetrics {
    /// 1 for the first step.
    pub step: usize,
    /// The objective: cross-entropy plus penalty.
    pub loss: f32,
    /// Its cross-entropy part (with smoothed labels, if any).
    pub cross_entropy: f32,
    /// Its penalty part, beta included.
    pub penalty: f32,
    /// Share of the (noisy) batch classified correctly, in [0, 1].
    pub accuracy: f32,
    /// Mean l_2 norm of an example's logits.
    pub logit_norm: f32,
    /// The learning rate of its update.
    pub learning_rate: f32,
}

/// Which images an evaluation is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Training images kept out of training.
    HeldOut,
    /// The test set.
    Test,
}

/// An evaluation on clean images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Which images.
    pub part: Part,
    /// Training steps the model has had.
    pub step: usize,
    /// Images evaluated.
    pub images: usize,
    /// Share classified correctly, in [0, 1].
    pub accuracy: f64,
    /// Mean cross-entropy with one-hot labels.
    pub cross_entropy: f64,
}

/// What a model's answers to held-out images look like, and how they fare under a short attack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Training steps the model has had.
    pub step: usize,
    /// Its logits, those of all classes together.
    pub logits: Spread,
    /// Margins `z_y - max_{j != y} z_j`: below 0 where it is wrong.
    pub margins: Spread,
    /// The attack; none where `training.robust_images` is 0.
    pub attack: Option<LookAttack>,
}

/// How numbers are spread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The least.
    pub low: f32,
    /// The greatest.
    pub high: f32,
    /// How many lie in each of so many equal parts of `[low, high]`.
    pub counts: Vec<u32>,
    /// The numbers below which 5, 25, 50, 75 and 95 of 100 lie.
    pub quantiles: [f32; 5],
}

/// A short PGD attack on a few held-out images: by far not the strongest, and the same at each look.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LookAttack {
    /// The norm that perturbations are measured in.
    pub norm: Norm,
    /// Radius of the ball, in pixel units.
    pub epsilon: f64,
    /// Images attacked.
    pub images: usize,
    /// Share classified correctly without attack and at every point tried, in [0, 1].
    pub accuracy: f64,
}

/// Weights of a first convolution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Filters {
    /// Training steps the model has had.
    pub step: usize,
    /// Filters, channels of the image, height, width.
    pub shape: [usize; 4],
    /// The weights, row-major.
    pub weights: Vec<f32>,
}

/// The end of a training run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingSummary {
    /// Steps done: fewer than asked for if patience ended the run.
    pub steps: usize,
    /// The step whose model was kept: the last one, or the best.
    pub model_step: usize,
    /// The evaluation of that model on the whole test set.
    pub test: Evaluation,
    /// Seconds spent training and evaluating, pauses not counted.
    pub seconds: f64,
}

/// The beginning of an evaluation by attacks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluationStarted {
    /// What is judged, and how.
    pub subject: Subject,
    /// Share of the images that are right without attack, in [0, 1].
    pub clean_accuracy: f64,
    /// Attacks that are planned; those that have nothing left to try are left out.
    pub attacks: usize,
}

/// One attack of several on the same images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rung {
    /// Its name.
    pub name: String,
    /// The attack. None where images were made on another model, in reports from before it was kept.
    pub config: Option<AttackConfig>,
    /// Images that it was tried on.
    pub attacked: usize,
    /// Of these, how many it changed the class of.
    pub fallen: usize,
    /// Images on which the model has been right throughout, this rung included.
    pub standing: usize,
    /// Images of the whole ladder.
    pub images: usize,
    /// Seconds that it took.
    pub seconds: f64,
}

/// How images made on one model fare on several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransferRow {
    /// Name of the model that they were made on.
    pub source: String,
    /// Share of them that each model classifies correctly, in [0, 1].
    pub accuracies: Vec<f64>,
}

/// What a suite of attacks found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SuiteSummary {
    /// The suite.
    pub suite: Suite,
    /// The norm that perturbations are measured in.
    pub norm: Norm,
    /// Radius of the ball, in pixel units.
    pub epsilon: f64,
    /// Images.
    pub images: usize,
    /// Share of them classified correctly without attack, in [0, 1].
    pub clean_accuracy: f64,
    /// Share of them classified correctly under every attack, in [0, 1].
    pub robust_accuracy: f64,
    /// The attacks, in order.
    pub rungs: Vec<Rung>,
    /// Seconds in all.
    pub seconds: f64,
    /// True if the user ended it early.
    pub stopped: bool,
}

/// The test images that an attack takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttackChosen {
    /// How they were chosen.
    pub choice: Choice,
    /// So many were asked for.
    pub wanted: usize,
    /// Their places in the test set, 0 first, in the order in which they are attacked.
    pub places: Vec<usize>,
}

impl AttackChosen {
    /// A sentence, if there are fewer images than were asked for.
    pub fn shortfall(&self) -> Option<String> {
        let found = self.places.len();
        (found < self.wanted).then(|| {
            let (all, is) = match found {
                1 => ("Only 1 test image".to_owned(), "is"),
                _ => (format!("All {found} test images"), "are"),
            };
            format!(
                "{all} {} {is} taken: {} were asked for.",
                self.choice.which(),
                self.wanted
            )
        })
    }
}

/// The beginning of an attack. Image arrays are row-major `[images, channels, height, width]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttackStarted {
    /// The attack.
    pub config: AttackConfig,
    /// Places in the test set of the images on show, 0 first; empty if they are from elsewhere.
    pub places: Vec<usize>,
    /// Channels, height, width of an image.
    pub image_shape: [usize; 3],
    /// The clean images on show, one byte a number, 0 to 255.
    #[serde(with = "serde_bytes")]
    pub pixels: Vec<u8>,
    /// True class of each image on show.
    pub labels: Vec<usize>,
    /// Softmax probabilities on the clean images on show, row-major `[images, classes]`.
    pub probabilities: Vec<f32>,
    /// Classes, the row length of `probabilities`.
    pub classes: usize,
}

/// The images on show at one iteration of the attack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttackFrame {
    /// 0 is the random start.
    pub iteration: usize,
    /// The sheet that has the images and their perturbations, where they are drawn from the GPU's memory:
    /// `pixels` and `perturbation` are empty then. The images stand side by side, their perturbations under
    /// them.
    pub sheet: Option<u32>,
    /// The adversarial images, one byte a number: rounded for display, 0 to 255.
    #[serde(with = "serde_bytes")]
    pub pixels: Vec<u8>,
    /// The perturbation for display: 128 is none, 1 is `-epsilon`, 255 is `+epsilon`.
    #[serde(with = "serde_bytes")]
    pub perturbation: Vec<u8>,
    /// Softmax probabilities on the adversarial images, row-major `[images, classes]`.
    pub probabilities: Vec<f32>,
    /// The perturbation itself, adversarial less clean pixels in [0, 1], as float32, little-endian, in
    /// the order of the other arrays. With the last frame alone, whose images are the worst points
    /// found; else empty.
    #[serde(with = "serde_bytes")]
    pub exact: Vec<u8>,
}

/// What became of one image on one of several models, each of which is attacked alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// The model's name; none for the one at hand.
    pub name: Option<String>,
    /// The image, and what the model makes of it.
    pub start: AttackStarted,
    /// The attack's iterations: the same ones on every side.
    pub frames: Vec<AttackFrame>,
    /// What the attack found.
    pub summary: AttackSummary,
}

/// How far an attack has come.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttackProgress {
    /// Images whose attack is finished.
    pub images_done: usize,
    /// Images of the whole attack.
    pub images: usize,
    /// Of the finished ones, how many the model classifies correctly without attack.
    pub clean_correct: usize,
    /// Of the finished ones, how many it still classifies correctly under attack.
    pub robust_correct: usize,
    /// Iterations done on the batch at hand.
    pub iteration: usize,
    /// Iterations of each batch.
    pub iterations: usize,
}

/// What an attack found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttackSummary {
    /// The attack.
    pub config: AttackConfig,
    /// Images attacked to the end.
    pub images: usize,
    /// Their places in the test set, 0 first; none if they are the first ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub places: Option<Vec<usize>>,
    /// Share of them classified correctly without attack, in [0, 1].
    pub clean_accuracy: f64,
    /// Share of them classified correctly without attack and under it, in [0, 1].
    pub robust_accuracy: f64,
    /// Share of the images of other classes that were brought to be taken for the one class that was
    /// the goal, in [0, 1]; none if any wrong class would do.
    pub reached: Option<f64>,
    /// Largest |perturbation| over all of them, in pixel units.
    pub max_perturbation: f64,
    /// Milliseconds an iteration took on average, reports included. A batch is smaller once images
    /// that have fallen have left it.
    pub ms_per_iteration: f64,
    /// Seconds in all.
    pub seconds: f64,
    /// True if the user ended it early.
    pub stopped: bool,
}
