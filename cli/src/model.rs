//! The models that a command is about, on their device, with their data.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, bail, ensure};
use squeeze_engine::config::{DataKind, NetworkKind, RunConfig, preset};
use squeeze_engine::device::{self, OpenDevice};
use squeeze_engine::event::Event;
use squeeze_engine::model::Model;
use squeeze_engine::network::{Network, weights};
use squeeze_engine::onnx::OnnxModel;
use squeeze_engine::resident::Resident;
use squeeze_engine::run::{self, Folder};
use squeeze_engine::verdict::run::About;

use crate::args::{CommonArgs, ModelArgs};
use crate::run_dir;
use crate::show::Show;
use crate::train::load;

/// Where a model comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A run directory.
    Run(PathBuf),
    /// Weights of a network.
    Weights(NetworkKind, PathBuf),
    /// A model of another program.
    Onnx(PathBuf),
}

impl Source {
    /// Its path.
    pub fn name(&self) -> String {
        match self {
            Self::Run(path) | Self::Weights(_, path) | Self::Onnx(path) => {
                path.display().to_string()
            }
        }
    }
}

impl FromStr for Source {
    type Err = String;

    /// `RUN_DIR`, `FILE.onnx` or `NETWORK=FILE`.
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((network, file)) = text.split_once('=')
            && !Path::new(text).exists()
        {
            let network = network.parse().map_err(|error| format!("{error}"))?;
            return Ok(Self::Weights(network, file.into()));
        }
        let path = PathBuf::from(text);
        let is_onnx = path.extension().is_some_and(|end| end == "onnx");
        Ok(if is_onnx {
            Self::Onnx(path)
        } else {
            Self::Run(path)
        })
    }
}

impl ModelArgs {
    /// The model that the flags name.
    fn source(&self) -> Result<Source> {
        match (&self.run_dir, &self.weights, &self.onnx) {
            (Some(path), None, None) => Ok(Source::Run(path.clone())),
            (None, Some(path), None) => {
                let network = self.network.context("--weights needs --network NAME")?;
                Ok(Source::Weights(network, path.clone()))
            }
            (None, None, Some(path)) => Ok(Source::Onnx(path.clone())),
            _ => bail!("name one model: RUN_DIR, --weights FILE or --onnx FILE"),
        }
    }
}

/// A device with a data set.
pub struct Stage {
    /// The device.
    pub opened: OpenDevice,
    /// The data, on the device.
    pub data: Resident,
}

/// A trained model.
pub struct Trained {
    /// Where results go.
    pub folder: Folder,
    /// Its config, with the place of the data on this machine.
    pub config: RunConfig,
    /// The model.
    pub model: Model,
    /// What it is.
    pub about: About,
}

/// Opens the model that the flags name, on the device that is asked for.
pub fn open(args: &ModelArgs, common: &CommonArgs, show: &mut Show) -> Result<(Trained, Stage)> {
    let source = args.source()?;
    let config = config(&source, args.dataset)?;
    let (config, stage) = begin(config, common, show)?;
    let trained = fill(&source, config, &stage, show)?;
    Ok((trained, stage))
}

/// The config of a model: its own, or what is usual for the data if it brings none.
pub fn config(source: &Source, dataset: Option<DataKind>) -> Result<RunConfig> {
    let network = match source {
        Source::Run(path) => {
            let folder = run_dir::existing(path)?;
            return Ok(pollster::block_on(run::read_config(&folder))?);
        }
        Source::Weights(network, _) => Some(*network),
        Source::Onnx(_) => None,
    };
    let set = dataset.unwrap_or_default();
    let name = format!("{}-natural", set.name());
    let mut config = preset::find(&name).map_or_else(RunConfig::default, |preset| preset.config);
    config.data.set = set;
    config.network = network.unwrap_or(config.network);
    Ok(config)
}

/// The device and the data of a config.
pub fn begin(
    mut config: RunConfig,
    common: &CommonArgs,
    show: &mut Show,
) -> Result<(RunConfig, Stage)> {
    if let Some(path) = &common.data {
        config.data.path = Some(path.to_string_lossy().into_owned());
    }
    let opened = pollster::block_on(device::open(common.device))?;
    show.event(&Event::Device(opened.report.clone()))?;
    let data = load(&config, &opened, show)?;
    Ok((config, Stage { opened, data }))
}

/// A model with this config, on a stage.
pub fn fill(source: &Source, config: RunConfig, stage: &Stage, show: &mut Show) -> Result<Trained> {
    let elsewhere = |network| About {
        network,
        training: "trained elsewhere".to_owned(),
        step: None,
    };
    match source {
        Source::Run(path) => {
            let folder = run_dir::existing(path)?;
            let parameters = pollster::block_on(run::read_model(&folder))?;
            let summary = pollster::block_on(run::read_summary(&folder))?;
            let network = load_into(&config, stage, parameters)
                .with_context(|| format!("the model in {}", folder.name()))?;
            Ok(Trained {
                model: Model::new(&network, &config.guard, config.seed),
                about: About::of(&config, summary.map(|summary| summary.steps)),
                folder,
                config,
            })
        }
        Source::Weights(_, path) => {
            let parameters = weights::from_safetensors(&read(path)?)
                .with_context(|| path.display().to_string())?;
            let network = load_into(&config, stage, parameters)
                .with_context(|| path.display().to_string())?;
            Ok(Trained {
                folder: beside(path)?,
                model: Model::new(&network, &config.guard, config.seed),
                about: elsewhere(format!("{} ({})", config.network.name(), file_name(path))),
                config,
            })
        }
        Source::Onnx(path) => {
            let model = OnnxModel::from_bytes(&read(path)?, &stage.opened.device)
                .with_context(|| path.display().to_string())?;
            fits(&model, &stage.data).with_context(|| path.display().to_string())?;
            if model.ends_in_softmax() {
                show.note(
                    "the model's last softmax is left out: attacks need the logits before it",
                );
            }
            Ok(Trained {
                folder: beside(path)?,
                model: Model::from_onnx(model, config.seed),
                about: elsewhere(file_name(path)),
                config,
            })
        }
    }
}

fn load_into(
    config: &RunConfig,
    stage: &Stage,
    parameters: Vec<weights::Parameter>,
) -> Result<Network> {
    let network = Network::new(
        config.network,
        stage.data.data().image_shape,
        stage.data.data().classes.len(),
        &stage.opened.device.clone().autodiff(),
    )?;
    Ok(weights::load(network, parameters)?)
}

fn fits(model: &OnnxModel, data: &Resident) -> Result<()> {
    let set = data.data();
    ensure!(
        model.input_shape() == set.image_shape,
        "takes images of {:?} (channels, height, width), those of {} are {:?}; name another data set with --dataset",
        model.input_shape(),
        set.name,
        set.image_shape
    );
    ensure!(
        model.classes() == set.classes.len(),
        "has {} outputs, {} has {} classes; name another data set with --dataset",
        model.classes(),
        set.name,
        set.classes.len()
    );
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

/// Where the results of a file go: a folder of its name beside it.
fn beside(path: &Path) -> Result<Folder> {
    let mut name = path.file_name().unwrap_or(path.as_os_str()).to_owned();
    name.push("-results");
    Ok(Folder::at(&path.with_file_name(name))?)
}
