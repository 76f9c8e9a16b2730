//! Every parser that a stranger's bytes reach, as a function of those bytes that must come back: with a
//! value or with an error, never with a panic.
//!
//! `cargo xtask fuzz` gives them to libFuzzer, guided by coverage; what it finds worth keeping is in
//! `tests/fuzz/corpus`, and `cargo xtask test` goes through that each time.

mod configs;
mod datasets;
mod models;
mod seeds;
mod stored;

pub use datasets::{NAMES, joined};
pub use seeds::{seeds, write_seeds};

/// The variable of the environment that names the target of the program `squeeze-fuzz`.
pub const TARGET: &str = "SQUEEZE_FUZZ";

/// The variable that names the folder that program writes seeds into.
pub const SEEDS: &str = "SQUEEZE_FUZZ_SEEDS";

/// A parser, or several that read the same thing.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, and that of its folder of inputs.
    pub name: &'static str,
    /// What it reads, for people.
    pub reads: &'static str,
    /// Parses, and parses again what came of it where that can be written. Panics if they differ.
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: [Target; 7] = [
    Target {
        name: "toml",
        reads: "a run's config",
        run: configs::toml,
    },
    Target {
        name: "link",
        reads: "a run in an address",
        run: configs::link,
    },
    Target {
        name: "data",
        reads: "data sets: IDX, gzip, CIFAR's tar, zip, PNG, JPEG, WebP",
        run: datasets::data,
    },
    Target {
        name: "safetensors",
        reads: "weights",
        run: models::safetensors,
    },
    Target {
        name: "checkpoint",
        reads: "the state of a run",
        run: models::checkpoint,
    },
    Target {
        name: "onnx",
        reads: "models from elsewhere",
        run: models::onnx,
    },
    Target {
        name: "stored",
        reads: "a run as one zip: config, metrics, checkpoint, summary, verdict",
        run: stored::stored,
    },
];

/// The target of this name.
pub fn find(name: &str) -> Option<Target> {
    TARGETS.into_iter().find(|target| target.name == name)
}
