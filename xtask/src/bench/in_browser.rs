//! Measuring in Chromium: the built page, and other libraries beside it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::peers::{self, Peer};
use super::row::{Place, Row, Sample};
use super::turns::{Contender, take_turns};
use crate::process::{capture, cargo};

/// Rows of all networks. Every run has a browser and a profile of its own.
pub fn measure(dist: &Path, networks: &[&'static str], rounds: usize) -> Result<Vec<Row>> {
    let folder = peers::lay_out()?;
    let mut rows = Vec::new();
    for place in [Place::WebGpu, Place::Wasm] {
        for network in networks {
            let beside = peers::of(place, network)
                .map(|peer| contender(peer, &folder, network))
                .collect::<Result<Vec<_>>>()?;
            rows.extend(take_turns(ours(dist, place, network), beside, rounds));
        }
    }
    Ok(rows)
}

fn contender(peer: &Peer, folder: &Path, network: &'static str) -> Result<Contender> {
    let row = peer.row(network)?;
    if !peer.is_installed()? {
        return Ok(Contender::missing(row));
    }
    let (folder, address) = (folder.to_owned(), peer.address(network));
    Ok(Contender::new(row, move || {
        browse("squeeze-bench-peer", &folder, &[&address])
    }))
}

fn ours(dist: &Path, place: Place, network: &'static str) -> Contender {
    let device = if place == Place::WebGpu {
        "webgpu"
    } else {
        "cpu"
    };
    let dist: PathBuf = dist.to_owned();
    Contender::new(Row::ours(place, network), move || {
        browse("squeeze-bench-page", &dist, &[device, network])
    })
}

/// Runs one of the tests' programs that drive a browser.
fn browse(program: &str, folder: &Path, arguments: &[&str]) -> Result<Sample> {
    let mut command = cargo()?;
    command
        .args(["run", "--release", "--quiet", "--package", "squeeze-tests"])
        .args(["--bin", program, "--"])
        .arg(folder)
        .args(arguments);
    let text = capture(&mut command)?;
    let figures = serde_json::from_str(text.trim())
        .with_context(|| format!("{program} printed no JSON: {}", text.trim()))?;
    Ok(Sample::from_json(&figures))
}
