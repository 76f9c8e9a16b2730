//! The command line's words.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Parser, Subcommand, ValueEnum};
use serde::Deserialize;
use serde::de::value::{Error, StrDeserializer};
use squeeze_engine::choice::DeviceWish;
use squeeze_engine::config::{
    AttackConfig, NetworkKind, ObjectiveConfig, OptimizerKind, RunConfig, Squeeze,
};

use crate::data::DataCommand;

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
    /// cores. Flags go over the config file, which goes over the defaults.
    #[command(allow_negative_numbers = true)]
    Train(TrainArgs),
    /// Attack the model of a run directory with l_inf PGD on the test set.
    #[command(allow_negative_numbers = true)]
    Attack(AttackArgs),
    /// Fetch data sets, and see what is in them.
    #[command(subcommand)]
    Data(DataCommand),
    /// List the devices and say which one would be used.
    Devices,
    /// Measure a training step and a PGD iteration on this machine.
    Bench(BenchArgs),
}

#[derive(clap::Args)]
pub struct TrainArgs {
    /// Run config (TOML, as written into every run directory).
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Run directory to make [default: the next free runs/N].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub common: CommonArgs,

    /// Network.
    #[arg(long, value_parser = names::<NetworkKind>(NetworkKind::ALL.map(NetworkKind::name)))]
    network: Option<NetworkKind>,
    /// Objective preset; the flags below change its parts.
    #[arg(long, value_enum)]
    objective: Option<Preset>,
    /// Label smoothing's lambda, 0 (off) to 1.
    #[arg(long, value_name = "LAMBDA")]
    label_smoothing: Option<f64>,
    /// Form of the logit squeezing penalty.
    #[arg(long, value_parser = names::<Squeeze>(Squeeze::ALL.map(Squeeze::name)))]
    squeeze: Option<Squeeze>,
    /// Weight of the logit squeezing penalty.
    #[arg(long)]
    beta: Option<f64>,
    /// Standard deviation of the Gaussian noise on training images, in pixel units (images are in
    /// [0, 1]).
    #[arg(long)]
    sigma: Option<f64>,
    /// Optimiser.
    #[arg(long, value_parser = names::<OptimizerKind>(OptimizerKind::ALL.map(OptimizerKind::name)))]
    optimizer: Option<OptimizerKind>,
    /// Learning rate.
    #[arg(long)]
    learning_rate: Option<f64>,
    /// Momentum of SGD.
    #[arg(long)]
    momentum: Option<f64>,
    /// Training steps.
    #[arg(long)]
    steps: Option<usize>,
    /// Images per step.
    #[arg(long)]
    batch_size: Option<usize>,
    /// Steps between evaluations while training; 0 for none.
    #[arg(long)]
    eval_every: Option<usize>,
    /// Test images of such an evaluation; the final one takes all.
    #[arg(long)]
    eval_images: Option<usize>,
    /// Seed that every random number derives from.
    #[arg(long)]
    seed: Option<u64>,
}

#[derive(clap::Args)]
pub struct AttackArgs {
    /// Run directory of the model.
    pub run_dir: PathBuf,
    #[command(flatten)]
    pub common: CommonArgs,

    /// Radius of the l_inf ball in pixel units (images are in [0, 1]) [default: the run's, 0.3].
    #[arg(long)]
    epsilon: Option<f64>,
    /// Step size in pixel units [default: the run's, 0.01].
    #[arg(long)]
    step_size: Option<f64>,
    /// Gradient steps [default: the run's, 40].
    #[arg(long)]
    iterations: Option<usize>,
    /// Test images to attack [default: the run's, 1000].
    #[arg(long)]
    images: Option<usize>,
    /// Images attacked at a time [default: the run's, 128].
    #[arg(long)]
    batch_size: Option<usize>,
}

#[derive(clap::Args)]
pub struct BenchArgs {
    /// Device: auto, gpu or cpu.
    #[arg(long, default_value = "auto", value_parser = str::parse::<DeviceWish>)]
    pub device: DeviceWish,
    /// Network [default: each].
    #[arg(long, value_parser = names::<NetworkKind>(NetworkKind::ALL.map(NetworkKind::name)))]
    pub network: Option<NetworkKind>,
    /// Images per step.
    #[arg(long, default_value_t = 128)]
    pub batch_size: usize,
    /// Training steps of a round.
    #[arg(long, default_value_t = 10)]
    pub steps: usize,
    /// PGD iterations of a round.
    #[arg(long, default_value_t = 10)]
    pub iterations: usize,
    /// Rounds after the warm-up; the median counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: u32,
    /// Print one line of JSON a network.
    #[arg(long)]
    pub json: bool,
}

#[derive(clap::Args)]
pub struct CommonArgs {
    /// Device: auto, gpu or cpu. `auto` takes a real GPU if there is one.
    #[arg(long, default_value = "auto", value_parser = str::parse::<DeviceWish>)]
    pub device: DeviceWish,
    /// Folder with the four MNIST files [default: the copy inside this program].
    #[arg(long, value_name = "PATH")]
    pub data: Option<PathBuf>,
    /// Print every event as one line of JSON.
    #[arg(long)]
    pub json: bool,
}

/// The objectives that an interface offers by name.
#[derive(Clone, Copy, ValueEnum)]
enum Preset {
    /// Cross-entropy alone, without noise.
    Natural,
    /// Label smoothing 0.9 with noise.
    LabelSmoothing,
    /// Logit squeezing per example, beta 0.5, with noise.
    SqueezeExample,
    /// Logit squeezing over the batch, beta 5, with noise.
    SqueezeBatch,
}

impl Preset {
    fn objective(self) -> ObjectiveConfig {
        let noisy = |label_smoothing, squeeze, beta| ObjectiveConfig {
            label_smoothing,
            squeeze,
            beta,
            ..ObjectiveConfig::default()
        };
        match self {
            Self::Natural => ObjectiveConfig::natural(),
            Self::LabelSmoothing => noisy(0.9, Squeeze::None, 0.0),
            Self::SqueezeExample => noisy(0.0, Squeeze::Example, 0.5),
            Self::SqueezeBatch => ObjectiveConfig::default(),
        }
    }
}

impl TrainArgs {
    /// The flags put over `config`.
    pub fn over(&self, mut config: RunConfig) -> RunConfig {
        if let Some(preset) = self.objective {
            config.objective = preset.objective();
        }
        put(&mut config.seed, self.seed);
        put(&mut config.network, self.network);
        let objective = &mut config.objective;
        put(&mut objective.label_smoothing, self.label_smoothing);
        put(&mut objective.squeeze, self.squeeze);
        put(&mut objective.beta, self.beta);
        put(&mut objective.noise_sigma, self.sigma);
        let optimizer = &mut config.optimizer;
        put(&mut optimizer.kind, self.optimizer);
        put(&mut optimizer.learning_rate, self.learning_rate);
        put(&mut optimizer.momentum, self.momentum);
        let training = &mut config.training;
        put(&mut training.steps, self.steps);
        put(&mut training.batch_size, self.batch_size);
        put(&mut training.eval_every, self.eval_every);
        put(&mut training.eval_images, self.eval_images);
        config
    }
}

impl AttackArgs {
    /// The flags put over `config`.
    pub fn over(&self, mut config: AttackConfig) -> AttackConfig {
        put(&mut config.epsilon, self.epsilon);
        put(&mut config.step_size, self.step_size);
        put(&mut config.iterations, self.iterations);
        put(&mut config.images, self.images);
        put(&mut config.batch_size, self.batch_size);
        config
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
