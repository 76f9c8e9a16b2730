//! `squeeze export`.

use std::fs;

use anyhow::{Context, Result};
use squeeze_engine::{onnx, run};

use crate::args::ExportArgs;
use crate::data;
use crate::run_dir;
use crate::say::say;

/// Writes the model of a run directory as ONNX.
pub fn export(args: &ExportArgs) -> Result<()> {
    let folder = run_dir::existing(&args.run_dir)?;
    let config = pollster::block_on(run::read_config(&folder))?;
    let parameters = pollster::block_on(run::read_model(&folder))?;
    // The images' size and the classes are those of the data set.
    let data = data::load(&config.data, config.seed)?;
    let classes = data.classes.len();
    let bytes = onnx::export(config.network, data.image_shape, classes, &parameters)
        .with_context(|| format!("the model in {} cannot be exported", folder.name()))?;
    fs::write(&args.onnx, bytes)
        .with_context(|| format!("{} cannot be written", args.onnx.display()))?;
    say!("written to {}", args.onnx.display());
    Ok(())
}
