//! A run directory: `config.toml`, `metrics.jsonl`, `model.safetensors`, `summary.json`.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use squeeze_engine::config::RunConfig;
use squeeze_engine::network::weights;

const CONFIG: &str = "config.toml";
const METRICS: &str = "metrics.jsonl";
const MODEL: &str = "model.safetensors";
const SUMMARY: &str = "summary.json";

/// A directory that holds one run.
pub struct RunDir(PathBuf);

impl RunDir {
    /// Makes the directory `wanted`, or the next free `runs/N`, and writes the config into it.
    pub fn create(wanted: Option<&Path>, config: &RunConfig) -> Result<Self> {
        let path = match wanted {
            Some(path) => path.to_owned(),
            None => next_free(Path::new("runs"))?,
        };
        fs::create_dir_all(&path)
            .with_context(|| format!("the run directory {} cannot be made", path.display()))?;
        let taken = fs::read_dir(&path)
            .with_context(|| format!("{} cannot be read", path.display()))?
            .next()
            .is_some();
        if taken {
            bail!(
                "the run directory {} is not empty, and a run overwrites nothing; name another with --out",
                path.display()
            );
        }
        let directory = Self(path);
        directory.write(CONFIG, config.to_toml()?.as_bytes())?;
        Ok(directory)
    }

    /// Opens a directory that a run was written to.
    pub fn open(path: &Path) -> Result<(Self, RunConfig)> {
        let file = path.join(CONFIG);
        let text = fs::read_to_string(&file).with_context(|| {
            format!(
                "{} cannot be read; is {} a run directory of `squeeze train`?",
                file.display(),
                path.display()
            )
        })?;
        let config =
            RunConfig::from_toml(&text).with_context(|| format!("in {}", file.display()))?;
        Ok((Self(path.to_owned()), config))
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The file that takes one line of JSON a step and an evaluation.
    pub fn metrics(&self) -> Result<Metrics> {
        let path = self.0.join(METRICS);
        let file = File::create_new(&path)
            .with_context(|| format!("{} cannot be made", path.display()))?;
        Ok(Metrics {
            path,
            file: BufWriter::new(file),
        })
    }

    /// Writes the weights.
    pub fn write_model(&self, parameters: &[weights::Parameter]) -> Result<()> {
        self.write(MODEL, &weights::to_safetensors(parameters)?)
    }

    /// Reads the weights.
    pub fn read_model(&self) -> Result<Vec<weights::Parameter>> {
        let path = self.0.join(MODEL);
        let bytes = fs::read(&path).with_context(|| {
            format!(
                "{} cannot be read; the run has not come to its end",
                path.display()
            )
        })?;
        weights::from_safetensors(&bytes).with_context(|| format!("in {}", path.display()))
    }

    /// Writes the summary.
    pub fn write_summary(&self, summary: &impl Serialize) -> Result<()> {
        self.write_json(SUMMARY, summary)
    }

    /// Writes a value as readable JSON.
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let mut text = serde_json::to_string_pretty(value)?;
        text.push('\n');
        self.write(name, text.as_bytes())
    }

    /// Writes a file so that it is there whole or not at all.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.0.join(name);
        let part = self.0.join(format!("{name}.part"));
        let write = || {
            let mut file = File::create(&part)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&part, &path)
        };
        write().with_context(|| format!("{} cannot be written", path.display()))
    }
}

fn next_free(parent: &Path) -> Result<PathBuf> {
    (1..)
        .map(|number: u32| parent.join(number.to_string()))
        .find(|path| !path.exists())
        .context("every runs/N is taken; name a directory with --out")
}

/// `metrics.jsonl`. Holds nothing that depends on the clock: equal runs write equal files.
pub struct Metrics {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Metrics {
    /// Adds a line.
    pub fn write(&mut self, line: &impl Serialize) -> Result<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        self.file
            .write_all(text.as_bytes())
            .with_context(|| format!("{} cannot be written", self.path.display()))
    }

    /// Makes sure that all lines are in the file.
    pub fn flush(&mut self) -> Result<()> {
        self.file
            .flush()
            .with_context(|| format!("{} cannot be written", self.path.display()))
    }
}
