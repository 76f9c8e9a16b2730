//! `squeeze sweep`: the models of a plan, each a task of its own, on one machine or on a cluster.
//!
//! A task is what `squeeze reproduce` does for one model, in a folder that all tasks share: it may be killed
//! at any time, and the next one for the model goes on from there. The folder's files are all that tasks know
//! of each other.

mod args;
mod collect;
mod command;
mod kubernetes;
mod local;
mod parquet;
mod place;
mod slurm;
mod state;
mod status;
mod task;
mod tidy;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use squeeze_engine::control::{Control, Wish};

pub use args::SweepArgs;

use crate::interrupt;
use crate::say::say;
use args::{On, StartArgs, SweepCommand};
use place::Place;
use status::Standing;

/// Where sweeps are unless somebody says otherwise.
const OUT: &str = "sweeps";

/// `squeeze sweep`.
pub fn sweep(args: &SweepArgs) -> Result<ExitCode> {
    match &args.command {
        Some(SweepCommand::Status(args)) => status::status(args),
        Some(SweepCommand::Collect(args)) => collect::collect(args),
        Some(SweepCommand::Task(args)) => task::task(args),
        None => start(&args.start),
    }
}

/// Begins a sweep, or goes on with it.
fn start(args: &StartArgs) -> Result<ExitCode> {
    let plan = args.plan.as_ref().context("name a plan")?;
    check(args)?;
    let out = match &args.out {
        Some(out) => out.clone(),
        None => {
            let name = plan.file_stem().context("the plan has no name")?;
            Path::new(OUT).join(name)
        }
    };
    let place = Place::make(plan, &out)?;
    let numbers = task::wanted(&place, &args.cells, args.on != On::Local)?;
    let shown = out.display();
    if numbers.is_empty() {
        say!("nothing is left to begin; next: squeeze sweep collect {shown}");
        return Ok(ExitCode::SUCCESS);
    }
    match args.on {
        On::Local => return here(&place, &numbers, args),
        On::Slurm => slurm::submit(&place, &numbers, args)?,
        On::Kubernetes => kubernetes::submit(&place, &numbers, args)?,
    }
    say!("next: squeeze sweep status {shown}, and squeeze sweep collect {shown} in the end");
    Ok(ExitCode::SUCCESS)
}

/// Carries the tasks out on this machine, and once more those that waited for another's model.
fn here(place: &Place, numbers: &[usize], args: &StartArgs) -> Result<ExitCode> {
    let control = Control::default();
    interrupt::stop_on_interrupt(&control)?;
    local::run(place, numbers, args, &control)?;
    let found = status::all(place)?;
    let waits = |number: &usize| matches!(found[*number].what, Standing::Waits { .. });
    let again: Vec<usize> = numbers.iter().copied().filter(waits).collect();
    if !again.is_empty() && again.len() < numbers.len() {
        local::run(place, &again, args, &control)?;
    }
    if control.wish() == Wish::Stop {
        say!("stopped: the same command goes on from here");
        return Ok(interrupt::status(true));
    }
    let found = status::all(place)?;
    say!("{}", status::summary(&found));
    let left = numbers.iter().map(|number| &found[*number]);
    let left = left.filter(|found| !found.is_settled());
    let left: Vec<&str> = left.map(|found| found.name.as_str()).collect();
    let shown = place.folder.display();
    if left.is_empty() {
        say!("next: squeeze sweep collect {shown}");
        return Ok(ExitCode::SUCCESS);
    }
    say!(
        "not done: {}; why: squeeze sweep status {shown}",
        left.join(", ")
    );
    Ok(ExitCode::FAILURE)
}

/// Whether what is said goes with where the tasks run.
fn check(args: &StartArgs) -> Result<()> {
    let for_kubernetes = [
        ("--image", args.image.is_some()),
        ("--claim", args.claim.is_some()),
        ("--namespace", args.namespace.is_some()),
        ("--gpus", args.gpus > 0),
    ];
    for (flag, is_given) in for_kubernetes {
        ensure!(
            !is_given || args.on == On::Kubernetes,
            "{flag} is for --on kubernetes; leave it out"
        );
    }
    ensure!(
        args.sbatch.is_empty() || args.on == On::Slurm,
        "--sbatch is for --on slurm; leave it out"
    );
    ensure!(
        !args.dry_run || args.on != On::Local,
        "--dry-run: on this machine nothing is submitted; `squeeze sweep status` tells what would be done"
    );
    Ok(())
}
