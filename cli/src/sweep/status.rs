//! `squeeze sweep status`: what has become of every model, by its files.

use std::process::ExitCode;

use anyhow::Result;
use serde::Serialize;
use squeeze_engine::run::{self, Folder};

use super::args::StatusArgs;
use super::place::Place;
use super::state::{Phase, State};
use crate::say::say;

/// What has become of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Standing {
    /// No task was begun.
    Missing,
    /// A task is at work.
    Running,
    /// A task was killed or asked to stop; the next goes on from there.
    Stopped,
    /// Images are to be moved from a model that is not trained yet.
    Waits {
        /// The model.
        source: String,
    },
    /// The last task failed.
    Failed {
        /// Why.
        error: String,
    },
    /// Training diverged, and would again.
    Diverged {
        /// Where.
        error: String,
    },
    /// Trained and measured.
    Done,
}

impl Standing {
    /// In a word.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Waits { .. } => "waits",
            Self::Failed { .. } => "failed",
            Self::Diverged { .. } => "diverged",
            Self::Done => "done",
        }
    }

    /// What there is to say beside the word.
    fn remark(&self) -> Option<String> {
        match self {
            Self::Waits { source } => Some(format!("for `{source}`")),
            Self::Failed { error } | Self::Diverged { error } => Some(error.clone()),
            _ => None,
        }
    }
}

/// What has become of a model, and how far it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// Its place in the plan.
    pub number: usize,
    /// Its name.
    pub name: String,
    /// What has become of it.
    pub what: Standing,
    /// Training steps that are saved.
    pub steps: usize,
    /// Of so many.
    pub of_steps: usize,
    /// Columns that are measured.
    pub columns: usize,
    /// Of so many.
    pub of_columns: usize,
    /// Tasks that were begun for it.
    pub attempts: u32,
    /// Where the last one was.
    pub place: Option<String>,
}

impl Found {
    /// Nothing is to be gained by another task.
    pub fn is_settled(&self) -> bool {
        matches!(self.what, Standing::Done | Standing::Diverged { .. })
    }
}

/// What has become of the model at `number`.
///
/// # Errors
/// Names the file that is wrong.
pub fn standing(place: &Place, number: usize) -> Result<Found> {
    let planned = &place.plan.models[number];
    let table = place.table();
    let path = table.run(planned);
    let summary = match path.is_dir() {
        true => pollster::block_on(run::read_summary(&Folder::at(&path)?))?,
        false => None,
    };
    let (mut columns, mut of_columns) = (0, 0);
    for (column, cell) in place.plan.columns.iter().zip(table.cells(planned)?) {
        if !place.is_void(column)? {
            of_columns += 1;
            columns += usize::from(cell.is_some());
        }
    }
    let finished = summary.as_ref().is_some_and(|summary| summary.finished);
    let folder = place.task(planned)?;
    let state = State::read(&folder)?;
    let what = match state.as_ref().map(|state| state.phase.clone()) {
        _ if finished && columns == of_columns => Standing::Done,
        None => Standing::Missing,
        Some(_) if folder.is_held()? => Standing::Running,
        // Its plan has more columns by now.
        Some(Phase::Running | Phase::Stopped | Phase::Done) => Standing::Stopped,
        Some(Phase::Waits { source }) => Standing::Waits { source },
        Some(Phase::Failed { error, diverged }) if diverged => Standing::Diverged { error },
        Some(Phase::Failed { error, .. }) => Standing::Failed { error },
    };
    Ok(Found {
        number,
        name: planned.name.clone(),
        what,
        steps: summary.map_or(0, |summary| summary.steps),
        of_steps: planned.config.training.steps,
        columns,
        of_columns,
        attempts: state.as_ref().map_or(0, |state| state.attempts),
        place: state.map(|state| state.place),
    })
}

/// Every model of a sweep.
///
/// # Errors
/// Names the file that is wrong.
pub fn all(place: &Place) -> Result<Vec<Found>> {
    let numbers = 0..place.plan.models.len();
    numbers.map(|number| standing(place, number)).collect()
}

/// `squeeze sweep status`.
pub fn status(args: &StatusArgs) -> Result<ExitCode> {
    let place = Place::open(&args.folder)?;
    let found = all(&place)?;
    if args.json {
        for found in &found {
            say!("{}", serde_json::to_string(found)?);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let longest = found.iter().map(|found| found.name.len()).max();
    let width = longest.unwrap_or_default();
    for found in &found {
        let tasks = match found.attempts {
            0 | 1 => String::new(),
            more => format!(", {more} tasks"),
        };
        let at = found.place.as_deref().filter(|_| !found.is_settled());
        let at = at.map_or_else(String::new, |place| format!(", on {place}"));
        say!(
            "{:3}  {:width$}  {:8}  {} of {} steps, {} of {} columns{tasks}{at}",
            found.number,
            found.name,
            found.what.title(),
            found.steps,
            found.of_steps,
            found.columns,
            found.of_columns,
        );
        if let Some(remark) = found.what.remark() {
            say!("     {:width$}  {remark}", "");
        }
    }
    say!("{}", summary(&found));
    Ok(ExitCode::SUCCESS)
}

/// How many models are how far.
pub fn summary(found: &[Found]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for found in found {
        let title = found.what.title();
        match counts.iter_mut().find(|(known, _)| *known == title) {
            Some((_, count)) => *count += 1,
            None => counts.push((title, 1)),
        }
    }
    let parts: Vec<String> = counts
        .iter()
        .map(|(title, count)| format!("{count} {title}"))
        .collect();
    format!("{} models: {}", found.len(), parts.join(", "))
}
