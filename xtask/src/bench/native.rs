//! Measuring without a browser: `squeeze bench`, and PyTorch beside it.

use std::rc::Rc;

use anyhow::{Context, Result};

use super::row::{Place, Row, Sample};
use super::torch::Torch;
use super::turns::{Contender, take_turns};
use crate::process::{capture, cargo, run};
use crate::test_needs;

/// Numbers of threads that ours and PyTorch are compared with.
const THREADS: [usize; 2] = [2, 1];

/// Rows of all networks.
pub fn measure(networks: &[&'static str], rounds: usize) -> Result<Vec<Row>> {
    // Beforehand, so that no run has a compiler beside it.
    run(cargo()?.args(["build", "--release", "--package", "squeeze-cli"]))?;
    let torch = Torch::find()?.map(Rc::new);
    let mut rows = Vec::new();
    for threads in THREADS {
        for network in networks {
            let place = Place::Cpu(threads);
            let peer = beside(torch.as_ref(), threads, network);
            rows.extend(take_turns(ours(place, network), vec![peer], rounds));
        }
    }
    for network in networks {
        rows.extend(take_turns(ours(Place::Gpu, network), Vec::new(), rounds));
    }
    Ok(rows)
}

fn beside(torch: Option<&Rc<Torch>>, threads: usize, network: &'static str) -> Contender {
    let place = Place::Cpu(threads);
    let Some(torch) = torch.cloned() else {
        return Contender::missing(Row::new(place, "PyTorch", network));
    };
    let row = Row::new(place, format!("PyTorch {}", torch.version), network);
    Contender::new(row, move || torch.measure(network, threads))
}

fn ours(place: Place, network: &'static str) -> Contender {
    Contender::new(Row::ours(place, network), move || {
        let mut bench = cargo()?;
        bench
            .args(["run", "--release", "--quiet", "--package", "squeeze-cli"])
            .args(["--", "bench", "--json", "--network", network]);
        match place {
            Place::Cpu(threads) => bench
                .args(["--device", "cpu", "--steps", "20", "--iterations", "20"])
                .env("RAYON_NUM_THREADS", threads.to_string()),
            // One Vulkan driver everywhere, also where there is a GPU.
            _ => bench
                .args(["--device", "gpu", "--rounds", "1"])
                .envs(test_needs::vulkan_variables()),
        };
        let text = capture(&mut bench)?;
        let figures = serde_json::from_str(text.trim())
            .with_context(|| format!("`squeeze bench` printed no JSON: {}", text.trim()))?;
        Ok(Sample::from_json(&figures))
    })
}
