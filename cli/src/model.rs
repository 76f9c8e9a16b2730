//! The model of a run directory, on its device, with its data.

use std::path::Path;

use anyhow::{Context, Result};
use squeeze_engine::config::RunConfig;
use squeeze_engine::device;
use squeeze_engine::event::Event;
use squeeze_engine::model::Model;
use squeeze_engine::network::{Network, weights};
use squeeze_engine::resident::Resident;
use squeeze_engine::run::{self, Folder};

use crate::args::CommonArgs;
use crate::run_dir;
use crate::show::Show;
use crate::train::load;

/// A trained model and what it was trained on.
pub struct Trained {
    /// The run directory.
    pub folder: Folder,
    /// Its config, with the place of the data on this machine.
    pub config: RunConfig,
    /// Its data, on the device.
    pub data: Resident,
    /// The model.
    pub model: Model,
}

/// Opens a run directory on the device that is asked for.
pub fn open(path: &Path, common: &CommonArgs, show: &mut Show) -> Result<Trained> {
    let folder = run_dir::existing(path)?;
    let mut config = pollster::block_on(run::read_config(&folder))?;
    if let Some(path) = &common.data {
        config.data.path = Some(path.to_string_lossy().into_owned());
    }
    let parameters = pollster::block_on(run::read_model(&folder))?;
    let opened = pollster::block_on(device::open(common.device))?;
    show.event(&Event::Device(opened.report.clone()))?;
    let data = load(&config, &opened, show)?;
    let network = Network::new(
        config.network,
        data.data().image_shape,
        data.data().classes.len(),
        &opened.device.clone().autodiff(),
    )?;
    let network = weights::load(network, parameters)
        .with_context(|| format!("the model in {}", folder.name()))?;
    let model = Model::new(&network, &config.guard, config.seed);
    Ok(Trained {
        folder,
        config,
        data,
        model,
    })
}
