//! `squeeze train`.

use std::fs;

use anyhow::{Context, Result};
use serde::Serialize;
use squeeze_engine::config::RunConfig;
use squeeze_engine::control::Control;
use squeeze_engine::device;
use squeeze_engine::event::{DeviceReport, Evaluation, Event, StepMetrics};
use squeeze_engine::network::weights;
use squeeze_engine::train::{Outcome, Trainer};

use crate::args::TrainArgs;
use crate::data;
use crate::interrupt::stop_on_interrupt;
use crate::run_dir::{Metrics, RunDir};
use crate::show::Show;

/// Trains and writes the run directory.
pub fn train(args: &TrainArgs) -> Result<()> {
    let config = args.over(base_config(args)?);
    config.validate()?;
    let mut show = Show::new(args.common.json);
    let opened = pollster::block_on(device::open(args.common.device))?;
    show.event(&Event::Device(opened.report.clone()))?;
    let data = data::load(&data::mnist_at(args.common.data.as_deref()), config.seed)?;
    show.event(&Event::Data(data.report()))?;

    let mut trainer = Trainer::new(config.clone(), &data, &opened.device)?;
    let directory = RunDir::create(args.out.as_deref(), &config)?;
    let mut metrics = directory.metrics()?;
    let control = Control::default();
    stop_on_interrupt(&control)?;

    let mut last_evaluation = None;
    let mut failed = Ok(());
    let outcome = pollster::block_on(trainer.run(&data, &control, &mut |event| {
        if failed.is_ok() {
            failed = take(&event, &mut metrics, &mut last_evaluation, &mut show);
            if failed.is_err() {
                // The disk is full, say: end the run rather than train into nothing.
                control.set(squeeze_engine::control::Wish::Stop);
            }
        }
    }));
    metrics.flush()?;
    failed?;
    let outcome = outcome?;

    directory.write_model(&pollster::block_on(weights::collect(trainer.network()))?)?;
    let (finished, seconds) = match outcome {
        Outcome::Finished(summary) => (true, Some(summary.seconds)),
        Outcome::Paused | Outcome::Stopped => (false, None),
    };
    directory.write_summary(&Summary {
        finished,
        steps: trainer.step(),
        test: last_evaluation,
        seconds,
        device: opened.report,
        version: env!("CARGO_PKG_VERSION"),
    })?;
    let path = directory.path().display();
    show.note(&format!("written to {path}"));
    show.note(&format!("next: squeeze attack {path}"));
    Ok(())
}

/// `summary.json`.
#[derive(Serialize)]
struct Summary {
    /// Every step was done.
    finished: bool,
    steps: usize,
    /// The last evaluation: of the whole test set if the run finished.
    test: Option<Evaluation>,
    seconds: Option<f64>,
    device: DeviceReport,
    version: &'static str,
}

fn base_config(args: &TrainArgs) -> Result<RunConfig> {
    let Some(path) = &args.config else {
        return Ok(RunConfig::default());
    };
    let text = fs::read_to_string(path)
        .with_context(|| format!("the config {} cannot be read", path.display()))?;
    RunConfig::from_toml(&text).with_context(|| format!("in {}", path.display()))
}

/// A line of `metrics.jsonl`.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'a> {
    Step(&'a StepMetrics),
    Evaluation(&'a Evaluation),
}

fn take(
    event: &Event,
    metrics: &mut Metrics,
    last_evaluation: &mut Option<Evaluation>,
    show: &mut Show,
) -> Result<()> {
    match event {
        Event::Steps(steps) => {
            for step in &steps.steps {
                metrics.write(&Line::Step(step))?;
            }
        }
        Event::Evaluation(evaluation) => {
            metrics.write(&Line::Evaluation(evaluation))?;
            *last_evaluation = Some(*evaluation);
        }
        _ => {}
    }
    show.event(event)
}
