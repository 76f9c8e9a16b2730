//! `cargo xtask fuzz`: libFuzzer, guided by coverage, on every parser that a stranger's bytes reach.
//!
//! The compiler's coverage counters are an LLVM pass that stable compilers have too; only the sanitizers
//! need a nightly one. Memory errors are what they would find, and no code of ours is unsafe: what is looked
//! for here are panics, overflows, hangs and memory without bound.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::process::{self, cargo, shown};
use crate::project::{self, host, target_folder};

/// What libFuzzer needs of the code that it watches.
const WATCHED: [&str; 5] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// Longest input that is kept in the repository, in bytes.
const LONGEST_KEPT: u64 = 4096;

/// What to try, and how long.
#[derive(Args)]
pub struct Options {
    /// Targets [default: all], the folders of `tests/fuzz/corpus`.
    targets: Vec<String>,
    /// Seconds for each.
    #[arg(long, default_value_t = 600)]
    seconds: u32,
    /// Most MiB that an input may take.
    #[arg(long, default_value_t = 2048)]
    memory: u32,
    /// Seconds from which an input counts as slow. This build takes about four times as long as a release.
    #[arg(long, default_value_t = 4)]
    slow: u32,
    /// Then keep in `tests/fuzz/corpus` as few inputs, of up to 4 KiB, as reach all that any does.
    #[arg(long)]
    keep: bool,
}

/// Fuzzes the targets one after the other; fails if anything was found.
pub fn run(options: &Options) -> Result<()> {
    let corpus = project::root()?.join("tests/fuzz/corpus");
    let known = folders(&corpus)?;
    for target in &options.targets {
        ensure!(
            known.contains(target),
            "`{target}` is no target; there are {}",
            known.join(", ")
        );
    }
    let targets = match options.targets.as_slice() {
        [] => known,
        some => some.to_vec(),
    };
    let fuzzer = build()?;
    let mut rows = Vec::new();
    for target in &targets {
        rows.push(fuzz(&fuzzer, target, &corpus, options)?);
    }
    println!(
        "\n{:12} {:>10} {:>8} {:>10} {:>9} {:>9}  found",
        "target", "inputs", "edges", "inputs/s", "slowest", "memory"
    );
    for row in &rows {
        println!(
            "{:12} {:>10} {:>8} {:>10} {:>7} s {:>5} MiB  {}",
            row.target,
            row.inputs,
            row.edges,
            row.per_second,
            row.slowest,
            row.memory,
            row.found.len()
        );
    }
    let found: Vec<&PathBuf> = rows.iter().flat_map(|row| &row.found).collect();
    for path in &found {
        println!("{}", path.display());
    }
    if !found.is_empty() {
        bail!(
            "{} findings: mend what each shows, then move it to tests/fuzz/corpus",
            found.len()
        );
    }
    Ok(())
}

/// What came of one target.
#[derive(Default)]
struct Row {
    target: String,
    inputs: u64,
    edges: u64,
    per_second: u64,
    slowest: u64,
    memory: u64,
    found: Vec<PathBuf>,
}

impl Row {
    /// Takes a number from a line that libFuzzer prints.
    fn add_line(&mut self, line: &str) {
        let number = |text: &str| text.trim().parse().unwrap_or_default();
        if let Some((name, value)) = line
            .strip_prefix("stat::")
            .and_then(|rest| rest.split_once(':'))
        {
            match name {
                "number_of_executed_units" => self.inputs = number(value),
                "average_exec_per_sec" => self.per_second = number(value),
                "slowest_unit_time_sec" => self.slowest = number(value),
                "peak_rss_mb" => self.memory = number(value),
                _ => {}
            }
        }
        if line.starts_with('#')
            && let Some((_, rest)) = line.split_once(" cov: ")
        {
            self.edges = number(rest.split(' ').next().unwrap_or_default());
        }
    }
}

/// Builds the program with coverage; gives its path.
fn build() -> Result<PathBuf> {
    let host = host()?;
    let folder = target_folder()?;
    let mut build = cargo()?;
    build.args(["build", "--profile", "fuzz", "--package", "squeeze-fuzz"]);
    // Naming the target keeps build scripts and macros unwatched.
    build.args(["--features", "libfuzzer", "--target", &host]);
    build.env("RUSTFLAGS", WATCHED.join(" "));
    process::run(&mut build)
        .context("the fuzzer cannot be built (libFuzzer needs a C++ compiler: Debian's g++)")?;
    Ok(folder.join(host).join("fuzz/squeeze-fuzz"))
}

fn fuzz(fuzzer: &Path, target: &str, corpus: &Path, options: &Options) -> Result<Row> {
    println!("\n=== {target}, {} s", options.seconds);
    let work = target_folder()?.join("fuzz-corpus").join(target);
    let seeds = target_folder()?.join("fuzz-seeds").join(target);
    let findings = project::root()?.join("tests/fuzz/findings").join(target);
    for folder in [&work, &seeds, &findings] {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let kept = corpus.join(target);
    unpack(corpus, target, &seeds)?;
    let mut run = Command::new(fuzzer);
    run.env("SQUEEZE_FUZZ", target)
        .env("SQUEEZE_FUZZ_SEEDS", &seeds)
        // Threads of the models would only be in each other's way.
        .env("RAYON_NUM_THREADS", "1")
        .arg(format!("-max_total_time={}", options.seconds))
        .arg(format!("-rss_limit_mb={}", options.memory))
        .arg(format!("-report_slow_units={}", options.slow))
        .arg(format!("-artifact_prefix={}/", findings.display()))
        .args(["-timeout=25", "-print_final_stats=1"])
        .args([&work, &kept, &seeds]);
    let mut row = Row {
        target: target.to_owned(),
        ..Row::default()
    };
    let mut child = run
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", shown(&run)))?;
    let output = child.stderr.take().context("no output to read")?;
    for line in BufReader::new(output).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        row.add_line(&line);
        // Of the usual lines every one that says less than another is left out.
        if line.contains("INITED") || line.contains("pulse") || !line.starts_with(['#', '"']) {
            println!("{line}");
        }
    }
    let status = child.wait()?;
    row.found = files(&findings)?;
    if !status.success() && row.found.is_empty() {
        bail!("{} failed ({status})", shown(&run));
    }
    if options.keep && row.found.is_empty() {
        keep(fuzzer, target, &work, &seeds, corpus)?;
    }
    Ok(row)
}

/// Makes the corpus anew: of its own inputs and of short ones in `work`, as few as reach what all of them do.
fn keep(fuzzer: &Path, target: &str, work: &Path, seeds: &Path, corpus: &Path) -> Result<()> {
    let (short, least) = (tempfile::tempdir()?, tempfile::tempdir()?);
    for path in files(work)?.into_iter().chain(files(seeds)?) {
        if fs::metadata(&path)?.len() <= LONGEST_KEPT
            && let Some(name) = path.file_name()
        {
            fs::copy(&path, short.path().join(name))?;
        }
    }
    let mut merge = Command::new(fuzzer);
    merge
        .env("SQUEEZE_FUZZ", target)
        // How often something is reached makes no difference.
        .args(["-set_cover_merge=1", "-use_counters=0"])
        .args([least.path(), short.path()])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    process::run(&mut merge)?;
    let kept = files(least.path())?;
    let path = corpus.join(format!("{target}.zip"));
    let file = fs::File::create(&path);
    let file = file.with_context(|| format!("cannot write {}", path.display()))?;
    let mut zip = ZipWriter::new(file);
    for input in &kept {
        let name = input.file_name().context("a file without a name")?;
        zip.start_file(name.to_string_lossy(), SimpleFileOptions::default())?;
        zip.write_all(&fs::read(input)?)?;
    }
    zip.finish()?;
    println!("{} inputs in {}", kept.len(), path.display());
    Ok(())
}

/// Puts the inputs of the corpus into a folder.
fn unpack(corpus: &Path, target: &str, folder: &Path) -> Result<()> {
    let path = corpus.join(format!("{target}.zip"));
    if path.is_file() {
        let file = fs::File::open(&path)?;
        let zip = ZipArchive::new(file).and_then(|mut zip| zip.extract(folder));
        zip.with_context(|| format!("{} cannot be unpacked", path.display()))?;
    }
    Ok(())
}

/// Names of the folders in a folder, sorted.
fn folders(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?
    {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// The files in a folder, sorted.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?
    {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::Row;

    #[test]
    fn figures_are_read_from_what_is_printed() {
        let mut row = Row::default();
        for line in [
            "#20\tINITED cov: 310 ft: 400 corp: 9/3kb exec/s: 0 rss: 60Mb",
            "#4096\tpulse  cov: 512 ft: 900 corp: 20/9kb lim: 4096 exec/s: 2048 rss: 70Mb",
            "stat::number_of_executed_units: 12345",
            "stat::average_exec_per_sec:     678",
            "stat::slowest_unit_time_sec:    2",
            "stat::peak_rss_mb:              91",
        ] {
            row.add_line(line);
        }
        let figures = [
            row.inputs,
            row.edges,
            row.per_second,
            row.slowest,
            row.memory,
        ];
        assert_eq!(figures, [12345, 512, 678, 2, 91]);
    }
}
