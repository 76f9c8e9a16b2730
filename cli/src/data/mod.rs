//! Data sets on this machine: `squeeze data`, and [`load`] for the other commands.

mod args;
mod check;
mod download;
mod fetch;
mod files;
mod info;
mod place;
mod progress;
mod published;

use std::path::Path;

use anyhow::{Context, Result, bail};
use squeeze_engine::config::{DataConfig, DataKind};
use squeeze_engine::data::{Dataset, ReadOptions, mnist, read_source};

pub use args::DataCommand;
use files::Files;

const EMBEDDED: [&[u8]; 4] = [
    include_bytes!("../../../data/mnist/train-images-idx3-ubyte.gz"),
    include_bytes!("../../../data/mnist/train-labels-idx1-ubyte.gz"),
    include_bytes!("../../../data/mnist/t10k-images-idx3-ubyte.gz"),
    include_bytes!("../../../data/mnist/t10k-labels-idx1-ubyte.gz"),
];

/// `squeeze data`.
pub fn data(command: &DataCommand) -> Result<()> {
    match command {
        DataCommand::Fetch(args) => fetch::fetch(args),
        DataCommand::Info(args) => info::info(args),
    }
}

/// Reads the data set of a run: from its path, else the MNIST inside this program, else from where
/// `squeeze data fetch` puts it. `seed` splits a folder that has no `train` and `test`.
///
/// # Errors
/// Says which file is wrong, or how to get the data set.
pub fn load(config: &DataConfig, seed: u64) -> Result<Dataset> {
    let options = ReadOptions {
        kind: Some(config.set),
        image_size: config.image_size,
        test_share: config.test_share,
        seed,
    };
    if let Some(path) = &config.path {
        return read_path(Path::new(path), &options);
    }
    match config.set {
        DataKind::Mnist => Ok(mnist::parse(EMBEDDED)?),
        DataKind::Folder => bail!("an image folder needs its path: say which with --data PATH"),
        set => load_fetched(set, &place::folder(set)?, &options),
    }
}

fn load_fetched(set: DataKind, folder: &Path, options: &ReadOptions) -> Result<Dataset> {
    let (title, name) = (set.title(), set.name());
    let how = format!(
        "run `squeeze data fetch {name}`, or say with --data PATH where {title} is on this machine"
    );
    if !folder.is_dir() {
        bail!(
            "{title} is not on this machine, or not in {}; {how}",
            folder.display()
        );
    }
    read_path(folder, options).with_context(|| format!("{title} cannot be read; {how}"))
}

/// Reads the data set in a file or a folder.
fn read_path(path: &Path, options: &ReadOptions) -> Result<Dataset> {
    let mut files = Files::under(path)?;
    let bar = progress::reading();
    let read = read_source(&mut files, options, &mut |progress| {
        if let Some(bar) = &bar {
            bar.set_length(progress.total as u64);
            bar.set_position(progress.done as u64);
        }
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    read.with_context(|| format!("the data in {} cannot be used", path.display()))
}
