//! `squeeze bench`: what a training step and a PGD iteration cost here.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use serde::Serialize;
use squeeze_engine::attack::begin::{Batch, begin};
use squeeze_engine::config::{DataKind, NetworkKind, ObjectiveConfig, RunConfig};
use squeeze_engine::control::Control;
use squeeze_engine::data::{Dataset, Split};
use squeeze_engine::device;
use squeeze_engine::evaluate::read;
use squeeze_engine::event::Event;
use squeeze_engine::model::Model;
use squeeze_engine::random::{Purpose, Stream};
use squeeze_engine::resident::{Resident, Source};
use squeeze_engine::train::Trainer;

use crate::args::BenchArgs;
use crate::data;
use crate::devices::describe;
use crate::say::say;

/// One network's figures: medians over the repetitions.
#[derive(Serialize)]
struct Figures {
    network: String,
    device: String,
    batch_size: usize,
    ms_per_training_step: f64,
    /// Nothing without iterations.
    ms_per_pgd_iteration: Option<f64>,
    /// The most memory that this process has had so far, where the system tells (Linux). A GPU's own
    /// memory is not in it.
    peak_memory_mib: Option<f64>,
}

/// Measures natural training and PGD with the figures that every run reports, after a warm-up.
pub fn bench(args: &BenchArgs) -> Result<()> {
    let opened = pollster::block_on(device::open(args.device))?;
    eprintln!("{}", describe(&opened.report));
    for network in args.networks() {
        let mut config = RunConfig {
            network,
            objective: ObjectiveConfig::natural(),
            ..RunConfig::default()
        };
        let data = Arc::new(if network.units().is_none() {
            data::load(&config.data, 0)?
        } else {
            random_photographs()
        });
        config.data.set = data.kind;
        let data = Resident::new(data, &opened.device);
        config.training.steps = args.steps;
        config.training.batch_size = args.batch_size;
        config.training.held_out = 0;
        config.attack.batch_size = args.batch_size;
        config.attack.images = args.batch_size;
        config.attack.iterations = args.iterations.max(1);
        let mut steps = Vec::new();
        let mut iterations = Vec::new();
        // The first round compiles kernels and fills memory pools.
        for round in 0..=args.rounds {
            let (step, iteration) = round_of(&config, &data, args.iterations > 0)?;
            if round > 0 || args.rounds == 0 {
                steps.push(step);
                iterations.extend(iteration);
            }
        }
        let figures = Figures {
            network: network.name(),
            device: format!("{} through {}", opened.report.name, opened.report.api),
            batch_size: args.batch_size,
            ms_per_training_step: median(&mut steps).context("no step was measured")?,
            ms_per_pgd_iteration: median(&mut iterations),
            peak_memory_mib: peak_memory_mib(),
        };
        if args.json {
            say!("{}", serde_json::to_string(&figures)?);
        } else {
            let mut line = format!(
                "{}, batch {}: {:.1} ms a training step",
                figures.network, figures.batch_size, figures.ms_per_training_step
            );
            if let Some(iteration) = figures.ms_per_pgd_iteration {
                line += &format!(", {iteration:.1} ms a PGD iteration");
            }
            if let Some(memory) = figures.peak_memory_mib {
                line += &format!(", {memory:.0} MiB at most");
            }
            say!("{line}");
        }
    }
    Ok(())
}

/// Milliseconds of a training step and, if asked for, of a PGD iteration.
fn round_of(config: &RunConfig, data: &Resident, attack: bool) -> Result<(f64, Option<f64>)> {
    let mut trainer = Trainer::new(config.clone(), data)?;
    let mut steps_per_sec = None;
    let control = Control::default();
    pollster::block_on(trainer.run_steps(data, &control, &mut |event| {
        if let Event::Steps(steps) = event {
            steps_per_sec = Some(steps.steps_per_sec);
        }
    }))?;
    let steps_per_sec = steps_per_sec.context("training reported no steps")?;
    if !attack {
        return Ok((1e3 / steps_per_sec, None));
    }
    let model = Model::new(&trainer.model(), &config.guard, config.seed);
    let places = 0..config.attack.batch_size;
    let batch = Batch {
        clean: data.images(Source::Test, places.clone()),
        labels: data.labels(Source::Test, places),
        targets: Vec::new(),
        classes: data.data().classes.len(),
        seed: config.seed,
        index: 0,
        restart: 0,
    };
    // Without the looks of a whole attack, which leave out images that have fallen.
    let mut attack = begin(&config.attack, &batch);
    let wait = |scores| pollster::block_on(read(scores));
    wait(attack.worst().scores)?;
    let began = Instant::now();
    for _ in 0..config.attack.iterations {
        attack.step(&|images| model.logits(images));
    }
    wait(attack.worst().scores)?;
    let ms = began.elapsed().as_secs_f64() * 1e3;
    let per_iteration = ms / config.attack.iterations as f64;
    Ok((1e3 / steps_per_sec, Some(per_iteration)))
}

/// The largest resident set of this process so far.
fn peak_memory_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = peak.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

/// Images of CIFAR-10's form; what they show does not change how long they take.
fn random_photographs() -> Dataset {
    let split = |count: usize| {
        let mut stream = Stream::new(0, Purpose::Noise, count);
        Split {
            pixels: (0..count * 3072).map(|_| stream.next_u32() as u8).collect(),
            labels: (0..count).map(|place| (place % 10) as u8).collect(),
        }
    };
    Dataset {
        split_seed: None,
        kind: DataKind::Cifar10,
        name: "random images".to_owned(),
        image_shape: [3, 32, 32],
        classes: (0..10).map(|class| class.to_string()).collect(),
        train: split(2000),
        test: split(1000),
    }
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

impl BenchArgs {
    fn networks(&self) -> Vec<NetworkKind> {
        match self.network {
            Some(network) => vec![network],
            None => vec![NetworkKind::SmallCnn, NetworkKind::MnistCnn],
        }
    }
}
