//! Measures with the parts that runs and attacks are made of.

use web_time::Instant;

use super::{BenchFigures, BenchPlan, Profile};
use crate::attack::begin::{Batch, begin};
use crate::config::{ObjectiveConfig, RunConfig};
use crate::control::Control;
use crate::evaluate::{DeviceFailure, read};
use crate::event::{DeviceKind, DeviceReport, Event};
use crate::model::Model;
use crate::resident::{Resident, Source};
use crate::train::{TrainError, Trainer};

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A training step failed.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The device failed.
    #[error(transparent)]
    Device(#[from] DeviceFailure),
    /// There is nothing to profile.
    #[error("the CPU backend has no kernels to profile; ask for a GPU, or for no profile")]
    NoKernels,
    /// There is nothing to measure.
    #[error("measure at least one training step of at least one image")]
    Nothing,
}

/// Carries out a plan on the device that holds the data.
///
/// # Errors
/// [`BenchError`] if the plan does not fit the data or the device, or the device fails.
pub async fn measure(
    plan: &BenchPlan,
    data: &Resident,
    report: &DeviceReport,
) -> Result<BenchFigures, BenchError> {
    if plan.profile && report.kind == DeviceKind::Cpu {
        return Err(BenchError::NoKernels);
    }
    if plan.steps == 0 || plan.batch_size == 0 {
        return Err(BenchError::Nothing);
    }
    let mut config = RunConfig {
        network: plan.network,
        objective: ObjectiveConfig::natural(),
        ..RunConfig::default()
    };
    config.seed = data.data().split_seed.unwrap_or(config.seed);
    config.data.set = data.data().kind;
    config.training.steps = plan.steps;
    config.training.batch_size = plan.batch_size;
    config.training.held_out = 0;
    config.attack.batch_size = plan.batch_size;
    config.attack.images = plan.batch_size;
    config.attack.iterations = plan.iterations.max(1);
    let mut steps = Vec::new();
    let mut iterations = Vec::new();
    // The first round compiles kernels and fills memory pools.
    for number in 0..=plan.rounds {
        let round = round(plan, &config, data, false).await?;
        if number > 0 || plan.rounds == 0 {
            steps.push(round.step.0);
            iterations.extend(round.iteration.map(|(ms, _)| ms));
        }
    }
    let profiled = if plan.profile {
        Some(round(plan, &config, data, true).await?)
    } else {
        None
    };
    let (training_step, pgd_iteration) = match profiled {
        Some(round) => (
            round.step.1,
            round.iteration.and_then(|(_, profile)| profile),
        ),
        None => (None, None),
    };
    Ok(BenchFigures {
        network: plan.network,
        device: format!("{} through {}", report.name, report.api),
        batch_size: plan.batch_size,
        ms_per_training_step: median(&mut steps).ok_or(BenchError::Nothing)?,
        ms_per_pgd_iteration: median(&mut iterations),
        training_step,
        pgd_iteration,
    })
}

/// Milliseconds of a step and of an iteration, and their kernels.
struct Round {
    step: (f64, Option<Profile>),
    iteration: Option<(f64, Option<Profile>)>,
}

async fn round(
    plan: &BenchPlan,
    config: &RunConfig,
    data: &Resident,
    is_watched: bool,
) -> Result<Round, BenchError> {
    let mut trainer = Trainer::new(config.clone(), data)?;
    let mut steps_per_sec = None;
    let control = Control::default();
    // Moments are made at the first step, which has some launches more.
    let watch = Watch::begin(is_watched);
    trainer
        .run_steps(data, &control, &mut |event| {
            if let Event::Steps(steps) = event {
                steps_per_sec = Some(steps.steps_per_sec);
            }
        })
        .await?;
    let profile = watch.finish(plan.steps).await;
    let step = (1e3 / steps_per_sec.ok_or(BenchError::Nothing)?, profile);
    if plan.iterations == 0 {
        let iteration = None;
        return Ok(Round { step, iteration });
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
    read(attack.worst().scores).await?;
    let watch = Watch::begin(is_watched);
    let began = Instant::now();
    for _ in 0..plan.iterations {
        attack.step(&|images| model.logits(images));
    }
    read(attack.worst().scores).await?;
    let ms = began.elapsed().as_secs_f64() * 1e3 / plan.iterations as f64;
    let profile = watch.finish(plan.iterations).await;
    Ok(Round {
        step,
        iteration: Some((ms, profile)),
    })
}

/// Watches launches, if that is wanted and there is a GPU to launch on.
struct Watch {
    #[cfg(feature = "gpu")]
    profiler: Option<super::profiler::Profiler>,
}

impl Watch {
    fn begin(is_wanted: bool) -> Self {
        let _ = is_wanted;
        Self {
            #[cfg(feature = "gpu")]
            profiler: is_wanted.then(super::profiler::Profiler::begin),
        }
    }

    /// What one of `count` rounds took.
    async fn finish(self, count: usize) -> Option<Profile> {
        let _ = count;
        #[cfg(feature = "gpu")]
        if let Some(profiler) = self.profiler {
            return Some(profiler.finish().await.per(count));
        }
        None
    }
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
