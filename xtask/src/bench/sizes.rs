//! The page over the wire.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::table::grouped;
use crate::process::{capture, cargo};

/// A file of the page, in bytes.
#[derive(Clone, Debug, PartialEq)]
struct File {
    name: String,
    raw: u64,
    gzip: u64,
    brotli: u64,
}

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Page,
    CpuWorker,
    GpuWorker,
    Data,
    /// For later visits: loaded when the page is there, or by the system.
    Install,
}

impl File {
    fn from_json(line: &str) -> Result<Self> {
        let file: Value = serde_json::from_str(line)?;
        let bytes = |name: &str| {
            file[name]
                .as_u64()
                .with_context(|| format!("no `{name}` in {line}"))
        };
        let name = file["file"].as_str().unwrap_or_default().to_owned();
        Ok(Self {
            raw: bytes("raw")?,
            gzip: bytes("gzip")?,
            brotli: bytes("brotli")?,
            name,
        })
    }

    fn part(&self) -> Part {
        // trunk keeps the workers' names.
        if self.name.starts_with("worker_cpu") {
            Part::CpuWorker
        } else if self.name.starts_with("worker_gpu") {
            Part::GpuWorker
        } else if ["data/", "models/"]
            .iter()
            .any(|folder| self.name.starts_with(folder))
        {
            Part::Data
        } else if ["icon-", "manifest.", "service-worker."]
            .iter()
            .any(|start| self.name.starts_with(start))
        {
            Part::Install
        } else {
            Part::Page
        }
    }
}

/// What a visitor loads, and the most that it is to be in Brotli.
const TOTALS: [(&str, &[Part], u64); 3] = [
    ("the page before it can be used", &[Part::Page], 400_000),
    (
        "with the CPU worker",
        &[Part::Page, Part::CpuWorker],
        2_500_000,
    ),
    (
        "with the GPU worker",
        &[Part::Page, Part::GpuWorker],
        2_500_000,
    ),
];

/// The sizes of all files and what they come to, as text.
pub fn sizes(dist: &Path) -> Result<String> {
    measure(dist, &[])
}

/// Writes compressed copies beside the files that get smaller, and says the same.
pub fn compress(dist: &Path) -> Result<String> {
    measure(dist, &["--write"])
}

fn measure(dist: &Path, options: &[&str]) -> Result<String> {
    let mut command = cargo()?;
    command
        .args(["run", "--release", "--quiet", "--package", "squeeze-tests"])
        .args(["--no-default-features", "--features", "sizes"])
        .args(["--bin", "squeeze-sizes", "--"])
        .args(options)
        .arg(dist);
    let files = capture(&mut command)?
        .lines()
        .map(File::from_json)
        .collect::<Result<Vec<_>>>()?;
    Ok(told(&files))
}

fn told(files: &[File]) -> String {
    let line = |raw: u64, gzip: u64, brotli: u64, name: &str| {
        let [raw, gzip, brotli] = [raw, gzip, brotli].map(grouped);
        format!("{raw:>11} {gzip:>11} {brotli:>11}  {name}\n")
    };
    let mut text = format!("{:>11} {:>11} {:>11}\n", "raw", "gzip -9", "brotli -11");
    for file in files.iter().filter(|file| file.part() != Part::Data) {
        text += &line(file.raw, file.gzip, file.brotli, &file.name);
    }
    for (what, parts, most) in TOTALS {
        let sum = |bytes: fn(&File) -> u64| -> u64 {
            let chosen = files.iter().filter(|file| parts.contains(&file.part()));
            chosen.map(bytes).sum()
        };
        let brotli = sum(|file| file.brotli);
        let verdict = if brotli <= most { "met" } else { "NOT met" };
        let name = format!("{what}, goal {} brotli: {verdict}", grouped(most));
        text += &line(sum(|file| file.raw), sum(|file| file.gzip), brotli, &name);
    }
    text += "Behind the page, MNIST (gzipped already) and the models:\n";
    for file in files.iter().filter(|file| file.part() == Part::Data) {
        text += &format!("{:>11}  {}\n", grouped(file.raw), file.name);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{File, told};

    #[test]
    fn totals_hold_what_a_visitor_loads() -> anyhow::Result<()> {
        let files = [
            r#"{"file":"index.html","raw":900000,"gzip":500000,"brotli":400000}"#,
            r#"{"file":"worker_cpu_bg.wasm","raw":9,"gzip":8,"brotli":7}"#,
            r#"{"file":"worker_gpu_bg.wasm","raw":9,"gzip":8,"brotli":2500000}"#,
            r#"{"file":"models/a.safetensors","raw":9,"gzip":9,"brotli":9}"#,
            r#"{"file":"data/mnist/a.gz","raw":5,"gzip":6,"brotli":6}"#,
            r#"{"file":"icon-192.png","raw":900,"gzip":900,"brotli":900}"#,
        ]
        .map(File::from_json);
        let files = files.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
        let text = told(&files);
        let total = |name: &str| text.lines().find(|line| line.contains(name)).unwrap_or("");
        assert!(total("before it can be used").ends_with("goal 400,000 brotli: met"));
        assert!(total("with the CPU worker").contains("    400,007 "));
        assert!(total("with the GPU worker").ends_with(": NOT met"));
        assert!(text.ends_with("          5  data/mnist/a.gz\n"));
        Ok(())
    }

    #[test]
    fn a_line_without_a_size_is_refused() {
        assert!(File::from_json(r#"{"file":"a","raw":1,"gzip":1}"#).is_err());
    }
}
