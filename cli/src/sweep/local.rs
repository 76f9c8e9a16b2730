//! A sweep on this machine: a process a task.

use std::collections::VecDeque;
use std::fs::OpenOptions;
use std::num::NonZero;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use squeeze_engine::control::{Control, Wish};

use super::args::StartArgs;
use super::command::words;
use super::place::Place;
use super::status::standing;
use crate::say::say;

/// How long to wait between two looks at a process.
const LOOK: Duration = Duration::from_millis(50);

/// Carries the tasks out, some at a time, until the user stops it.
///
/// # Errors
/// If a task cannot be begun. One that fails does not keep others from being done.
pub fn run(place: &Place, numbers: &[usize], args: &StartArgs, control: &Control) -> Result<()> {
    let jobs = (args.jobs.unwrap_or(1) as usize).min(numbers.len()).max(1);
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = (cores / jobs).max(1);
    let left: Mutex<VecDeque<usize>> = Mutex::new(numbers.iter().copied().collect());
    let next = || left.lock().ok()?.pop_front();
    let worker = || -> Result<()> {
        while control.wish() != Wish::Stop
            && let Some(number) = next()
        {
            let planned = &place.plan.models[number];
            say!(
                "{}: begun, its words are in {}",
                planned.title,
                place.log(number).display()
            );
            let ended = one(place, number, args, threads, control)
                .with_context(|| format!("model `{}`", planned.name))?;
            let found = standing(place, number)?;
            say!("{}: {} ({ended})", planned.title, found.what.title());
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(worker)).collect();
        let ended = workers.into_iter().map(|worker| worker.join());
        let ended: Vec<_> = ended.collect();
        ended.into_iter().try_for_each(|ended| match ended {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })
}

/// Carries one task out.
fn one(
    place: &Place,
    number: usize,
    args: &StartArgs,
    threads: usize,
    control: &Control,
) -> Result<ExitStatus> {
    let log = place.log(number);
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&log)
        .with_context(|| log.display().to_string())?;
    let words = words(place, args)?;
    let (program, words) = words.split_first().context("there is no program")?;
    let mut command = Command::new(program);
    command
        .args(words)
        .arg("--number")
        .arg(number.to_string())
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    if std::env::var_os("RAYON_NUM_THREADS").is_none() {
        command.env("RAYON_NUM_THREADS", threads.to_string());
    }
    // A terminal's Ctrl-C comes to this program alone, which hands it on once.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().with_context(|| program.clone())?;
    let mut has_asked = false;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if control.wish() == Wish::Stop && !has_asked {
            ask_to_stop(&mut child)?;
            has_asked = true;
        }
        thread::sleep(LOOK);
    }
}

/// Has a task end at its next edge and keep what it has done.
#[cfg(unix)]
fn ask_to_stop(child: &mut Child) -> Result<()> {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    Ok(kill(
        Pid::from_raw(child.id().try_into()?),
        Signal::SIGTERM,
    )?)
}

/// Ends a task; what it has not saved is done again.
#[cfg(not(unix))]
fn ask_to_stop(child: &mut Child) -> Result<()> {
    Ok(child.kill()?)
}
