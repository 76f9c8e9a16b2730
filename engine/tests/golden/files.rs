//! The golden files, read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Where the files and the scripts lie.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Reads `<name>.json`; `T` is one of the structs below.
///
/// # Panics
/// If the file is missing or is not such a file.
pub fn read<T: DeserializeOwned>(name: &str) -> T {
    let path = folder().join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The networks that have a file.
pub const NETWORKS: [&str; 8] = [
    "small-cnn",
    "mnist-cnn",
    "resnet-8",
    "resnet-20",
    "wrn-10-2",
    "wrn-16-4",
    "wrn-8-2",
    "wrn-32-10",
];

/// `<network>.json`
#[derive(Deserialize)]
pub struct Network {
    pub network: String,
    pub image_shape: [usize; 3],
    pub classes: usize,
    /// Trainable numbers.
    pub parameters: usize,
    /// In the order of their names.
    pub tensors: Vec<Tensor>,
    pub eval: Evaluation,
    /// The same of one faint image (`weights::golden_faint_image`).
    pub faint: Evaluation,
    pub train: Training,
}

#[derive(Deserialize)]
pub struct Tensor {
    pub name: String,
    pub shape: Vec<usize>,
    /// Its first value.
    pub first: f32,
}

/// A batch of `labels.len()` images in evaluation mode.
#[derive(Deserialize)]
pub struct Evaluation {
    pub labels: Vec<u8>,
    /// `[image][class]`
    pub logits: Vec<Vec<f32>>,
    /// Sum of the images' cross-entropies.
    pub loss: f32,
    pub input_gradient: InputGradient,
}

/// The gradient of `loss` by the images.
#[derive(Deserialize)]
pub struct InputGradient {
    /// Places in the flattened gradient, whose `values` follow.
    pub positions: Vec<usize>,
    pub values: Vec<f32>,
    /// Norms and sum of the whole gradient.
    pub l2: f32,
    pub l1: f32,
    pub sum: f32,
}

/// A batch of `labels.len()` images in training mode.
#[derive(Deserialize)]
pub struct Training {
    pub labels: Vec<u8>,
    pub logits: Vec<Vec<f32>>,
    pub loss: f32,
    /// Running statistics after this one batch.
    pub running: Vec<Running>,
    /// Norms of the gradients of `loss` by the parameters.
    pub gradients: Vec<Norm>,
}

#[derive(Deserialize)]
pub struct Running {
    pub name: String,
    /// Its first four values.
    pub first: Vec<f32>,
    pub l2: f32,
}

#[derive(Deserialize)]
pub struct Norm {
    pub name: String,
    pub l2: f32,
}

/// `objectives.json`
#[derive(Deserialize)]
pub struct Objectives {
    pub inputs: Vec<Input>,
    pub cases: Vec<Case>,
    pub trades: Vec<Trades>,
}

#[derive(Deserialize)]
pub struct Input {
    pub name: String,
    pub labels: Vec<u8>,
    /// `[image][class]`
    pub logits: Vec<Vec<f32>>,
}

/// An objective at `inputs[input]`.
#[derive(Deserialize)]
pub struct Case {
    pub input: usize,
    pub label_smoothing: f64,
    /// `none`, `example` or `batch`
    pub squeeze: String,
    pub beta: f64,
    /// What the penalty draws the logits to.
    pub gamma: f64,
    pub loss: f64,
    pub cross_entropy: f64,
    pub penalty: f64,
    /// `[image][class]`
    pub gradient: Vec<Vec<f64>>,
}

/// `weight * KL(softmax(inputs[clean]) || softmax(inputs[adversarial]))`, mean over the batch.
#[derive(Deserialize)]
pub struct Trades {
    pub clean: usize,
    pub adversarial: usize,
    pub weight: f64,
    pub loss: f64,
    pub gradient_clean: Vec<Vec<f64>>,
    pub gradient_adversarial: Vec<Vec<f64>>,
}

/// `optimizers.json`
#[derive(Deserialize)]
pub struct Optimizers {
    pub shapes: Pair<usize>,
    pub start: Pair<f64>,
    /// One for each step.
    pub gradients: Vec<Pair<f64>>,
    pub runs: Vec<Run>,
    pub schedules: Vec<Schedule>,
}

/// A matrix and a vector, each flattened row-major.
#[derive(Deserialize)]
pub struct Pair<T> {
    pub weight: Vec<T>,
    pub bias: Vec<T>,
}

#[derive(Deserialize)]
pub struct Run {
    /// `sgd`, `adam` or `adamw`
    pub optimizer: String,
    pub learning_rate: f64,
    /// Of `sgd`.
    #[serde(default)]
    pub momentum: f64,
    /// Of `sgd`.
    #[serde(default)]
    pub nesterov: bool,
    /// Of the matrix; the vector has none.
    pub weight_decay: f64,
    /// Bound of the norm of all gradients together, if any.
    pub clip: Option<f64>,
    /// Parameters after each step.
    pub steps: Vec<Pair<f64>>,
}

#[derive(Deserialize)]
pub struct Schedule {
    /// `cosine`, `step`, `one-cycle` or `one-cycle-linear`
    pub name: String,
    /// The configured rate: the first one of `cosine` and `step`, the peak of `one-cycle`.
    pub learning_rate: f64,
    /// Of each step.
    pub rates: Vec<f64>,
}

/// `attacks.json`
#[derive(Deserialize)]
pub struct Attacks {
    /// Images of the first 512 that are right without attack.
    pub clean: usize,
    pub iterates: Iterates,
    pub attacks: Vec<AttackResult>,
}

/// The first iterates of PGD.
#[derive(Deserialize)]
pub struct Iterates {
    pub images: usize,
    pub epsilon: f64,
    pub step_size: f64,
    /// Pixels of the batch that rounding leaves alone: hexadecimal digits, the first pixel being the
    /// highest bit of the first one.
    pub sure: String,
    /// Some of those.
    pub positions: Vec<usize>,
    pub seen: Vec<Iterate>,
}

/// A batch after an iteration.
#[derive(Deserialize)]
pub struct Iterate {
    /// Of all sure pixels.
    pub sum: f64,
    /// The pixels at the positions.
    pub values: Vec<f32>,
}

/// An attack, with the names that Squeeze's config has for its settings.
#[derive(Deserialize)]
pub struct AttackResult {
    pub method: String,
    pub norm: String,
    pub loss: String,
    pub targets: usize,
    pub epsilon: f64,
    pub iterations: usize,
    /// Images that are right under it, for each seed.
    pub right: Vec<usize>,
}

/// `attacks_more.json`
#[derive(Deserialize)]
pub struct MoreAttacks {
    pub attacks: Vec<MoreAttack>,
}

/// An attack with the settings that Squeeze has too.
#[derive(Deserialize)]
pub struct MoreAttack {
    pub method: String,
    pub norm: String,
    pub epsilon: f64,
    #[serde(default)]
    pub targets: usize,
    /// Named otherwise by some methods.
    #[serde(alias = "draws", alias = "steps", default)]
    pub iterations: usize,
    #[serde(alias = "learning_rate", default)]
    pub step_size: f64,
    #[serde(default)]
    pub samples: usize,
    /// All of the file's if not given.
    pub images: Option<usize>,
    /// AutoAttack's.
    pub version: Option<String>,
    pub seeds: Vec<Left>,
}

/// What a seed leaves right.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Left {
    /// One attack.
    One {
        right: usize,
        /// What the worst iterates leave, for attacks that only give their last one.
        #[serde(rename = "right_at_all_iterates")]
        worst: Option<usize>,
    },
    /// AutoAttack, after each of its parts by name.
    Parts { right: BTreeMap<String, usize> },
}
