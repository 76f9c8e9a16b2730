//! The command line's words.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Parser, Subcommand};
use serde::Deserialize;
use serde::de::value::{Error, StrDeserializer};
use squeeze_engine::choice::{DeviceWish, Place};
use squeeze_engine::config::{
    Adversary, AttackConfig, AttackLoss, AttackMethod, Choice, DataKind, Effort, Goal, NetworkKind,
    Norm, OptimizerKind, RunConfig, Schedule, Setting, Squeeze, Suite, distance, link, preset,
};

use crate::data::DataCommand;
use crate::model::Source;
use crate::sweep::SweepArgs;

/// Train small image classifiers with cheap defences, attack them, and see whether the defence holds.
#[derive(Parser)]
#[command(name = "squeeze", version, arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Train a model into a run directory.
    ///
    /// Without flags: MNIST, small-cnn, logit squeezing over the batch; a couple of minutes on two
    /// cores. Flags go over the preset, config file or link, which goes over the defaults.
    #[command(allow_negative_numbers = true)]
    Train(Box<TrainArgs>),
    /// Say how long a run would take here, what memory it needs, and which batch fits.
    ///
    /// Takes a few steps of it on made-up images of the data set's form, and keeps nothing.
    #[command(allow_negative_numbers = true)]
    Estimate(Box<EstimateArgs>),
    /// Attack the model of a run directory on the test set.
    #[command(allow_negative_numbers = true)]
    Attack(AttackArgs),
    /// Say whether the model of a run directory is robust or only masked.
    ///
    /// Runs a ladder of attacks from weak to strong and writes what it found into the run directory.
    ///
    /// With --table: the columns of the poster's tables instead, for the runs in `runs` or for the one
    /// that is named, beside the poster's figures.
    Evaluate(EvaluateArgs),
    /// Make adversarial images on each of several models and try them on all.
    #[command(allow_negative_numbers = true)]
    Transfer(TransferArgs),
    /// Make one of the paper's tables or figures from a plan.
    ///
    /// Trains the models that are missing, measures the figures that are missing, and writes a table
    /// (CSV, JSON, HTML) with the paper's figures beside ours. Can be stopped and given again at any
    /// time. The plans are in `experiments`.
    Reproduce(ReproduceArgs),
    /// Train and measure the models of a plan as tasks of their own, on this machine or on a cluster.
    ///
    /// Plans are those of `reproduce`. Tasks may be killed at any time; the same command again does what
    /// is missing. `status` and `collect` read the sweep's folder.
    Sweep(Box<SweepArgs>),
    /// Fetch data sets, and see what is in them.
    #[command(subcommand)]
    Data(DataCommand),
    /// Write the model of a run directory for other programs.
    Export(ExportArgs),
    /// List the presets of `squeeze train`.
    Presets,
    /// List the devices and say which one would be used.
    Devices,
    /// Measure a training step and a PGD iteration on this machine.
    Bench(BenchArgs),
}

/// What a run is made of: a preset, a config file or a link, and flags over it.
#[derive(clap::Args)]
pub struct RecipeArgs {
    /// Preset to begin from, for example cifar10-lsq-batch-11; `squeeze presets` lists them.
    #[arg(long, value_name = "NAME", conflicts_with = "config")]
    pub preset: Option<String>,
    /// Run config to begin from (TOML, as written into every run directory).
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Link of the page to begin from, in quotes: it holds the same settings as a run config.
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["preset", "config"])]
    pub link: Option<String>,
    #[command(flatten)]
    flags: ConfigFlags,
}

#[derive(clap::Args)]
pub struct EstimateArgs {
    #[command(flatten)]
    pub recipe: RecipeArgs,
    /// Steps to measure, after one that is not counted.
    #[arg(long, value_name = "STEPS", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub measure: u32,
    /// What an hour of this device costs, in any currency: the run's cost is printed too.
    #[arg(long, value_name = "PRICE")]
    pub hourly_price: Option<f64>,
    /// Device: auto, gpu or cpu. `auto` takes a real GPU if there is one.
    #[arg(long, default_value = "auto", value_parser = str::parse::<DeviceWish>)]
    pub device: DeviceWish,
    /// Several devices, as for `squeeze train`.
    #[arg(long, value_name = "LIST", value_delimiter = ',', conflicts_with = "device", value_parser = str::parse::<Place>)]
    pub devices: Vec<Place>,
    /// Print one line of JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(clap::Args)]
pub struct TrainArgs {
    #[command(flatten)]
    pub recipe: RecipeArgs,
    /// Go on with the run in this directory from its last saved state.
    #[arg(long, value_name = "RUN_DIR", conflicts_with_all = ["preset", "config", "link", "out", "config_flags"])]
    pub resume: Option<PathBuf>,
    /// Run directory to make [default: the next free runs/N].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Minutes between two savings of the state that `--resume` goes on from.
    #[arg(long, value_name = "MINUTES", default_value_t = 5.0, value_parser = minutes)]
    pub save_every: f64,
    /// Serve the run's numbers for Prometheus at http://ADDRESS/metrics, for example 127.0.0.1:9090; only
    /// this machine's own addresses are taken.
    #[arg(long, value_name = "ADDRESS")]
    pub metrics: Option<SocketAddr>,
    /// Write a file of events into the run directory for TensorBoard (`tensorboard --logdir runs`).
    #[arg(long)]
    pub tensorboard: bool,
    /// Train on several devices at once, each of which takes an equal part of every batch: gpu:0,gpu:1 and
    /// so on, as `squeeze devices` numbers them, or cpu.
    #[arg(long, value_name = "LIST", value_delimiter = ',', conflicts_with = "device", value_parser = str::parse::<Place>)]
    pub devices: Vec<Place>,
    #[command(flatten)]
    pub common: CommonArgs,
}

/// Flags that change the config.
#[derive(clap::Args)]
#[group(id = "config_flags", multiple = true)]
struct ConfigFlags {
    /// Data set.
    #[arg(long, value_name = "NAME", value_parser = names::<DataKind>(DataKind::ALL.map(DataKind::name)))]
    dataset: Option<DataKind>,
    /// Network: small-cnn, mnist-cnn, resnet-8, resnet-20, wrn-16-4, wrn-32-10 and others of these
    /// families.
    #[arg(long, value_parser = str::parse::<NetworkKind>)]
    network: Option<NetworkKind>,
    /// Label smoothing's lambda, 0 (off) to 1.
    #[arg(long, value_name = "LAMBDA")]
    label_smoothing: Option<f64>,
    /// Form of the penalty on the logits.
    #[arg(long, value_parser = names::<Squeeze>(Squeeze::ALL.map(Squeeze::name)))]
    squeeze: Option<Squeeze>,
    /// Weight of the penalty on the logits.
    #[arg(long)]
    beta: Option<f64>,
    /// What the penalty draws logits to: 0 is logit squeezing, 1 the paper's logit similarity.
    #[arg(long)]
    gamma: Option<f64>,
    /// Standard deviation of the Gaussian noise on training images, in pixel units (images are in
    /// [0, 1]).
    #[arg(long)]
    sigma: Option<f64>,
    /// Adversarial training.
    #[arg(long, value_parser = names::<Adversary>(Adversary::ALL.map(Adversary::name)))]
    adversary: Option<Adversary>,
    /// Optimiser.
    #[arg(long, value_parser = names::<OptimizerKind>(OptimizerKind::ALL.map(OptimizerKind::name)))]
    optimizer: Option<OptimizerKind>,
    /// Learning rate; the schedule's highest.
    #[arg(long)]
    learning_rate: Option<f64>,
    /// Form of the learning rate's schedule.
    #[arg(long, value_parser = names::<Schedule>(Schedule::ALL.map(Schedule::name)))]
    schedule: Option<Schedule>,
    /// Training steps.
    #[arg(long)]
    steps: Option<usize>,
    /// Images per step.
    #[arg(long)]
    batch_size: Option<usize>,
    /// Training images kept out of training and evaluated on the way.
    #[arg(long, value_name = "IMAGES")]
    held_out: Option<usize>,
    /// Steps between evaluations of the held-out images; 0 for none.
    #[arg(long, value_name = "STEPS")]
    eval_every: Option<usize>,
    /// Seed that every random number derives from.
    #[arg(long)]
    seed: Option<u64>,
    /// Any other field of the config, by its dotted name, for example
    /// `-o optimizer.clip_norm=1 -o training.flip=true`; may be repeated.
    #[arg(short = 'o', long = "option", value_name = "FIELD=VALUE")]
    options: Vec<String>,
}

#[derive(clap::Args)]
pub struct ReproduceArgs {
    /// Plan (TOML), for example experiments/mnist-grid.toml.
    pub plan: PathBuf,
    /// Folder for runs and results [default: reproductions/NAME, NAME being the plan's].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Folder for the results, without the runs [default: that of --out].
    #[arg(long, value_name = "DIR")]
    pub results: Option<PathBuf>,
    /// Minutes between two savings of the state of a run in training.
    #[arg(long, value_name = "MINUTES", default_value_t = 5.0, value_parser = minutes)]
    pub save_every: f64,
    #[command(flatten)]
    pub common: CommonArgs,
}

#[derive(clap::Args)]
pub struct ExportArgs {
    /// Run directory of the model.
    pub run_dir: PathBuf,
    /// ONNX file to write: images in [0, 1] in, logits out, any batch size.
    #[arg(long, value_name = "FILE")]
    pub onnx: PathBuf,
}

/// Which model.
#[derive(clap::Args)]
pub struct ModelArgs {
    /// Run directory of the model.
    pub run_dir: Option<PathBuf>,
    /// Weights from elsewhere instead (safetensors, PyTorch's names and layout), of the network that
    /// --network names; results go into a folder beside the file.
    #[arg(long, value_name = "FILE", requires = "network", conflicts_with_all = ["run_dir", "onnx"])]
    pub weights: Option<PathBuf>,
    /// Network of --weights: small-cnn, mnist-cnn, resnet-8, wrn-32-10 and others of these families.
    #[arg(long, value_name = "NAME", requires = "weights", value_parser = str::parse::<NetworkKind>)]
    pub network: Option<NetworkKind>,
    /// ONNX model from elsewhere instead: images in [0, 1] in, logits out.
    #[arg(long, value_name = "FILE", conflicts_with = "run_dir")]
    pub onnx: Option<PathBuf>,
    /// Data set of a model from elsewhere [default: mnist].
    #[arg(long, value_name = "NAME", conflicts_with = "run_dir",
        value_parser = names::<DataKind>(DataKind::ALL.map(DataKind::name)))]
    pub dataset: Option<DataKind>,
}

#[derive(clap::Args)]
pub struct EvaluateArgs {
    #[command(flatten)]
    pub model: ModelArgs,
    #[command(flatten)]
    pub common: CommonArgs,

    /// The poster's table of cifar10 or cifar100 instead of a verdict.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["weights", "onnx", "effort", "norm", "epsilon"],
        value_parser = names::<DataKind>([DataKind::Cifar10, DataKind::Cifar100].map(DataKind::name)))]
    pub table: Option<DataKind>,
    /// Columns of the table: test, 20-xent, 50-xent, 200-xent, 20-cw, 50-cw, 200-cw, 10x100, l2, spsa
    /// [default: all].
    #[arg(long, value_name = "NAMES", requires = "table", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// How thoroughly: a look (quick), attacks of full length (standard), more and slower ones (full) [default:
    /// the run's, standard].
    #[arg(long, value_parser = names::<Effort>(Effort::ALL.map(Effort::name)))]
    effort: Option<Effort>,
    /// Norm that perturbations are measured in [default: the run's, linf].
    #[arg(long, value_parser = names::<Norm>(Norm::ALL.map(Norm::name)))]
    norm: Option<Norm>,
    /// Radius of the ball in pixel units (images are in [0, 1]) [default: the run's, 0.3].
    #[arg(long)]
    epsilon: Option<f64>,
    /// Test images to judge on [default: the run's, 500; 1000 with --table].
    #[arg(long)]
    pub images: Option<usize>,
    /// Images attacked at a time [default: the run's, 128; 128 with --table].
    #[arg(long)]
    pub batch_size: Option<usize>,
}

#[derive(clap::Args)]
pub struct TransferArgs {
    /// The models, two or more: run directories, FILE.onnx, or NETWORK=FILE for weights
    /// (safetensors).
    #[arg(required = true, num_args = 2.., value_name = "MODEL")]
    pub models: Vec<Source>,
    /// Data set of models that bring none [default: the first model's, else mnist].
    #[arg(long, value_name = "NAME",
        value_parser = names::<DataKind>(DataKind::ALL.map(DataKind::name)))]
    pub dataset: Option<DataKind>,
    /// File to write the matrix to.
    #[arg(long, value_name = "FILE", default_value = "transfer.json")]
    pub out: PathBuf,
    #[command(flatten)]
    pub flags: AttackFlags,
    #[command(flatten)]
    pub common: CommonArgs,
}

#[derive(clap::Args)]
pub struct AttackArgs {
    #[command(flatten)]
    pub model: ModelArgs,
    #[command(flatten)]
    pub common: CommonArgs,

    /// AutoAttack instead of one attack: Auto-PGD, targeted Auto-PGD, targeted FAB and Square
    /// (standard), the same with restarts (plus), or for models that answer at random (rand).
    #[arg(long, value_parser = names::<Suite>(Suite::ALL.map(Suite::name)),
        conflicts_with_all = ["method", "loss", "goal", "step_size", "iterations", "restarts", "momentum", "samples", "draws", "choose"])]
    pub suite: Option<Suite>,
    #[command(flatten)]
    pub flags: AttackFlags,
}

/// Which attack.
#[derive(clap::Args)]
pub struct AttackFlags {
    /// How points are searched. With gradients: one step (fgsm), projected gradient descent (pgd),
    /// Auto-PGD, which finds its step sizes itself (apgd), the nearest boundary (fab). With the logits
    /// alone: square, spsa, noise. With decisions alone: hop-skip-jump [default: the run's, pgd].
    #[arg(long, value_parser = names::<AttackMethod>(AttackMethod::ALL.map(AttackMethod::name)))]
    method: Option<AttackMethod>,
    /// Norm that the perturbation is measured in [default: the run's, linf].
    #[arg(long, value_parser = names::<Norm>(Norm::ALL.map(Norm::name)))]
    norm: Option<Norm>,
    /// Radius of the ball in pixel units (images are in [0, 1]) [default: the run's, 0.3].
    #[arg(long)]
    epsilon: Option<f64>,
    /// Loss to climb: cross-entropy, the same of logits rescaled to a spread of 10, the margin of
    /// Carlini and Wagner, or the difference of logits ratio [default: the run's, xent].
    #[arg(long, value_parser = names::<AttackLoss>(AttackLoss::ALL.map(AttackLoss::name)))]
    loss: Option<AttackLoss>,
    /// What images are to be taken for: untargeted (any wrong class), runner-up, least-likely,
    /// class-N (0 is the first), or likely-N: each of the N most likely wrong classes in turn, where
    /// any wrong class will do [default: the run's, untargeted].
    #[arg(long)]
    goal: Option<Goal>,
    /// Step size in pixel units; 0 takes 2.5 epsilon / iterations [default: the run's, 0.01; 0 with
    /// another method].
    #[arg(long)]
    step_size: Option<f64>,
    /// Iterations of each restart: gradient steps, queries of square, draws of noise [default: the
    /// run's, 40; what is usual with another method].
    #[arg(long)]
    iterations: Option<usize>,
    /// How often to start anew, on the images left standing [default: the run's, 1].
    #[arg(long)]
    restarts: Option<usize>,
    /// Share of the gathered gradient that is kept from step to step [default: the run's, 0].
    #[arg(long)]
    momentum: Option<f64>,
    /// Points whose logits spsa takes for each step [default: the run's, 248].
    #[arg(long)]
    samples: Option<usize>,
    /// How often a model that answers at random is asked about each point: expectation over
    /// transformation [default: the run's, 1].
    #[arg(long)]
    draws: Option<usize>,
    /// Test images to attack [default: the run's, 1000].
    #[arg(long)]
    images: Option<usize>,
    /// Which test images: first (as they lie), random (by the seed), class-N (0 is the first), or by
    /// what the model makes of them without attack: smallest-margin (the most easily fooled of those
    /// that it is right about first), largest-margin, misclassified. Where several models are tried:
    /// first, random or class-N [default: the run's, first].
    #[arg(long, value_name = "CHOICE")]
    choose: Option<Choice>,
    /// Images attacked at a time [default: the run's, 128].
    #[arg(long)]
    batch_size: Option<usize>,
}

#[derive(clap::Args)]
pub struct BenchArgs {
    /// Device: auto, gpu or cpu.
    #[arg(long, default_value = "auto", value_parser = str::parse::<DeviceWish>)]
    pub device: DeviceWish,
    /// Network [default: small-cnn and mnist-cnn]. Those with batch normalisation are measured on
    /// random 32 x 32 colour images.
    #[arg(long, value_parser = str::parse::<NetworkKind>)]
    pub network: Option<NetworkKind>,
    /// Images per step.
    #[arg(long, default_value_t = 128)]
    pub batch_size: usize,
    /// Training steps of a round.
    #[arg(long, default_value_t = 10)]
    pub steps: usize,
    /// PGD iterations of a round; 0 for none.
    #[arg(long, default_value_t = 10)]
    pub iterations: usize,
    /// Rounds after the warm-up, of which the median counts; 0 counts the warm-up itself.
    #[arg(long, default_value_t = 3)]
    pub rounds: u32,
    /// Also list the GPU's kernels: launches and milliseconds of a step and of an iteration.
    #[arg(long)]
    pub profile: bool,
    /// Print one line of JSON a network.
    #[arg(long)]
    pub json: bool,
}

#[derive(clap::Args)]
pub struct CommonArgs {
    /// Device: auto, gpu or cpu. `auto` takes a real GPU if there is one.
    #[arg(long, default_value = "auto", value_parser = str::parse::<DeviceWish>)]
    pub device: DeviceWish,
    /// Where the data set is on this machine, file or folder [default: MNIST is inside this program;
    /// others are where `squeeze data fetch` puts them].
    #[arg(long, value_name = "PATH")]
    pub data: Option<PathBuf>,
    /// Print every event as one line of JSON.
    #[arg(long)]
    pub json: bool,
}

impl RecipeArgs {
    /// The config that all of it makes.
    ///
    /// # Errors
    /// Names the preset, file, link or flag that is wrong.
    pub fn config(&self) -> Result<RunConfig> {
        let config = self.over(self.base()?)?;
        config.validate()?;
        Ok(config)
    }

    fn base(&self) -> Result<RunConfig> {
        if let Some(name) = &self.preset {
            let preset = preset::find(name).with_context(|| {
                format!("there is no preset {name}; `squeeze presets` lists them")
            })?;
            return Ok(preset.config);
        }
        if let Some(address) = &self.link {
            let link = link::in_address(address).context(
                "--link: the address holds no settings; copy it with the page's “Copy link”",
            )?;
            return RunConfig::from_link(&link).context("--link");
        }
        let Some(path) = &self.config else {
            return Ok(RunConfig::default());
        };
        let text = fs::read_to_string(path)
            .with_context(|| format!("the config {} cannot be read", path.display()))?;
        RunConfig::from_toml(&text).with_context(|| format!("in {}", path.display()))
    }

    /// The flags put over `config`.
    fn over(&self, mut config: RunConfig) -> Result<RunConfig> {
        let flags = &self.flags;
        put(&mut config.seed, flags.seed);
        put(&mut config.network, flags.network);
        put(&mut config.data.set, flags.dataset);
        let objective = &mut config.objective;
        put(&mut objective.label_smoothing, flags.label_smoothing);
        put(&mut objective.squeeze, flags.squeeze);
        put(&mut objective.beta, flags.beta);
        put(&mut objective.gamma, flags.gamma);
        put(&mut objective.noise_sigma, flags.sigma);
        put(&mut objective.adversary.kind, flags.adversary);
        let optimizer = &mut config.optimizer;
        put(&mut optimizer.kind, flags.optimizer);
        put(&mut optimizer.learning_rate, flags.learning_rate);
        put(&mut optimizer.schedule.kind, flags.schedule);
        let training = &mut config.training;
        put(&mut training.steps, flags.steps);
        put(&mut training.batch_size, flags.batch_size);
        put(&mut training.held_out, flags.held_out);
        put(&mut training.eval_every, flags.eval_every);
        for option in &flags.options {
            let (field, value) = option
                .split_once('=')
                .with_context(|| format!("--option {option}: write FIELD=VALUE"))?;
            config = config
                .with_field(field, value)
                .with_context(|| format!("--option {option}"))?;
        }
        Ok(config)
    }
}

/// A number of minutes.
pub fn minutes(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|minutes: &f64| (0.001..=1e6).contains(minutes))
        .ok_or_else(|| "must be a number of minutes, at least 0.001".to_owned())
}

impl AttackFlags {
    /// The flags put over `config`.
    ///
    /// # Errors
    /// Names the flag that the method has no use for.
    pub fn over(&self, mut config: AttackConfig) -> Result<AttackConfig> {
        if let Some(method) = self.method.filter(|method| *method != config.method) {
            // The run's numbers are those of its own method.
            config.method = method;
            config.iterations = method.usual_iterations();
            config.step_size = 0.0;
        }
        for (setting, flag, is_given) in [
            (Setting::Loss, "--loss", self.loss.is_some()),
            (Setting::Goal, "--goal", self.goal.is_some()),
            (Setting::StepSize, "--step-size", self.step_size.is_some()),
            (
                Setting::Iterations,
                "--iterations",
                self.iterations.is_some(),
            ),
            (Setting::Restarts, "--restarts", self.restarts.is_some()),
            (Setting::Momentum, "--momentum", self.momentum.is_some()),
            (Setting::Samples, "--samples", self.samples.is_some()),
        ] {
            anyhow::ensure!(
                !is_given || config.method.takes(setting),
                "{flag}: {} has no such setting; leave it out",
                config.method.title()
            );
        }
        check_radius(&config, self.norm, self.epsilon)?;
        put(&mut config.norm, self.norm);
        put(&mut config.epsilon, self.epsilon);
        put(&mut config.loss, self.loss);
        put(&mut config.goal, self.goal);
        put(&mut config.step_size, self.step_size);
        put(&mut config.iterations, self.iterations);
        put(&mut config.restarts, self.restarts);
        put(&mut config.momentum, self.momentum);
        put(&mut config.images, self.images);
        put(&mut config.choose, self.choose);
        put(&mut config.samples, self.samples);
        put(&mut config.draws, self.draws);
        put(&mut config.batch_size, self.batch_size);
        Ok(config)
    }
}

impl EvaluateArgs {
    /// The flags put over `config`.
    ///
    /// # Errors
    /// If the norm changes and the radius does not.
    pub fn over(&self, mut config: RunConfig) -> Result<RunConfig> {
        check_radius(&config.attack, self.norm, self.epsilon)?;
        put(&mut config.attack.norm, self.norm);
        put(&mut config.attack.epsilon, self.epsilon);
        put(&mut config.evaluation.effort, self.effort);
        put(&mut config.evaluation.images, self.images);
        put(&mut config.evaluation.batch_size, self.batch_size);
        Ok(config)
    }
}

/// A radius means nothing in a norm that it was not chosen for.
fn check_radius(before: &AttackConfig, norm: Option<Norm>, epsilon: Option<f64>) -> Result<()> {
    match norm {
        Some(norm) if norm != before.norm && epsilon.is_none() => anyhow::bail!(
            "--norm {}: the run's radius {} is one in {}; give one with --epsilon as well (usual: 0.3 for mnist and 0.031 for cifar10 in linf, 1.5 in l2)",
            norm.name(),
            distance(before.epsilon),
            before.norm.name()
        ),
        _ => Ok(()),
    }
}

fn put<T>(field: &mut T, flag: Option<T>) {
    if let Some(value) = flag {
        *field = value;
    }
}

/// A parser of the names that a config file uses.
fn names<T>(all: impl IntoIterator<Item = &'static str>) -> impl TypedValueParser<Value = T>
where
    T: for<'de> Deserialize<'de> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(all)
        .try_map(|name| T::deserialize(StrDeserializer::<Error>::new(&name)))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn words_are_consistent() {
        Args::command().debug_assert();
    }
}
