//! Where MNIST comes from: a folder, or the copy inside the program.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use squeeze_engine::data::{Dataset, mnist};

const EMBEDDED: [&[u8]; 4] = [
    include_bytes!("../../data/mnist/train-images-idx3-ubyte.gz"),
    include_bytes!("../../data/mnist/train-labels-idx1-ubyte.gz"),
    include_bytes!("../../data/mnist/t10k-images-idx3-ubyte.gz"),
    include_bytes!("../../data/mnist/t10k-labels-idx1-ubyte.gz"),
];

/// Reads MNIST from `folder` (gzipped files, or unpacked ones without `.gz`), or the embedded copy.
pub fn load(folder: Option<&Path>) -> Result<Dataset> {
    let Some(folder) = folder else {
        return Ok(mnist::parse(EMBEDDED)?);
    };
    let mut files = Vec::with_capacity(4);
    for name in mnist::FILES {
        let zipped = folder.join(name);
        let plain = zipped.with_extension("");
        let path = if zipped.exists() { zipped } else { plain };
        files.push(fs::read(&path).with_context(|| {
            format!(
                "{} cannot be read; the folder of --data must hold {name}, gzipped or not",
                path.display()
            )
        })?);
    }
    let files = [&files[0], &files[1], &files[2], &files[3]].map(Vec::as_slice);
    mnist::parse(files).with_context(|| format!("the data in {} cannot be used", folder.display()))
}
