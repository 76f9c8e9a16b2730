//! Runs and attacks of any length stay in the memory that they begin with, and at their pace. Linux alone
//! tells what a process has.
#![allow(clippy::unwrap_used)]
#![cfg(target_os = "linux")]

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// What a process may gain after its first seconds: what an allocator keeps for itself, and no more.
const ALLOWED_KB: u64 = 16 * 1024;

/// What a process has, in kB, again and again while it works, and what it wrote.
struct Watched {
    samples: Vec<u64>,
    output: String,
}

fn watch(command: &mut Command) -> Watched {
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (mut output, mut errors) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let reading = [
        std::thread::spawn(move || {
            let mut text = String::new();
            output.read_to_string(&mut text).unwrap();
            text
        }),
        std::thread::spawn(move || {
            let mut text = String::new();
            errors.read_to_string(&mut text).unwrap();
            text
        }),
    ];
    let status = format!("/proc/{}/status", child.id());
    let mut samples = Vec::new();
    let ended = loop {
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with("VmRSS:"));
        samples.extend(line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()));
        sleep(Duration::from_millis(10));
    };
    let [output, errors] = reading.map(|reading| reading.join().unwrap());
    assert!(ended.success(), "{errors}");
    Watched { samples, output }
}

/// An attack of so many iterations.
fn attack(device: &str, iterations: usize) -> Vec<u64> {
    let folder = tempfile::tempdir().unwrap();
    let known = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models");
    let weights = folder.path().join("adversarial.safetensors");
    std::fs::copy(known.join("mnist-adversarial.safetensors"), &weights).unwrap();
    let iterations = iterations.to_string();
    let mut attack = Command::new(env!("CARGO_BIN_EXE_squeeze"));
    attack
        .args(["attack", "--network", "small-cnn", "--device", device])
        .args(["--iterations", &iterations, "--images", "4", "--weights"])
        .arg(&weights)
        // Images that have fallen leave an attack for which any class will do.
        .args(["--goal", "least-likely"]);
    watch(&mut attack).samples
}

/// A run of so many steps: what it has, and its steps a second as it reports them.
fn run(device: &str, steps: usize) -> (Vec<u64>, Vec<f64>) {
    let folder = tempfile::tempdir().unwrap();
    let mut train = Command::new(env!("CARGO_BIN_EXE_squeeze"));
    train
        .args(["train", "--json", "--device", device, "--out"])
        .arg(folder.path().join("run"))
        .args(["-o", &format!("training.steps={steps}")])
        .args([
            "-o",
            "training.batch_size=16",
            "-o",
            "training.eval_every=0",
        ]);
    let Watched {
        mut samples,
        output,
    } = watch(&mut train);
    let paces = output.lines().filter_map(|line| {
        let (_, rest) = line.split_once("\"steps_per_sec\":")?;
        rest.split([',', '}']).next()?.parse().ok()
    });
    // The test at the end takes more images at once than a step does.
    samples.truncate(samples.len() * 4 / 5);
    (samples, paces.collect())
}

fn stays_flat(what: &str, samples: &[u64]) {
    assert!(samples.len() > 30, "{what}: over too soon: {samples:?}");
    // A third of the way in everything that is needed is there.
    let (begin, rest) = samples.split_at(samples.len() / 3);
    let (early, late) = (begin.iter().max().unwrap(), rest.iter().max().unwrap());
    println!("{what}: {early} kB in the first third, {late} kB after");
    assert!(
        late.saturating_sub(*early) < ALLOWED_KB,
        "{what}: {samples:?}"
    );
}

#[test]
fn ten_thousand_iterations_hold_memory_flat_on_the_cpu() {
    stays_flat("10,000 iterations", &attack("cpu", 10_000));
}

#[test]
fn hundreds_of_iterations_hold_memory_flat_on_the_gpu() {
    stays_flat("500 iterations", &attack("gpu", 500));
}

#[test]
fn a_thousand_steps_hold_memory_flat() {
    for (device, steps) in [("cpu", 1500), ("gpu", 300)] {
        stays_flat(&format!("{steps} steps, {device}"), &run(device, steps).0);
    }
}

/// 20,000 steps and 50,000 iterations.
fn holds_memory_and_pace(device: &str) {
    let (samples, paces) = run(device, 20_000);
    stays_flat(&format!("20,000 steps, {device}"), &samples);
    let median = |part: &[f64]| {
        let mut part = part.to_vec();
        part.sort_by(f64::total_cmp);
        part[part.len() / 2]
    };
    let third = paces.len() / 3;
    let (early, late) = (median(&paces[..third]), median(&paces[2 * third..]));
    println!("{device}: {early:.1} steps a second in the first third, {late:.1} in the last");
    assert!(late > 0.7 * early, "{device}: {paces:?}");
    let what = format!("50,000 iterations, {device}");
    stays_flat(&what, &attack(device, 50_000));
}

#[test]
#[ignore = "minutes: cargo xtask soak"]
fn long_work_holds_memory_and_pace_on_the_cpu() {
    holds_memory_and_pace("cpu");
}

#[test]
#[ignore = "an hour on a GPU in software: cargo xtask soak"]
fn long_work_holds_memory_and_pace_on_the_gpu() {
    holds_memory_and_pace("gpu");
}

/// A GPU whose memory is full, which is this machine's, of which the process may have little: the error
/// names the batch and what to try.
#[test]
fn a_full_memory_is_told_with_what_to_change() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let mut train = Command::new("sh");
    train
        .args(["-c", "ulimit -v 1500000; exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_squeeze"))
        .args([
            "train",
            "--device",
            "gpu",
            "-o",
            "network=mnist-cnn",
            "--out",
        ])
        .arg(&run)
        .args(["-o", "training.steps=1", "-o", "training.batch_size=1200"]);
    // As many threads, which take room too, on every machine.
    train
        .env("LP_NUM_THREADS", "2")
        .env("RAYON_NUM_THREADS", "2");
    let output = train.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{errors}");
    for part in [
        "memory is full",
        "1200 images",
        "training.micro_batch",
        "600",
    ] {
        assert!(errors.contains(part), "{errors}");
    }
    assert!(!errors.contains("panicked"), "{errors}");
}
