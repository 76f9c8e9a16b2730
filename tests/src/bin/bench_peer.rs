//! `squeeze-bench-peer FOLDER PAGE`: what a training step and a PGD iteration cost in another library, in
//! Chromium with SwiftShader; prints one line of JSON. FOLDER is what `cargo xtask bench` lays out, PAGE a
//! page of it with its query, as `jax.html?backend=webgpu&...` (see `tests/peers/work.js`).

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};
use squeeze_tests::browser::{Browser, Graphics};
use squeeze_tests::server::{Compression, Server};
use squeeze_tests::wire::bytes_without_data;

/// The slowest library on the slowest device, kernels compiled on the way.
const PATIENCE: Duration = Duration::from_secs(1200);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, page] = arguments.as_slice() else {
        eprintln!("usage: squeeze-bench-peer FOLDER PAGE (a page below FOLDER, with its query)");
        return ExitCode::FAILURE;
    };
    match measure(Path::new(folder), page) {
        Ok(figures) => {
            println!("{figures}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// What the page measured, and what it took over the wire. What it could not do is in `error`.
fn measure(folder: &Path, page: &str) -> Result<Value, Box<dyn std::error::Error>> {
    let server = Server::start(folder, 0, Compression::Gzip)?;
    let browser = Browser::start(Graphics::WebGpu)?;
    browser.open(&format!("{}{page}", server.url()))?;
    browser.wait_for("the figures", PATIENCE, "globalThis.figures !== undefined")?;
    let mut figures = browser.eval("globalThis.figures")?;
    figures["bytes_without_data"] = json!(bytes_without_data(&browser, folder));
    Ok(figures)
}
