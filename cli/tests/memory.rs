//! Attacks of any length run in the memory that they begin with. Linux alone tells what a process has.
#![allow(clippy::unwrap_used)]
#![cfg(target_os = "linux")]

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// What a process may gain after its first seconds: what an allocator keeps for itself, and no more.
const ALLOWED_KB: u64 = 16 * 1024;

/// Samples of what the process has, in kB, while an attack of so many iterations runs.
fn samples(device: &str, iterations: usize) -> Vec<u64> {
    let folder = tempfile::tempdir().unwrap();
    let known = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models");
    let weights = folder.path().join("adversarial.safetensors");
    std::fs::copy(known.join("mnist-adversarial.safetensors"), &weights).unwrap();
    let iterations = iterations.to_string();
    let mut attack = Command::new(env!("CARGO_BIN_EXE_squeeze"))
        .args(["attack", "--network", "small-cnn", "--device", device])
        .args(["--iterations", &iterations, "--images", "4", "--weights"])
        .arg(&weights)
        // Images that have fallen leave an attack for which any class will do.
        .args(["--goal", "least-likely"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", attack.id());
    let mut samples = Vec::new();
    let ended = loop {
        if let Some(ended) = attack.try_wait().unwrap() {
            break ended;
        }
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with("VmRSS:"));
        samples.extend(line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()));
        sleep(Duration::from_millis(10));
    };
    let mut errors = String::new();
    attack
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut errors)
        .unwrap();
    assert!(ended.success(), "{errors}");
    samples
}

fn stays_flat(device: &str, iterations: usize) {
    let samples = samples(device, iterations);
    assert!(samples.len() > 30, "{device}: over too soon: {samples:?}");
    // A third of the way in everything that is needed is there.
    let (begin, rest) = samples.split_at(samples.len() / 3);
    let (early, late) = (begin.iter().max().unwrap(), rest.iter().max().unwrap());
    println!("{device}: {early} kB in the first third of {iterations} iterations, {late} kB after");
    assert!(
        late.saturating_sub(*early) < ALLOWED_KB,
        "{device}: {samples:?}"
    );
}

#[test]
fn ten_thousand_iterations_hold_memory_flat_on_the_cpu() {
    stays_flat("cpu", 10_000);
}

#[test]
#[ignore = "minutes: cargo xtask soak"]
fn fifty_thousand_iterations_hold_memory_flat_on_both() {
    stays_flat("cpu", 50_000);
    stays_flat("gpu", 50_000);
}

#[test]
fn hundreds_of_iterations_hold_memory_flat_on_the_gpu() {
    stays_flat("gpu", 500);
}
