//! `squeeze train`.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use squeeze_engine::checkpoint::Checkpoint;
use squeeze_engine::config::{RunConfig, preset};
use squeeze_engine::control::{Control, Wish};
use squeeze_engine::device::{Device, OpenDevice};
use squeeze_engine::event::{DeviceReport, Event};
use squeeze_engine::resident::Resident;
use squeeze_engine::run::{self, Folder, Run, Summary};
use squeeze_engine::train::{Host, Trainer};

use crate::args::TrainArgs;
use crate::data;
use crate::devices;
use crate::interrupt;
use crate::model::Stage;
use crate::run_dir;
use crate::say::say;
use crate::show::Show;
use crate::watch::Watch;

/// Trains into a run directory, from the beginning or from a saved state.
pub fn train(args: &TrainArgs) -> Result<ExitCode> {
    let mut show = Show::new(args.common.json);
    let mut watch = Watch::at(args.metrics)?;
    let (mut trainer, data, run) = match &args.resume {
        Some(path) => resume(args, path, &mut show)?,
        None => begin(args, &mut show)?,
    };
    let control = Control::default();
    interrupt::stop_on_interrupt(&control)?;
    let save_every = Duration::from_secs_f64(60.0 * args.save_every);
    if args.tensorboard {
        watch.write_into(Path::new(&run.folder().name()))?;
    }
    let host = Headless {
        show: &mut show,
        run,
        save_every,
        control: control.clone(),
        watch,
        failed: Ok(()),
    };
    let path = carry_out(&mut trainer, &data, host)?;
    show.note(&format!("written to {path}"));
    if trainer.is_finished() {
        show.note(&format!("next: squeeze attack {path}"));
    } else {
        show.note(&format!("to go on: squeeze train --resume {path}"));
    }
    Ok(interrupt::status(!trainer.is_finished()))
}

/// Trains to the end or to a stop, and writes everything down; gives back the run's folder.
fn carry_out(trainer: &mut Trainer, data: &Resident, mut host: Headless) -> Result<String> {
    let control = host.control.clone();
    let ended = pollster::block_on(trainer.run(data, &control, &mut host));
    let Headless {
        mut run, failed, ..
    } = host;
    pollster::block_on(run.flush())?;
    failed?;
    let path = run.folder().name();
    if let Err(error) = ended {
        let saved = pollster::block_on(run::read_summary(run.folder()))?;
        return Err(error).context(match saved {
            Some(summary) => format!(
                "the run in {path} is kept as it was saved at step {}; `squeeze train --resume {path}` goes on from there, with the same config",
                summary.steps
            ),
            None => format!(
                "nothing of the run in {path} was saved yet; `squeeze train --config {path}/config.toml` begins it anew, with other values if you give some"
            ),
        });
    }
    Ok(path)
}

/// What became of a run.
pub enum Ended {
    /// It was finished before.
    WasThere,
    /// It is finished now.
    Finished,
    /// The user stopped it; it can go on.
    Stopped,
}

/// Trains a run into a folder: from the beginning, or on from where it was left.
///
/// # Errors
/// If the folder holds a run of another config, or one that cannot go on; if training fails.
pub fn into_folder(
    config: &RunConfig,
    path: &Path,
    stage: &Stage,
    save_every: Duration,
    control: &Control,
    show: &mut Show,
) -> Result<Ended> {
    let report = &stage.opened.report;
    let (mut trainer, run) = if path.join("config.toml").is_file() {
        let folder = pollster::block_on(run_dir::existing(path)?.hold())?;
        let begun = pollster::block_on(run::read_config(&folder))?;
        same_config(config, &begun).with_context(|| {
            format!(
                "{} holds another run; move it away, or write to another folder with --out",
                path.display()
            )
        })?;
        let summary = pollster::block_on(run::read_summary(&folder))?;
        if summary.is_some_and(|summary| summary.finished) {
            return Ok(Ended::WasThere);
        }
        go_on(config, path, folder, report, &stage.data, &[])?
    } else {
        start(config, Some(path), report, &stage.data, &[])?
    };
    let host = Headless {
        show,
        run,
        save_every,
        control: control.clone(),
        watch: Watch::default(),
        failed: Ok(()),
    };
    carry_out(&mut trainer, &stage.data, host)?;
    Ok(if trainer.is_finished() {
        Ended::Finished
    } else {
        Ended::Stopped
    })
}

/// A run that begins, in a folder of its own, on the data's device and on others.
fn start(
    config: &RunConfig,
    path: Option<&Path>,
    report: &DeviceReport,
    data: &Resident,
    others: &[Device],
) -> Result<(Trainer, Run)> {
    let mut trainer = Trainer::new(config.clone(), data)?;
    pollster::block_on(trainer.share(others))?;
    let folder = run_dir::fresh(path)?;
    let run = pollster::block_on(Run::create(folder, config, report)).context("--out")?;
    Ok((trainer, run))
}

/// A run that goes on from its saved state, or from the beginning if it ended before there was one.
fn go_on(
    config: &RunConfig,
    path: &Path,
    folder: Folder,
    report: &DeviceReport,
    data: &Resident,
    others: &[Device],
) -> Result<(Trainer, Run)> {
    let (run, checkpoint) = pollster::block_on(Run::resume(folder, report))?;
    let trainer = match checkpoint {
        Some(checkpoint) => {
            same_config(config, &checkpoint.progress.config)
                .with_context(|| format!("{}/config.toml", path.display()))?;
            Trainer::resume(checkpoint, data)
        }
        None => Trainer::new(config.clone(), data),
    };
    let mut trainer =
        trainer.with_context(|| format!("the run in {} cannot go on", path.display()))?;
    pollster::block_on(trainer.share(others))?;
    Ok((trainer, run))
}

/// What became of the run in a folder, once it is finished.
///
/// # Errors
/// If its summary is wrong.
pub fn finished(path: &Path) -> Result<Option<Summary>> {
    if !path.is_dir() {
        return Ok(None);
    }
    let summary = pollster::block_on(run::read_summary(&run_dir::existing(path)?))?;
    Ok(summary.filter(|summary| summary.finished))
}

fn begin(args: &TrainArgs, show: &mut Show) -> Result<(Trainer, Resident, Run)> {
    let mut config = args.recipe.config()?;
    if let Some(path) = &args.common.data {
        config.data.path = Some(path.to_string_lossy().into_owned());
    }
    let (opened, others) = open(args, show)?;
    let data = load(&config, &opened, show)?;
    let (trainer, run) = start(&config, args.out.as_deref(), &opened.report, &data, &others)?;
    Ok((trainer, data, run))
}

fn resume(args: &TrainArgs, path: &Path, show: &mut Show) -> Result<(Trainer, Resident, Run)> {
    let folder = pollster::block_on(run_dir::existing(path)?.hold())?;
    let mut config = pollster::block_on(run::read_config(&folder))?;
    if let Some(path) = &args.common.data {
        config.data.path = Some(path.to_string_lossy().into_owned());
    }
    let summary = pollster::block_on(run::read_summary(&folder))?;
    if summary.as_ref().is_some_and(|summary| summary.finished) {
        bail!("the run in {} is finished", path.display());
    }
    let (opened, others) = open(args, show)?;
    if let Some(summary) = summary
        && (&summary.device.name, &summary.device.api) != (&opened.report.name, &opened.report.api)
    {
        eprintln!(
            "note: the run was on {} through {}; on another device its numbers may differ in the last digits",
            summary.device.name, summary.device.api
        );
    }
    let data = load(&config, &opened, show)?;
    let (trainer, run) = go_on(&config, path, folder, &opened.report, &data, &others)?;
    Ok((trainer, data, run))
}

/// A run keeps the config that it was begun with; only where its data lies may change.
///
/// # Errors
/// Names the first line that differs.
pub fn same_config(written: &RunConfig, begun: &RunConfig) -> Result<()> {
    let mut begun = begun.clone();
    begun.data.path.clone_from(&written.data.path);
    if *written == begun {
        return Ok(());
    }
    let (written, begun) = (written.to_toml()?, begun.to_toml()?);
    let differing = written.lines().zip(begun.lines()).find(|(a, b)| a != b);
    let (written, begun) = differing.unwrap_or_default();
    bail!(
        "it says `{written}`, but the run was begun with `{begun}`; put that back, or train another run with `squeeze train --config`"
    )
}

/// The device that images lie on, and others that train along.
fn open(args: &TrainArgs, show: &mut Show) -> Result<(OpenDevice, Vec<Device>)> {
    let (opened, others) = devices::open(args.common.device, &args.devices)?;
    show.event(&Event::Device(opened.report.clone()))?;
    Ok((opened, others))
}

/// Reads the run's data set and takes it to the device.
pub fn load(config: &RunConfig, opened: &OpenDevice, show: &mut Show) -> Result<Resident> {
    let data = data::load(&config.data, config.seed)?;
    show.event(&Event::Data(data.report()))?;
    Ok(Resident::new(Arc::new(data), &opened.device))
}

/// `squeeze presets`.
pub fn presets() {
    for preset in preset::all() {
        let config = &preset.config;
        say!(
            "{:36} {:10} {:6} steps  {}",
            preset.name,
            config.network.name(),
            config.training.steps,
            preset.title
        );
    }
}

/// Shows events and stores the run.
struct Headless<'a> {
    show: &'a mut Show,
    run: Run,
    save_every: Duration,
    control: Control,
    watch: Watch,
    failed: Result<()>,
}

impl Host for Headless<'_> {
    fn emit(&mut self, event: Event) {
        if self.failed.is_err() {
            return;
        }
        self.run.record(&event);
        let written = pollster::block_on(self.run.flush()).map_err(anyhow::Error::from);
        self.failed = written
            .and_then(|()| self.show.event(&event))
            .and_then(|()| self.watch.event(&event));
        if self.failed.is_err() {
            // The disk is full, say: end the run rather than train into nothing.
            self.control.set(Wish::Stop);
        }
    }

    fn save_every(&self) -> Option<Duration> {
        Some(self.save_every)
    }

    async fn save(&mut self, checkpoint: Checkpoint) -> Result<bool, String> {
        let saved = self.run.save(&checkpoint).await;
        saved.map(|()| true).map_err(|error| error.to_string())
    }
}
