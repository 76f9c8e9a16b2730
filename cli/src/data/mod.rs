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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_data_set_that_is_not_there_is_told_with_how_to_get_it() {
        let folder = tempfile::tempdir().unwrap();
        let options = ReadOptions {
            kind: Some(DataKind::Cifar100),
            image_size: 32,
            test_share: 0.2,
            seed: 0,
        };
        let missing = folder.path().join("cifar100");
        // Not there at all; then there, with a download that was cut off.
        for _ in 0..2 {
            let error = load_fetched(DataKind::Cifar100, &missing, &options).unwrap_err();
            let text = format!("{error:#}");
            for word in [
                "CIFAR-100",
                "cifar100",
                "`squeeze data fetch cifar100`",
                "--data PATH",
            ] {
                assert!(text.contains(word), "`{word}` is not in: {text}");
            }
            std::fs::create_dir_all(&missing).unwrap();
            std::fs::write(missing.join("cifar-100-binary.tar.gz.part"), b"half").unwrap();
        }
        let config = DataConfig {
            set: DataKind::Folder,
            ..DataConfig::default()
        };
        let text = load(&config, 0).unwrap_err().to_string();
        assert!(
            text.contains("needs its path") && text.contains("--data PATH"),
            "{text}"
        );
    }

    #[test]
    fn mnist_comes_with_the_program_or_from_a_path() {
        let within = load(&DataConfig::default(), 0).unwrap();
        assert_eq!((within.kind, within.train.len()), (DataKind::Mnist, 60_000));
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/mnist");
        let there = DataConfig {
            path: Some(path.to_owned()),
            ..DataConfig::default()
        };
        assert_eq!(load(&there, 0).unwrap(), within);
        let fashion = DataConfig {
            set: DataKind::FashionMnist,
            ..there
        };
        let text = format!("{:#}", load(&fashion, 0).unwrap_err());
        assert!(
            text.contains("is MNIST, but Fashion-MNIST was asked for"),
            "{text}"
        );
    }
}
