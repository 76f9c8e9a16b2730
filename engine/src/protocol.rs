//! What the page says to the engine's worker. The worker answers with [`crate::event::Event`]s.
//!
//! A worker loses messages sent before it listens: it posts [`READY`] first, and the page holds its
//! commands until then.

use serde::{Deserialize, Serialize};

use crate::bench::BenchPlan;
use crate::choice::Drawing;
use crate::config::{AttackConfig, DataConfig, EvaluationConfig, RunConfig};

/// The plain string that a worker posts once it listens.
pub const READY: &str = "ready";

/// Name of the property of a message that holds the files of [`Command::Load`] and
/// [`Command::UploadRun`]: an array of `{ path: string, file: File }` objects, beside the fields of
/// the command itself.
pub const FILES: &str = "files";

/// Name of the property of a message that holds the bitmap of [`crate::event::AttackFrame::sheet`], beside the
/// fields of the event itself.
pub const SHEET: &str = "sheet_bitmap";

/// A command to the worker.
// There is one at a time: a box around its config would save nothing.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// Opens the device, loads MNIST and lists the runs; answered by `Device`, `Data` and `Runs`, or
    /// by `Failed`.
    Open {
        /// Take a software adapter too (the visitor asked for WebGPU).
        allow_software: bool,
        /// How the images of attacks come.
        drawing: Drawing,
        /// Address of the folder that holds the MNIST files, with a trailing slash.
        mnist_url: String,
    },
    /// Takes another data set: MNIST from where it came with `Open`, any other from the files that
    /// come with the message ([`FILES`]). Answered by `DataProgress` and `Data`, or by `Failed`; then
    /// the data set before it is kept.
    Load {
        /// Which data set. `None`: whatever the files are.
        data: Option<DataConfig>,
        /// Seed of the split, where a folder of images has no test set of its own.
        seed: u64,
    },
    /// Opens a model that lies ready beside the page: the files `url` + `.toml`, its config, and `url` +
    /// `.safetensors`, its weights; `.report.json`, its verdict. Answered by `ModelOpened`. Needs the data set of its config.
    OpenModel {
        /// What to call it.
        name: String,
        /// Address of the two files, without their ends.
        url: String,
    },
    /// Trains from scratch, in a new stored run; `config.data.set` must be the loaded data set.
    Train {
        /// The run.
        config: RunConfig,
    },
    /// Pauses training at the next step's edge.
    Pause,
    /// Goes on after a pause, or with a stored run that was opened.
    Resume,
    /// Ends training, an attack or an evaluation at the next edge.
    Stop,
    /// Attacks the model as it stands: trained, stopped or paused.
    Attack {
        /// The attack.
        config: AttackConfig,
        /// How many of the attacked images to show: the first ones of those that it chooses.
        show: usize,
    },
    /// Attacks one image of the visitor's own. Answered as `Attack` is.
    AttackImage {
        /// The attack; its number and choice of images do not count.
        config: AttackConfig,
        /// `[channels, height, width]` of the data set, one byte a number, 0 to 255.
        #[serde(with = "serde_bytes")]
        pixels: Vec<u8>,
        /// What it shows in truth. `None`: what the model takes it for.
        label: Option<usize>,
    },
    /// Asks the model what an image of the visitor's own shows. Answered by `Guessed`, or by nothing while there is
    /// no model.
    Guess {
        /// `[channels, height, width]` of the data set, one byte a number, 0 to 255.
        #[serde(with = "serde_bytes")]
        pixels: Vec<u8>,
    },
    /// Attacks one image on the model at hand and on others, on each alone and alike. The model at hand
    /// stays. Answered by `Comparing` and `Compared`.
    Compare {
        /// The attack; its number and choice of images do not count.
        config: AttackConfig,
        /// `[channels, height, width]` of the data set, one byte a number, 0 to 255.
        #[serde(with = "serde_bytes")]
        pixels: Vec<u8>,
        /// What it shows in truth.
        label: usize,
        /// The others.
        rivals: Vec<Rival>,
    },
    /// Judges the model as it stands. Answered by `EvaluationStarted`, `RungProgress`, `Rung`, `Sign`
    /// and at the end `Verdict`, which is stored with the run if it was not stopped.
    Evaluate {
        /// Norm and radius, and the usual attack if it is PGD.
        attack: AttackConfig,
        /// How thoroughly.
        evaluation: EvaluationConfig,
    },
    /// Measures the device on the loaded data; what there is of a model is kept. Answered by `Bench`.
    Bench {
        /// What to measure.
        plan: BenchPlan,
    },
    /// The last evaluation of the model at hand as one page; answered by `File`.
    DownloadReport,
    /// Opens a stored run: its model can be attacked, and `Resume` goes on with it if it is not
    /// finished. Answered by `RunOpened`. Needs the data set that the run was trained on.
    OpenRun {
        /// [`crate::event::RunInfo::id`].
        id: String,
    },
    /// Reads what was measured on a stored run's way; the model at hand stays. Answered by `RunCurves`.
    ReadRun {
        /// The run.
        id: String,
    },
    /// Gives a stored run another name; answered by `Runs`, as are the next two.
    RenameRun {
        /// The run.
        id: String,
        /// Its new name.
        name: String,
    },
    /// Copies a stored run.
    DuplicateRun {
        /// The run.
        id: String,
    },
    /// Deletes a stored run.
    DeleteRun {
        /// The run.
        id: String,
    },
    /// Packs a stored run into one zip (config, model, metrics, checkpoint); answered by `File`.
    DownloadRun {
        /// The run.
        id: String,
    },
    /// Stores the run in the one zip that comes with the message ([`FILES`]), as `DownloadRun` made
    /// it; answered by `Runs`.
    UploadRun,
}

/// A model that the one at hand is compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Rival {
    /// One that lies ready beside the page, as in [`Command::OpenModel`].
    Ready {
        /// What to call it.
        name: String,
        /// Address of its two files, without their ends.
        url: String,
    },
    /// The model of a stored run.
    Stored {
        /// [`crate::event::RunInfo::id`].
        id: String,
    },
}
