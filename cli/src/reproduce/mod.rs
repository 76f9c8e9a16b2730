//! `squeeze reproduce`: one of the paper's tables or figures, from a plan.

mod cells;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod committed;
mod heat;
mod histogram;
mod lines;
mod page;
mod plan;
mod plots;
mod results;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use squeeze_engine::control::{Control, Wish};
use squeeze_engine::run::{Folder, read_report};
use squeeze_engine::train::TrainError;
use squeeze_engine::verdict::html::standalone;

use crate::args::ReproduceArgs;
use crate::interrupt;
use crate::model::{self, Source, Stage, Trained};
use crate::show::Show;
use crate::train;
use cells::{Cell, Cells, Measuring, settings};
use plan::{Plan, PlannedModel, What};
use plots::plots;
use results::{Results, Row};

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
    let table = args.results.clone().unwrap_or(out);
    for folder in [&runs, &table] {
        fs::create_dir_all(folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    let mut show = Show::new(args.common.json);
    let control = Control::default();
    interrupt::stop_on_interrupt(&control)?;
    let first = plan.models[0].config.clone();
    let (first, stage) = model::begin(first, &args.common, &mut show)?;
    let mut work = Work {
        plan: &plan,
        runs,
        data: first.data.path,
        save_every: Duration::from_secs_f64(60.0 * args.save_every),
        stage,
        control,
        show,
        began: Instant::now(),
        done: 0,
        reused: 0,
        diverged: BTreeSet::new(),
    };
    work.check()?;
    let whole = work.all(&table)?;
    if !args.common.json {
        work.results()?.print();
    }
    for name in ["results.csv", "results.json", "index.html"] {
        work.show
            .note(&format!("written to {}", table.join(name).display()));
    }
    if !whole {
        work.show
            .note("stopped: the same command goes on from here");
    }
    if whole && !work.diverged.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    Ok(interrupt::status(!whole))
}

/// Whether it is that training diverged: it would again, however often it is tried.
fn has_diverged(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(TrainError::Diverged { .. }))
}

struct Work<'a> {
    plan: &'a Plan,
    runs: PathBuf,
    data: Option<String>,
    save_every: Duration,
    stage: Stage,
    control: Control,
    show: Show,
    began: Instant,
    /// Trainings and measurements that are over, those that were there already among them.
    done: usize,
    reused: usize,
    /// Places of the models whose training diverged: they have no figures, the others go on.
    diverged: BTreeSet<usize>,
}

impl Work<'_> {
    /// Every attack is one for this data, before hours go into training.
    fn check(&self) -> Result<()> {
        let classes = self.stage.data.data().classes.len();
        for planned in &self.plan.models {
            for column in &self.plan.columns {
                let attack = column.attack(&planned.config)?;
                attack.validate_for(classes).with_context(|| {
                    format!("model `{}`, column `{}`", planned.name, column.name)
                })?;
            }
        }
        Ok(())
    }

    /// The images of a column come from a model whose training diverged.
    fn has_diverged_source(&self, column: &plan::Column) -> bool {
        let models = self.plan.models.iter().enumerate();
        let mut diverged = models.filter(|(number, _)| self.diverged.contains(number));
        let source = self.plan.source(column).map(|source| &source.name);
        source.is_some_and(|source| diverged.any(|(_, model)| model.name == *source))
    }

    /// Models one after the other; after each the table as it stands is written. False if the user
    /// stopped it.
    fn all(&mut self, out: &Path) -> Result<bool> {
        for (number, planned) in self.plan.models.iter().enumerate() {
            let whole = self
                .model(number, planned)
                .with_context(|| format!("model `{}`", planned.name));
            let whole = match whole {
                Err(error) if has_diverged(&error) => {
                    self.diverged.insert(number);
                    self.show.note(&format!("left out: {error:#}"));
                    true
                }
                whole => whole?,
            };
            self.write(out)?;
            if !whole {
                return Ok(false);
            }
        }
        // Images are moved once all models are there.
        for (number, planned) in self.plan.models.iter().enumerate() {
            let is_moved = |column: &&plan::Column| matches!(column.what, What::Transfer(..));
            for column in self.plan.columns.iter().filter(is_moved) {
                if self.diverged.contains(&number) || self.has_diverged_source(column) {
                    continue;
                }
                let moved = self.cell(number, planned, column);
                if !moved.with_context(|| format!("model `{}`", planned.name))? {
                    self.write(out)?;
                    return Ok(false);
                }
            }
        }
        self.write(out)?;
        Ok(true)
    }

    /// Trains a model and measures it; false if the user stopped it.
    fn model(&mut self, number: usize, planned: &PlannedModel) -> Result<bool> {
        self.say(number, &format!("{}: training", planned.title));
        let path = self.runs.join(&planned.name);
        let mut config = planned.config.clone();
        config.data.path.clone_from(&self.data);
        let trained = train::into_folder(
            &config,
            &path,
            &self.stage,
            self.save_every,
            &self.control,
            &mut self.show,
        )?;
        match trained {
            train::Ended::Stopped => return Ok(false),
            train::Ended::WasThere => self.reused += 1,
            train::Ended::Finished => {}
        }
        self.done += 1;
        for column in &self.plan.columns {
            if !matches!(column.what, What::Transfer(..)) && !self.cell(number, planned, column)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Measures a column of a model, if it is missing; false if the user stopped it.
    fn cell(
        &mut self,
        number: usize,
        planned: &PlannedModel,
        column: &plan::Column,
    ) -> Result<bool> {
        let path = self.runs.join(&planned.name);
        let mut cells = Cells::read(&path)?;
        let settings = self.settings(planned, column)?;
        if cells.get(&column.name, &settings).is_some() {
            self.done += 1;
            self.reused += 1;
            return Ok(true);
        }
        if self.control.wish() == Wish::Stop {
            return Ok(false);
        }
        self.say(number, &format!("{}: {}", planned.title, column.name));
        let trained = self.trained(planned)?;
        let source = self.plan.source(column);
        let source = source.map(|source| self.trained(source)).transpose()?;
        let measuring = Measuring {
            trained: &trained,
            stage: &self.stage,
            source: source.as_ref(),
        };
        let cell = measuring
            .measure(column, &self.control, &mut self.show)
            .with_context(|| format!("column `{}`", column.name))?;
        let Some(cell) = cell else {
            return Ok(false);
        };
        cells.put(&column.name, cell)?;
        self.done += 1;
        Ok(true)
    }

    /// All that a column of a model depends on.
    fn settings(&self, planned: &PlannedModel, column: &plan::Column) -> Result<String> {
        let source = self.plan.source(column);
        settings(&planned.config, column, source.map(|source| &source.config))
    }

    fn trained(&mut self, planned: &PlannedModel) -> Result<Trained> {
        let source = Source::Run(self.runs.join(&planned.name));
        model::fill(&source, planned.config.clone(), &self.stage, &mut self.show)
    }

    /// How far it is, and for how long yet.
    fn say(&self, number: usize, what: &str) {
        let total = self.plan.models.len() * (1 + self.plan.columns.len());
        let fresh = self.done - self.reused;
        // What was there already says nothing of the time that the rest takes.
        let left = match fresh {
            0 => String::new(),
            fresh => {
                let each = self.began.elapsed().as_secs_f64() / fresh as f64;
                let minutes = each * (total - self.done) as f64 / 60.0;
                format!(", about {minutes:.0} min left")
            }
        };
        self.show.note(&format!(
            "[model {} of {}, {} of {total} done{left}] {what}",
            number + 1,
            self.plan.models.len(),
            self.done
        ));
    }

    /// All that is measured so far.
    fn results(&self) -> Result<Results<'_>> {
        let rows = self
            .plan
            .models
            .iter()
            .enumerate()
            .map(|(number, planned)| {
                let path = self.runs.join(&planned.name);
                let cells = Cells::read(&path)?;
                let found = self.plan.columns.iter().map(|column| {
                    let settings = self.settings(planned, column)?;
                    Ok(cells.get(&column.name, &settings).cloned())
                });
                let cells = found.collect::<Result<Vec<Option<Cell>>>>()?;
                let is_judged = |cell: &Cell| cell.verdict.is_some();
                let report = match cells.iter().flatten().any(is_judged) {
                    true => pollster::block_on(read_report(&Folder::at(&path)?))?,
                    false => None,
                };
                Ok(Row {
                    planned,
                    training: train::finished(&path)?,
                    diverged: self.diverged.contains(&number),
                    cells,
                    report,
                })
            })
            .collect::<Result<_>>()?;
        Ok(Results {
            plan: self.plan,
            data: self.stage.data.data(),
            rows,
        })
    }

    fn write(&self, out: &Path) -> Result<()> {
        let results = self.results()?;
        let plots = plots(&results);
        let plots = plots
            .iter()
            .map(|plot| (plot.file(), standalone(&plot.svg, page::STYLE)));
        let files = [
            ("results.csv".to_owned(), results.csv()),
            ("results.json".to_owned(), results.json()?),
            ("index.html".to_owned(), page::html(&results)),
        ];
        for (name, text) in files.into_iter().chain(plots) {
            let path = out.join(name);
            fs::write(&path, text)
                .with_context(|| format!("{} cannot be written", path.display()))?;
        }
        Ok(())
    }
}
