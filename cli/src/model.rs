//! The model that a command is about, on its device, with its data.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use squeeze_engine::config::{RunConfig, preset};
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

/// A trained model and what it is attacked on.
pub struct Trained {
    /// Where results go.
    pub folder: Folder,
    /// Its config, with the place of the data on this machine.
    pub config: RunConfig,
    /// Its data, on the device.
    pub data: Resident,
    /// The model.
    pub model: Model,
    /// What it is.
    pub about: About,
}

/// Opens a model on the device that is asked for.
pub fn open(args: &ModelArgs, common: &CommonArgs, show: &mut Show) -> Result<Trained> {
    match (&args.run_dir, &args.weights, &args.onnx) {
        (Some(path), None, None) => of_run(path, common, show),
        (None, Some(path), None) => {
            let network = args.network.context("--weights needs --network NAME")?;
            let config = RunConfig {
                network,
                ..elsewhere(args)?
            };
            let parameters = weights::from_safetensors(&read(path)?)
                .with_context(|| path.display().to_string())?;
            let (config, opened, data) = begin(config, common, show)?;
            let network = fill(&config, &data, &opened, parameters)
                .with_context(|| path.display().to_string())?;
            let about = About {
                network: format!("{} ({})", config.network.name(), file_name(path)),
                training: "trained elsewhere".to_owned(),
                step: None,
            };
            Ok(Trained {
                folder: beside(path)?,
                model: Model::new(&network, &config.guard, config.seed),
                config,
                data,
                about,
            })
        }
        (None, None, Some(path)) => {
            let bytes = read(path)?;
            let (config, opened, data) = begin(elsewhere(args)?, common, show)?;
            let model = OnnxModel::from_bytes(&bytes, &opened.device)
                .with_context(|| path.display().to_string())?;
            fits(&model, &data).with_context(|| path.display().to_string())?;
            if model.ends_in_softmax() {
                show.note(
                    "the model's last softmax is left out: attacks need the logits before it",
                );
            }
            let about = About {
                network: file_name(path),
                training: "trained elsewhere".to_owned(),
                step: None,
            };
            Ok(Trained {
                folder: beside(path)?,
                model: Model::from_onnx(model, config.seed),
                config,
                data,
                about,
            })
        }
        _ => bail!("name one model: a run directory, --weights FILE or --onnx FILE"),
    }
}

fn of_run(path: &Path, common: &CommonArgs, show: &mut Show) -> Result<Trained> {
    let folder = run_dir::existing(path)?;
    let config = pollster::block_on(run::read_config(&folder))?;
    let parameters = pollster::block_on(run::read_model(&folder))?;
    let summary = pollster::block_on(run::read_summary(&folder))?;
    let steps = summary.map_or(config.training.steps, |summary| summary.steps);
    let (config, opened, data) = begin(config, common, show)?;
    let network = fill(&config, &data, &opened, parameters)
        .with_context(|| format!("the model in {}", folder.name()))?;
    Ok(Trained {
        model: Model::new(&network, &config.guard, config.seed),
        about: About::of(&config, steps),
        folder,
        config,
        data,
    })
}

/// What is usual for the data, for a model that brings no config.
fn elsewhere(args: &ModelArgs) -> Result<RunConfig> {
    let set = args.dataset.unwrap_or_default();
    let name = format!("{}-natural", set.name());
    let mut config = preset::find(&name).map_or_else(RunConfig::default, |preset| preset.config);
    config.data.set = set;
    Ok(config)
}

/// The device and the data of a config.
fn begin(
    mut config: RunConfig,
    common: &CommonArgs,
    show: &mut Show,
) -> Result<(RunConfig, OpenDevice, Resident)> {
    if let Some(path) = &common.data {
        config.data.path = Some(path.to_string_lossy().into_owned());
    }
    let opened = pollster::block_on(device::open(common.device))?;
    show.event(&Event::Device(opened.report.clone()))?;
    let data = load(&config, &opened, show)?;
    Ok((config, opened, data))
}

fn fill(
    config: &RunConfig,
    data: &Resident,
    opened: &OpenDevice,
    parameters: Vec<weights::Parameter>,
) -> Result<Network> {
    let network = Network::new(
        config.network,
        data.data().image_shape,
        data.data().classes.len(),
        &opened.device.clone().autodiff(),
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
