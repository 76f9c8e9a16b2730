//! `squeeze bench`: what a training step and a PGD iteration cost here.

use anyhow::{Context, Result};
use serde::Serialize;
use squeeze_engine::attack::run::{Target, run};
use squeeze_engine::config::{NetworkKind, ObjectiveConfig, RunConfig};
use squeeze_engine::control::Control;
use squeeze_engine::data::Dataset;
use squeeze_engine::device::{self, OpenDevice};
use squeeze_engine::event::Event;
use squeeze_engine::train::Trainer;

use crate::args::BenchArgs;
use crate::data;
use crate::devices::describe;

/// One network's figures: medians over the repetitions.
#[derive(Serialize)]
struct Figures {
    network: &'static str,
    device: String,
    batch_size: usize,
    ms_per_training_step: f64,
    ms_per_pgd_iteration: f64,
}

/// Measures natural training and PGD with the figures that every run reports, after a warm-up.
pub fn bench(args: &BenchArgs) -> Result<()> {
    let opened = pollster::block_on(device::open(args.device))?;
    eprintln!("{}", describe(&opened.report));
    let data = data::load(&data::mnist_at(None), 0)?;
    for network in args.networks() {
        let mut config = RunConfig {
            network,
            objective: ObjectiveConfig::natural(),
            ..RunConfig::default()
        };
        config.training.steps = args.steps;
        config.training.batch_size = args.batch_size;
        config.training.eval_every = 0;
        config.attack.batch_size = args.batch_size;
        config.attack.images = args.batch_size;
        config.attack.iterations = args.iterations;
        let mut steps = Vec::new();
        let mut iterations = Vec::new();
        // The first round compiles kernels and fills memory pools.
        for round in 0..=args.rounds {
            let (step, iteration) = round_of(&config, &data, &opened)?;
            if round > 0 {
                steps.push(step);
                iterations.push(iteration);
            }
        }
        let figures = Figures {
            network: network.name(),
            device: format!("{} through {}", opened.report.name, opened.report.api),
            batch_size: args.batch_size,
            ms_per_training_step: median(&mut steps),
            ms_per_pgd_iteration: median(&mut iterations),
        };
        if args.json {
            println!("{}", serde_json::to_string(&figures)?);
        } else {
            println!(
                "{}, batch {}: {:.1} ms a training step, {:.1} ms a PGD iteration",
                figures.network,
                figures.batch_size,
                figures.ms_per_training_step,
                figures.ms_per_pgd_iteration
            );
        }
    }
    Ok(())
}

/// Milliseconds of a training step and of a PGD iteration.
fn round_of(config: &RunConfig, data: &Dataset, opened: &OpenDevice) -> Result<(f64, f64)> {
    let mut trainer = Trainer::new(config.clone(), data, &opened.device)?;
    let mut steps_per_sec = None;
    let control = Control::default();
    pollster::block_on(trainer.run_steps(data, &control, &mut |event| {
        if let Event::Steps(steps) = event {
            steps_per_sec = Some(steps.steps_per_sec);
        }
    }))?;
    let target = Target {
        network: trainer.network(),
        data,
        device: &opened.device,
        seed: config.seed,
    };
    let mut ignore = |_| {};
    let attack = run(&target, &config.attack, 0, &control, &mut ignore);
    let summary = pollster::block_on(attack)?;
    let steps_per_sec = steps_per_sec.context("training reported no steps")?;
    Ok((1e3 / steps_per_sec, summary.ms_per_iteration))
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

impl BenchArgs {
    fn networks(&self) -> Vec<NetworkKind> {
        match self.network {
            Some(network) => vec![network],
            None => NetworkKind::ALL.to_vec(),
        }
    }
}
