//! `squeeze-bench-page DIST [DEVICE [NETWORK]]`: what a training step and a PGD iteration cost in the
//! built page, in Chromium with SwiftShader (`webgpu`) and on the CPU backend (`cpu`); prints JSON lines.
//! `cargo xtask bench` runs it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};
use squeeze_tests::browser::{Browser, BrowserError, Graphics};
use squeeze_tests::server::{Compression, Server};
use squeeze_tests::wire::bytes_without_data;

/// The slowest step on the slowest device, kernels compiled on the way.
const PATIENCE: Duration = Duration::from_secs(600);

/// Notes what the worker says, and when.
const LISTEN: &str = "(() => { if (!self.Worker) return; window.heard = []; const Plain = Worker; \
    window.Worker = class extends Plain { constructor(...a) { super(...a); \
    this.addEventListener('message', e => window.heard.push([performance.now(), e.data])); } }; })()";

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let Some(dist) = arguments.next() else {
        eprintln!("usage: squeeze-bench-page DIST [DEVICE [NETWORK]] (DIST is the built page)");
        return ExitCode::FAILURE;
    };
    let wanted: Vec<_> = arguments.collect();
    match bench(&PathBuf::from(dist), &wanted) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bench(dist: &Path, wanted: &[OsString]) -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::start(dist, 0, Compression::Gzip)?;
    for device in ["cpu", "webgpu"] {
        for network in ["small-cnn", "mnist-cnn"] {
            let part = [device, network];
            if wanted.iter().zip(part).any(|(wanted, part)| wanted != part) {
                continue;
            }
            println!("{}", measure(&server.url(), dist, device, network)?);
        }
    }
    Ok(())
}

fn measure(url: &str, dist: &Path, device: &str, network: &str) -> Result<Value, BrowserError> {
    let browser = Browser::start(Graphics::WebGpu)?;
    browser.on_new_document(LISTEN)?;
    browser.open(&format!("{url}?device={device}&profile"))?;
    status(&browser, "ready")?;
    browser.set("network", network)?;
    browser.set("objective", "natural")?;
    browser.set("batch-size", "128")?;
    browser.set("steps", "10000")?;
    browser.click("train")?;
    let stepped = "heard.some(([, e]) => e.steps)";
    browser.wait_for("the first step", PATIENCE, stepped)?;
    let first_step = browser.eval("heard.find(([, e]) => e.steps)[0]")?;
    browser.click("stop")?;
    status(&browser, "stopped")?;
    browser.click("measure")?;
    let measured = "heard.some(([, e]) => e.bench)";
    browser.wait_for("the figures", PATIENCE, measured)?;
    let figures = browser.eval("heard.find(([, e]) => e.bench)[1].bench")?;
    Ok(json!({
        "network": network,
        "device": browser.text("device")?.replace('\n', " "),
        "batch_size": 128,
        "ms_per_training_step": figures["ms_per_training_step"],
        "ms_per_pgd_iteration": figures["ms_per_pgd_iteration"],
        "training_step": figures["training_step"],
        "pgd_iteration": figures["pgd_iteration"],
        "ms_from_navigation_to_first_step": first_step,
        "bytes_received": browser.bytes_received(),
        "bytes_without_data": bytes_without_data(&browser, dist),
    }))
}

fn status(browser: &Browser, status: &str) -> Result<(), BrowserError> {
    let condition = format!("document.querySelector('[data-status=\"{status}\"]') !== null");
    browser.wait_for(&format!("the state `{status}`"), PATIENCE, &condition)
}
