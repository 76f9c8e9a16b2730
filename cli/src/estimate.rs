//! `squeeze estimate`: what a run would take, before hours go into it.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use squeeze_engine::config::RunConfig;
use squeeze_engine::control::Control;
use squeeze_engine::device::Device;
use squeeze_engine::event::{DeviceKind, DeviceReport, Event};
use squeeze_engine::resident::Resident;
use squeeze_engine::train::Trainer;

use crate::args::EstimateArgs;
use crate::devices::{self, describe};
use crate::say::say;
use crate::show::duration;
use crate::{made_up, memory};

/// What a run would take.
#[derive(Serialize)]
struct Estimate {
    network: String,
    parameters: usize,
    device: DeviceReport,
    batch_size: usize,
    /// Images that go through the network at once, on each device.
    at_once: usize,
    steps: usize,
    steps_per_sec: f64,
    /// Training steps alone: looks at held-out images are not in it.
    hours: f64,
    /// In the currency of the hour's price.
    cost: Option<f64>,
    /// Of this process; a GPU's own memory is not in it.
    memory_mib: Option<f64>,
    /// The largest power of two of images at once that fit in the memory that was free, on a CPU.
    largest_at_once: Option<usize>,
}

/// Measures a few steps of a run, and says what the whole of it takes.
pub fn estimate(args: &EstimateArgs) -> Result<()> {
    let config = args.recipe.config()?;
    if let Some(price) = args.hourly_price {
        ensure!(
            price.is_finite() && price >= 0.0,
            "--hourly-price {price}: write a number of at least 0"
        );
    }
    let (opened, others) = devices::open(args.device, &args.devices)?;
    eprintln!("{}", describe(&opened.report));
    let is_cpu = opened.report.kind == DeviceKind::Cpu && others.is_empty();
    let free = memory::available_mib().filter(|_| is_cpu);
    let set = config.data.set;
    let data = made_up::images(set, made_up::counts(set))?;
    let data = Resident::new(Arc::new(data), &opened.device);

    // Memory by the images at once is a line through two sizes: the smaller one first, for what is asked of
    // the system is the most so far.
    let training = &config.training;
    let share = training.batch_size.div_ceil(1 + others.len());
    let at_once = match training.micro_batch {
        0 => share,
        images => images.min(share),
    };
    let half = (at_once / 2).max(1);
    let before = match free {
        Some(_) if half < at_once => {
            steps(&config, half, 1, &data, &others)?;
            memory::peak_mib()
        }
        _ => None,
    };
    let (_, parameters) = steps(&config, at_once, 1, &data, &others)?;
    let (steps_per_sec, _) = steps(&config, at_once, args.measure as usize, &data, &others)?;
    let memory_mib = memory::peak_mib();
    let hours = config.training.steps as f64 / steps_per_sec / 3600.0;
    let line = before.zip(memory_mib).map(|(before, after)| Line {
        at: at_once as f64,
        mib: after,
        slope: (after - before) / (at_once - half) as f64,
    });
    let estimate = Estimate {
        network: config.network.name(),
        parameters,
        batch_size: config.training.batch_size,
        at_once,
        steps: config.training.steps,
        steps_per_sec,
        hours,
        cost: args.hourly_price.map(|price| price * hours),
        memory_mib,
        largest_at_once: line.zip(free).and_then(|(line, free)| line.largest(free)),
        device: opened.report,
    };
    if args.json {
        say!("{}", serde_json::to_string(&estimate)?);
    } else {
        show(&estimate, free);
    }
    Ok(())
}

/// Steps per second of a run's first steps with so many images at once, and the network's parameters.
fn steps(
    config: &RunConfig,
    at_once: usize,
    count: usize,
    data: &Resident,
    others: &[Device],
) -> Result<(f64, usize)> {
    let mut config = config.clone();
    if config.training.micro_batch == 0 {
        let batch = config.training.batch_size;
        config.training.batch_size = batch.min(at_once * (1 + others.len()));
    } else {
        config.training.micro_batch = at_once;
    }
    config.training.steps = count;
    config.training.eval_every = 0;
    config.training.patience = 0;
    config.training.keep_best = false;
    let mut parameters = 0;
    let mut trainer = Trainer::new(config, data)?;
    pollster::block_on(trainer.share(others))?;
    let began = Instant::now();
    let control = Control::default();
    let mut listen = |event| {
        if let Event::TrainingStarted(started) = event {
            parameters = started.parameters;
        }
    };
    let ran = pollster::block_on(trainer.run_steps(data, &control, &mut listen));
    ran.with_context(|| format!("a step with {at_once} images at once"))?;
    Ok((count as f64 / began.elapsed().as_secs_f64(), parameters))
}

/// Memory by the images at once.
struct Line {
    at: f64,
    mib: f64,
    slope: f64,
}

impl Line {
    /// The largest power of two that needs no more than this; none where their number made no
    /// difference that could be told.
    fn largest(&self, free_mib: f64) -> Option<usize> {
        let fits = |images: f64| self.mib + self.slope * (images - self.at) <= free_mib;
        let powers = (0..24).map(|exponent| 1_usize << exponent);
        let largest = powers.take_while(|images| fits(*images as f64)).last();
        largest.filter(|_| self.slope > 0.01)
    }
}

fn show(estimate: &Estimate, free: Option<f64>) {
    let Estimate {
        network,
        parameters,
        batch_size,
        at_once,
        steps,
        steps_per_sec,
        hours,
        cost,
        memory_mib,
        largest_at_once,
        ..
    } = estimate;
    let parted = if at_once < batch_size {
        format!(", {at_once} at once")
    } else {
        String::new()
    };
    say!("{network}, {parameters} parameters, batches of {batch_size}{parted}");
    let pace = if *steps_per_sec >= 1.0 {
        format!("{steps_per_sec:.1} steps a second")
    } else {
        format!("{:.1} seconds a step", 1.0 / steps_per_sec)
    };
    let cost = cost.map_or_else(String::new, |cost| {
        format!(", {cost:.2} by the hourly price")
    });
    say!("{pace}: {steps} steps take {}{cost}", duration(*hours));
    say!("(training alone; looks at held-out images and the last test are not in it)");
    if let Some(memory) = memory_mib {
        say!("memory: {memory:.0} MiB at most, in this process");
    }
    match (largest_at_once, free) {
        (Some(images), Some(free)) => {
            say!(
                "batch: up to {images} images at once fit in the {free:.0} MiB that were free, by powers \
                 of two (larger batches go in parts: `training.micro_batch`)"
            );
        }
        (None, Some(_)) => say!("batch: its size makes no difference in memory that could be told"),
        (_, None) => say!("batch: no graphics interface tells what memory is free; this one fits"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_batch_is_on_the_line_of_memory() {
        let line = Line {
            at: 128.0,
            mib: 1000.0,
            slope: 5.0,
        };
        // 1000 + 5 * (512 - 128) = 2920
        assert_eq!(line.largest(2920.0), Some(512));
        assert_eq!(line.largest(2919.0), Some(256));
        assert_eq!(line.largest(300.0), None);
        let flat = Line { slope: 0.0, ..line };
        assert_eq!(flat.largest(1e6), None);
    }
}
