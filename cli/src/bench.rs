//! `squeeze bench`: what a training step and a PGD iteration cost here.

use std::sync::Arc;

use anyhow::Result;
use serde::Serialize;
use squeeze_engine::bench::measure::measure;
use squeeze_engine::bench::{BenchFigures, BenchPlan, Profile};
use squeeze_engine::config::{DataConfig, DataKind, NetworkKind};
use squeeze_engine::device;
use squeeze_engine::resident::Resident;

use crate::args::BenchArgs;
use crate::data;
use crate::devices::describe;
use crate::say::say;
use crate::{made_up, memory};

/// One network's figures.
#[derive(Serialize)]
struct Figures {
    #[serde(flatten)]
    figures: BenchFigures,
    /// The most memory that this process has had so far, where the system tells (Linux). A GPU's own
    /// memory is not in it.
    peak_memory_mib: Option<f64>,
}

/// Measures natural training and PGD, after a warm-up.
pub fn bench(args: &BenchArgs) -> Result<()> {
    let opened = pollster::block_on(device::open(args.device))?;
    eprintln!("{}", describe(&opened.report));
    for network in args.networks() {
        let data = Arc::new(if network.units().is_none() {
            data::load(&DataConfig::default(), 0)?
        } else {
            // What they show does not change how long they take.
            made_up::images(DataKind::Cifar10, [2000, 1000])?
        });
        let data = Resident::new(data, &opened.device);
        let plan = BenchPlan {
            network,
            batch_size: args.batch_size,
            steps: args.steps,
            iterations: args.iterations,
            rounds: args.rounds,
            profile: args.profile,
        };
        let figures = pollster::block_on(measure(&plan, &data, &opened.report))?;
        let figures = Figures {
            figures,
            peak_memory_mib: memory::peak_mib(),
        };
        if args.json {
            say!("{}", serde_json::to_string(&figures)?);
        } else {
            show(&figures);
        }
    }
    Ok(())
}

fn show(figures: &Figures) {
    let Figures {
        figures,
        peak_memory_mib,
    } = figures;
    let mut line = format!(
        "{}, batch {}: {:.1} ms a training step",
        figures.network.name(),
        figures.batch_size,
        figures.ms_per_training_step
    );
    if let Some(iteration) = figures.ms_per_pgd_iteration {
        line += &format!(", {iteration:.1} ms a PGD iteration");
    }
    if let Some(memory) = peak_memory_mib {
        line += &format!(", {memory:.0} MiB at most");
    }
    say!("{line}");
    for (part, profile) in [
        ("training step", &figures.training_step),
        ("PGD iteration", &figures.pgd_iteration),
    ] {
        if let Some(profile) = profile {
            show_kernels(part, profile);
        }
    }
}

fn show_kernels(part: &str, profile: &Profile) {
    let clock = if profile.by_device {
        "by the device's clock"
    } else {
        "each waited for: the way to the device and back is in it"
    };
    say!(
        "\n{part}: {:.1} launches, {:.2} ms, {clock}",
        profile.launches(),
        profile.milliseconds()
    );
    for kernel in &profile.kernels {
        say!(
            "{:10.3} ms {:6.1} x  {}",
            kernel.milliseconds,
            kernel.launches,
            kernel.kernel
        );
    }
}

impl BenchArgs {
    fn networks(&self) -> Vec<NetworkKind> {
        match self.network {
            Some(network) => vec![network],
            None => vec![NetworkKind::SmallCnn, NetworkKind::MnistCnn],
        }
    }
}
