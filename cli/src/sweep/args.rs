//! The words of `squeeze sweep`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use squeeze_engine::choice::DeviceWish;

use crate::args::{CommonArgs, minutes};

/// What is done about a sweep: something of [`SweepCommand`], or it is begun.
#[derive(clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    arg_required_else_help = true
)]
pub struct SweepArgs {
    #[command(subcommand)]
    pub command: Option<SweepCommand>,
    #[command(flatten)]
    pub start: StartArgs,
}

#[derive(Subcommand)]
pub enum SweepCommand {
    /// Say what has become of every model of a sweep.
    Status(StatusArgs),
    /// Make one table of all that a sweep has measured so far.
    ///
    /// Writes sweep.csv and sweep.parquet (a row a measurement, with every setting in which the models
    /// differ), heat maps and other plots, and the page that `squeeze reproduce` makes. Names what is
    /// missing, and then ends with exit status 1.
    Collect(CollectArgs),
    /// Train and measure one model of a sweep: what a task of a cluster does.
    ///
    /// Goes on where the last task for this model ended, however that was. If another task has the
    /// model, waits until that one ends.
    Task(Box<TaskArgs>),
}

/// Where tasks run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum On {
    /// On this machine, as processes.
    Local,
    /// On a Slurm cluster, as a job array.
    Slurm,
    /// On a Kubernetes cluster, as an Indexed Job.
    Kubernetes,
}

#[derive(clap::Args)]
pub struct StartArgs {
    /// Plan (TOML), for example experiments/mnist-grid.toml: every model of it is a task.
    #[arg(required = true)]
    pub plan: Option<PathBuf>,
    /// Where the tasks run.
    #[arg(long, value_enum, default_value = "local")]
    pub on: On,
    /// Folder of the sweep, which every machine must reach under this path [default: sweeps/NAME, NAME
    /// being the plan's].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Only these models, by name [default: all that are not done, but for those that diverged].
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub cells: Vec<String>,
    /// So many tasks at a time [default: one on this machine, no limit on a cluster].
    #[arg(long, value_name = "TASKS", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub jobs: Option<u32>,
    /// Minutes between two savings of the state that a task goes on from.
    #[arg(long, value_name = "MINUTES", default_value_t = 5.0, value_parser = minutes)]
    pub save_every: f64,
    /// Write what would be submitted, and submit nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Option for Slurm's sbatch, for example --sbatch=--gres=gpu:1; may be repeated.
    #[arg(long, value_name = "OPTION", allow_hyphen_values = true)]
    pub sbatch: Vec<String>,
    /// Kubernetes: the image of the container, with `squeeze` in it.
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<String>,
    /// Kubernetes: the persistent volume claim that the sweep's folder is on, with access ReadWriteMany.
    #[arg(long, value_name = "NAME")]
    pub claim: Option<String>,
    /// Kubernetes: the namespace [default: that of kubectl's context].
    #[arg(long, value_name = "NAME")]
    pub namespace: Option<String>,
    /// Kubernetes: GPUs of each task (nvidia.com/gpu).
    #[arg(long, value_name = "GPUS", default_value_t = 0)]
    pub gpus: u32,
    /// Device: auto, gpu or cpu. `auto` takes a real GPU if there is one.
    #[arg(long, default_value = "auto", value_parser = str::parse::<DeviceWish>)]
    pub device: DeviceWish,
    /// Where the data set is, file or folder, on every machine [default: MNIST is inside this program;
    /// others are where `squeeze data fetch` puts them].
    #[arg(long, value_name = "PATH")]
    pub data: Option<PathBuf>,
}

#[derive(clap::Args)]
pub struct StatusArgs {
    /// Folder of the sweep.
    pub folder: PathBuf,
    /// Print one line of JSON a model.
    #[arg(long)]
    pub json: bool,
}

#[derive(clap::Args)]
pub struct CollectArgs {
    /// Folder of the sweep.
    pub folder: PathBuf,
    /// Folder for the table [default: that of the sweep].
    #[arg(long, value_name = "DIR")]
    pub results: Option<PathBuf>,
    /// Where the images are, if they are a folder of one's own.
    #[arg(long, value_name = "PATH")]
    pub data: Option<PathBuf>,
}

#[derive(clap::Args)]
pub struct TaskArgs {
    /// Folder of the sweep.
    pub folder: PathBuf,
    /// Place of the model in the plan, from 0; with --of, place in that list.
    #[arg(long, value_name = "NUMBER")]
    pub number: usize,
    /// Places of models in the plan, from which --number picks.
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',')]
    pub of: Vec<usize>,
    /// Plan to put into the folder if there is none yet.
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// Minutes between two savings of the state that a task goes on from.
    #[arg(long, value_name = "MINUTES", default_value_t = 5.0, value_parser = minutes)]
    pub save_every: f64,
    #[command(flatten)]
    pub common: CommonArgs,
}
