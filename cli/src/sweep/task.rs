//! `squeeze sweep task`: one model of a sweep, trained and measured.

use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use squeeze_engine::control::{Control, Wish};
use squeeze_engine::run::{Folder, StoreError};

use super::args::TaskArgs;
use super::place::Place;
use super::state::{Phase, State};
use super::status::{Standing, standing};
use crate::interrupt;
use crate::model;
use crate::reproduce::work::{Came, Work, has_diverged};
use crate::show::Show;

/// Exit status where training diverged: it would again, so that a cluster need not try (that of wrong data
/// in `sysexits.h`).
pub const DIVERGED: u8 = 65;

/// How long to wait between two looks at whether another task has let go of the model.
const LOOK: Duration = Duration::from_millis(500);

/// Trains and measures what is missing of one model.
pub fn task(args: &TaskArgs) -> Result<ExitCode> {
    let place = match &args.plan {
        Some(plan) => Place::with(plan, &args.folder)?,
        None => Place::open(&args.folder)?,
    };
    let number = number(args)?;
    let models = &place.plan.models;
    let planned = models.get(number).with_context(|| {
        format!(
            "--number {number}: the plan has {} models, from 0 on",
            models.len()
        )
    })?;
    let mut show = Show::new(args.common.json);
    let control = Control::default();
    interrupt::stop_on_interrupt(&control)?;
    let Some(folder) = hold(&place.task(planned)?, &control, &show)? else {
        return Ok(interrupt::status(true));
    };
    let found = standing(&place, number)?;
    if matches!(found.what, Standing::Done) {
        show.note(&format!("{}: all is there", planned.title));
        return Ok(ExitCode::SUCCESS);
    }
    if place.has_diverged(planned)? {
        show.note(&format!(
            "{}: training diverged before, and would again",
            planned.title
        ));
        return Ok(ExitCode::from(DIVERGED));
    }
    let state = State::begin(&folder)?;
    let came = work(args, &place, number, &control, &mut show);
    let (phase, result) = match came {
        Ok(Came::Through) => (Phase::Done, Ok(ExitCode::SUCCESS)),
        Ok(Came::Stopped) => (Phase::Stopped, Ok(interrupt::status(true))),
        Ok(Came::WaitsFor(source)) => {
            show.note(&format!(
                "{}: done, but for images that are to be moved from `{source}`, which is not trained yet",
                planned.title
            ));
            (Phase::Waits { source }, Ok(ExitCode::SUCCESS))
        }
        Err(error) => {
            let error = error.context(format!("model `{}`", planned.name));
            let diverged = has_diverged(&error);
            let phase = Phase::Failed {
                error: format!("{error:#}"),
                diverged,
            };
            if diverged {
                eprintln!("error: {error:#}");
                (phase, Ok(ExitCode::from(DIVERGED)))
            } else {
                (phase, Err(error))
            }
        }
    };
    match (state.end(&folder, phase), result) {
        (Ok(()), result) => result,
        (Err(ended), Ok(_)) => Err(ended),
        (Err(ended), Err(error)) => Err(error.context(format!("{ended:#}"))),
    }
}

fn number(args: &TaskArgs) -> Result<usize> {
    if args.of.is_empty() {
        return Ok(args.number);
    }
    let number = args.of.get(args.number);
    let number = number.with_context(|| {
        format!(
            "--number {}: --of has {} numbers, counted from 0",
            args.number,
            args.of.len()
        )
    });
    Ok(*number?)
}

/// Holds a model, once no other task has it; none if the user stopped it.
fn hold(folder: &Folder, control: &Control, show: &Show) -> Result<Option<Folder>> {
    let mut has_said = false;
    loop {
        match pollster::block_on(folder.clone().hold()) {
            Ok(held) => return Ok(Some(held)),
            Err(StoreError::Held(name)) => {
                if !has_said {
                    show.note(&format!(
                        "another task works on {name}; this one waits until it ends"
                    ));
                    has_said = true;
                }
            }
            Err(error) => return Err(error.into()),
        }
        if control.wish() == Wish::Stop {
            return Ok(None);
        }
        sleep(LOOK);
    }
}

fn work(
    args: &TaskArgs,
    place: &Place,
    number: usize,
    control: &Control,
    show: &mut Show,
) -> Result<Came> {
    let config = place.plan.models[number].config.clone();
    let (config, stage) = model::begin(config, &args.common, show)?;
    let show = Show::new(args.common.json);
    let save_every = Duration::from_secs_f64(60.0 * args.save_every);
    let (mut table, control) = (place.table(), control.clone());
    table.diverged = place.diverged()?;
    let mut work = Work::new(table, config.data.path, save_every, stage, control, show)?;
    work.only(number)
}

/// The numbers of the models that a sweep is to go on with: those that are named, or all that are left, without
/// those that a task works on already where that is asked for.
///
/// # Errors
/// Names the model that the plan has not.
pub fn wanted(place: &Place, names: &[String], but_running: bool) -> Result<Vec<usize>> {
    let models = &place.plan.models;
    if names.is_empty() {
        let all = (0..models.len()).map(|number| Ok((number, standing(place, number)?)));
        let all = all.collect::<Result<Vec<_>>>()?;
        let left = all.into_iter().filter(|(_, found)| {
            !(found.is_settled() || but_running && found.what == Standing::Running)
        });
        return Ok(left.map(|(number, _)| number).collect());
    }
    let mut numbers = Vec::new();
    for name in names {
        let number = models.iter().position(|model| model.name == *name);
        let number = number.with_context(|| {
            format!("--cells: the plan has no model `{name}`; `squeeze sweep status` lists them")
        })?;
        ensure!(
            !numbers.contains(&number),
            "--cells: `{name}` stands there twice"
        );
        numbers.push(number);
    }
    Ok(numbers)
}
