//! PyTorch on the CPU, by the script of `examples/pytorch`.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::peers;
use super::row::Sample;
use crate::process::{capture, on_path, run};
use crate::project;

/// A Python that has PyTorch.
pub struct Torch {
    python: PathBuf,
    /// PyTorch's version.
    pub version: String,
}

impl Torch {
    /// The Python that `SQUEEZE_PYTHON` names, or the one that [`install`] made, if it has PyTorch.
    pub fn find() -> Result<Option<Self>> {
        let named = env::var_os("SQUEEZE_PYTHON").map(PathBuf::from);
        let found = named.into_iter().chain([python()?]).find_map(|python| {
            let mut command = Command::new(&python);
            command.args(["-c", "import torch; print(torch.__version__)"]);
            let version = capture(&mut command).ok()?.trim().to_owned();
            Some(Self { python, version })
        });
        Ok(found)
    }

    /// Measures a network with so many threads.
    pub fn measure(&self, network: &str, threads: usize) -> Result<Sample> {
        let script = project::root()?.join("examples/pytorch/bench.py");
        let mut command = Command::new(&self.python);
        command
            .arg(script)
            .args([network, "--threads", &threads.to_string()]);
        let text = capture(&mut command)?;
        let (step, iteration) = times(&text)
            .with_context(|| format!("bench.py printed something else: {}", text.trim()))?;
        Ok(Sample {
            step: Some(step),
            iteration: Some(iteration),
            ..Sample::default()
        })
    }
}

/// The two times in what the script prints.
fn times(text: &str) -> Option<(f64, f64)> {
    let before = |unit: &str| -> Option<f64> {
        let (start, _) = text.split_once(unit)?;
        start.split_whitespace().last()?.parse().ok()
    };
    Some((
        before(" ms a training step")?,
        before(" ms a PGD iteration")?,
    ))
}

fn environment() -> Result<PathBuf> {
    Ok(peers::folder()?.join("venv"))
}

fn python() -> Result<PathBuf> {
    let environment = environment()?;
    Ok(if cfg!(windows) {
        environment.join("Scripts").join("python.exe")
    } else {
        environment.join("bin").join("python")
    })
}

/// Installs PyTorch into an environment of its own, unless there is one already.
pub fn install() -> Result<()> {
    if let Some(Torch { version, .. }) = Torch::find()? {
        println!("PyTorch {version}: ready");
        return Ok(());
    }
    let base = ["python3", "python"]
        .iter()
        .find_map(|name| on_path(name))
        .context("there is no Python on PATH")?;
    run(Command::new(base).args(["-m", "venv"]).arg(environment()?))?;
    run(Command::new(python()?)
        .args(["-m", "pip", "install", "--requirement"])
        .arg(peers::sources()?.join("requirements.txt")))
}

#[cfg(test)]
mod tests {
    use super::times;

    #[test]
    fn the_scripts_line_is_read() {
        let line = "PyTorch 2.6.0, 2 threads, small-cnn, batch 128: 17.0 ms a training step, \
                    16.5 ms a PGD iteration\n";
        assert_eq!(times(line), Some((17.0, 16.5)));
        assert_eq!(times("Traceback"), None);
    }
}
