//! `squeeze-bench-page DIST`: what a training step and a PGD iteration cost in the built page, in
//! Chromium with SwiftShader and on the CPU backend; prints JSON lines. `cargo xtask bench` runs it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};
use squeeze_tests::browser::{Browser, BrowserError, Graphics};
use squeeze_tests::server::{Compression, Server};

/// The slowest step on the slowest device, kernels compiled on the way.
const PATIENCE: Duration = Duration::from_secs(600);

/// Notes what the worker says, and when.
const LISTEN: &str = "(() => { if (!self.Worker) return; window.heard = []; const Plain = Worker; \
    window.Worker = class extends Plain { constructor(...a) { super(...a); \
    this.addEventListener('message', e => window.heard.push([performance.now(), e.data])); } }; })()";

fn main() -> ExitCode {
    let Some(dist) = std::env::args_os().nth(1) else {
        eprintln!("usage: squeeze-bench-page DIST (the built page)");
        return ExitCode::FAILURE;
    };
    match bench(&PathBuf::from(dist)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bench(dist: &std::path::Path) -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::start(dist, 0, Compression::Gzip)?;
    for device in ["cpu", "webgpu"] {
        for network in ["small-cnn", "mnist-cnn"] {
            // As many as a few minutes allow.
            let (steps, iterations) = match (device, network) {
                ("cpu", "small-cnn") => (30, 20),
                ("cpu", _) => (8, 8),
                (_, "small-cnn") => (10, 6),
                _ => (4, 3),
            };
            let figures = measure(&server.url(), device, network, steps, iterations)?;
            println!("{figures}");
        }
    }
    Ok(())
}

fn measure(
    url: &str,
    device: &str,
    network: &str,
    steps: usize,
    iterations: usize,
) -> Result<Value, BrowserError> {
    let browser = Browser::start(Graphics::WebGpu)?;
    browser.on_new_document(LISTEN)?;
    browser.open(&format!("{url}?device={device}"))?;
    status(&browser, "ready")?;
    browser.set("network", network)?;
    browser.set("objective", "natural")?;
    browser.set("batch-size", "128")?;
    browser.set("steps", "10000")?;
    browser.click("train")?;
    let warm = 3;
    reach(&browser, warm)?;
    let first_step = browser.eval("heard.find(([, e]) => e.type === 'steps')[0]")?;
    // From here on: `steps_per_sec` counts from the moment that training goes on.
    browser.click("pause")?;
    status(&browser, "paused")?;
    let paused_at = browser.eval("heard.findLast(([, e]) => e.type === 'paused')[1].step")?;
    browser.click("resume")?;
    let until = paused_at.as_u64().unwrap_or(0) as usize + steps;
    reach(&browser, until)?;
    let rate = browser.eval("heard.findLast(([, e]) => e.type === 'steps')[1].steps_per_sec")?;
    browser.click("stop")?;
    status(&browser, "stopped")?;
    for (field, value) in [
        ("iterations", iterations.to_string()),
        ("attack-images", "128".to_owned()),
    ] {
        browser.set(field, &value)?;
    }
    // Twice: the first compiles kernels.
    let mut attack = Value::Null;
    for _ in 0..2 {
        browser.eval("heard.length = 0")?;
        browser.click("attack")?;
        let done = "heard.some(([, e]) => e.type === 'attack_finished')";
        browser.wait_for("the attack's end", PATIENCE, done)?;
        status(&browser, "attacked")?;
        attack = browser.eval("heard.find(([, e]) => e.type === 'attack_finished')[1]")?;
    }
    Ok(json!({
        "network": network,
        "device": browser.text("device")?.replace('\n', " "),
        "batch_size": 128,
        "ms_per_training_step": rate.as_f64().map(|rate| 1e3 / rate),
        "ms_per_pgd_iteration": attack["ms_per_iteration"],
        "ms_from_navigation_to_first_step": first_step,
        "bytes_received": browser.bytes_received(),
    }))
}

fn status(browser: &Browser, status: &str) -> Result<(), BrowserError> {
    let condition = format!("document.querySelector('[data-status=\"{status}\"]') !== null");
    browser.wait_for(&format!("the state `{status}`"), PATIENCE, &condition)
}

/// Waits until the worker has reported this step.
fn reach(browser: &Browser, step: usize) -> Result<(), BrowserError> {
    let condition =
        format!("heard.some(([, e]) => e.type === 'steps' && e.steps.at(-1).step >= {step})");
    browser.wait_for(&format!("step {step}"), PATIENCE, &condition)
}
