//! `squeeze reproduce`: one of the paper's tables or figures, from a plan.

mod cells;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod committed;
mod heat;
mod histogram;
mod lines;
mod page;
pub mod plan;
mod plots;
pub mod results;
pub mod table;
pub mod work;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use squeeze_engine::control::Control;

use crate::args::ReproduceArgs;
use crate::interrupt;
use crate::model;
use crate::show::Show;
use plan::Plan;
use table::{FILES, Table};
use work::Work;

/// Where results are unless somebody says otherwise.
const OUT: &str = "reproductions";

/// Trains what is missing, measures what is missing, and writes the table.
pub fn reproduce(args: &ReproduceArgs) -> Result<ExitCode> {
    let plan = Plan::read(&args.plan)?;
    let out = match &args.out {
        Some(out) => out.clone(),
        None => Path::new(OUT).join(args.plan.file_stem().unwrap_or(args.plan.as_os_str())),
    };
    let runs = out.join("runs");
    let written = args.results.clone().unwrap_or(out);
    for folder in [&runs, &written] {
        fs::create_dir_all(folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    let mut show = Show::new(args.common.json);
    let control = Control::default();
    interrupt::stop_on_interrupt(&control)?;
    let first = plan.models[0].config.clone();
    let (first, stage) = model::begin(first, &args.common, &mut show)?;
    let table = Table {
        plan: &plan,
        runs,
        diverged: BTreeSet::new(),
    };
    let save_every = Duration::from_secs_f64(60.0 * args.save_every);
    let mut work = Work::new(table, first.data.path, save_every, stage, control, show)?;
    let whole = work.all(&written)?;
    let table = work.table();
    if !args.common.json {
        table.results(work.stage().data.data())?.print();
    }
    for name in FILES {
        let path = written.join(name);
        work.show().note(&format!("written to {}", path.display()));
    }
    if !whole {
        work.show()
            .note("stopped: the same command goes on from here");
    }
    if whole && !table.diverged.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    Ok(interrupt::status(!whole))
}
