//! [`Work`]: training and measuring what a table lacks.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use squeeze_engine::control::{Control, Wish};
use squeeze_engine::train::TrainError;

use super::cells::{Cells, Measuring};
use super::plan::{Column, PlannedModel, What};
use super::table::{Table, write};
use crate::model::{self, Source, Stage, Trained};
use crate::show::Show;
use crate::train;

/// Whether it is that training diverged: it would again, however often it is tried.
pub fn has_diverged(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(TrainError::Diverged { .. }))
}

/// How far the work on one model came.
#[derive(Debug, PartialEq, Eq)]
pub enum Came {
    /// Everything is there.
    Through,
    /// The user stopped it.
    Stopped,
    /// Images are to be moved from this model, which is not trained yet.
    WaitsFor(String),
}

/// Trains and measures what a table lacks.
pub struct Work<'a> {
    table: Table<'a>,
    /// Where the images are, if that was said.
    data: Option<String>,
    save_every: Duration,
    stage: Stage,
    control: Control,
    show: Show,
    began: Instant,
    /// Trainings and measurements that are to be there in the end.
    total: usize,
    /// Those that are over, those that were there already among them.
    done: usize,
    reused: usize,
}

impl<'a> Work<'a> {
    /// Work on a table, on a stage; checks every attack before hours go into training.
    ///
    /// # Errors
    /// Names the model and the column that are none for this data.
    pub fn new(
        table: Table<'a>,
        data: Option<String>,
        save_every: Duration,
        stage: Stage,
        control: Control,
        show: Show,
    ) -> Result<Self> {
        let classes = stage.data.data().classes.len();
        let plan = table.plan;
        for planned in &plan.models {
            for column in &plan.columns {
                let attack = column.attack(&planned.config)?;
                attack.validate_for(classes).with_context(|| {
                    format!("model `{}`, column `{}`", planned.name, column.name)
                })?;
            }
        }
        Ok(Self {
            total: plan.models.len() * (1 + plan.columns.len()),
            table,
            data,
            save_every,
            stage,
            control,
            show,
            began: Instant::now(),
            done: 0,
            reused: 0,
        })
    }

    /// The table.
    pub fn table(&self) -> &Table<'a> {
        &self.table
    }

    /// Its device and data.
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// Where things are said.
    pub fn show(&self) -> &Show {
        &self.show
    }

    /// Models one after the other; after each the table as it stands is written. False if the user
    /// stopped it.
    ///
    /// # Errors
    /// If something fails, but not if training diverges: that model is left out.
    pub fn all(&mut self, out: &Path) -> Result<bool> {
        let plan = self.table.plan;
        for (number, planned) in plan.models.iter().enumerate() {
            let whole = self
                .model(number, planned)
                .with_context(|| format!("model `{}`", planned.name));
            let whole = match whole {
                Err(error) if has_diverged(&error) => {
                    self.table.diverged.insert(number);
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
        for (number, planned) in plan.models.iter().enumerate() {
            for column in plan.columns.iter().filter(|column| is_moved(column)) {
                let diverged = &self.table.diverged;
                if diverged.contains(&number) || self.has_diverged_source(column) {
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

    /// One model alone; images are moved to it if the model that they are made on is there.
    ///
    /// # Errors
    /// If something fails, and if training diverges ([`has_diverged`]).
    pub fn only(&mut self, number: usize) -> Result<Came> {
        let plan = self.table.plan;
        self.total = 1 + plan.columns.len();
        let planned = &plan.models[number];
        if !self.model(number, planned)? {
            return Ok(Came::Stopped);
        }
        let mut came = Came::Through;
        for column in plan.columns.iter().filter(|column| is_moved(column)) {
            if self.has_diverged_source(column) {
                continue;
            }
            if let Some(source) = plan.source(column)
                && train::finished(&self.table.run(source))?.is_none()
            {
                came = Came::WaitsFor(source.name.clone());
            } else if !self.cell(number, planned, column)? {
                return Ok(Came::Stopped);
            }
        }
        Ok(came)
    }

    /// The images of a column come from a model whose training diverged.
    fn has_diverged_source(&self, column: &Column) -> bool {
        let models = self.table.plan.models.iter().enumerate();
        let mut diverged = models.filter(|(number, _)| self.table.diverged.contains(number));
        let source = self.table.plan.source(column).map(|source| &source.name);
        source.is_some_and(|source| diverged.any(|(_, model)| model.name == *source))
    }

    /// Trains a model and measures it; false if the user stopped it.
    fn model(&mut self, number: usize, planned: &PlannedModel) -> Result<bool> {
        self.say(number, &format!("{}: training", planned.title));
        let mut config = planned.config.clone();
        config.data.path.clone_from(&self.data);
        let trained = train::into_folder(
            &config,
            &self.table.run(planned),
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
        let columns = self.table.plan.columns.iter();
        for column in columns.filter(|column| !is_moved(column)) {
            if !self.cell(number, planned, column)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Measures a column of a model, if it is missing; false if the user stopped it.
    fn cell(&mut self, number: usize, planned: &PlannedModel, column: &Column) -> Result<bool> {
        if self.table.has(planned, column)? {
            self.done += 1;
            self.reused += 1;
            return Ok(true);
        }
        if self.control.wish() == Wish::Stop {
            return Ok(false);
        }
        self.say(number, &format!("{}: {}", planned.title, column.name));
        let trained = self.trained(planned)?;
        let source = self.table.plan.source(column);
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
        Cells::read(&self.table.run(planned))?.put(&column.name, cell)?;
        self.done += 1;
        Ok(true)
    }

    fn trained(&mut self, planned: &PlannedModel) -> Result<Trained> {
        let source = Source::Run(self.table.run(planned));
        model::fill(&source, planned.config.clone(), &self.stage, &mut self.show)
    }

    /// How far it is, and for how long yet.
    fn say(&self, number: usize, what: &str) {
        let fresh = self.done - self.reused;
        // What was there already says nothing of the time that the rest takes.
        let left = match fresh {
            0 => String::new(),
            fresh => {
                let each = self.began.elapsed().as_secs_f64() / fresh as f64;
                let minutes = each * (self.total - self.done) as f64 / 60.0;
                format!(", about {minutes:.0} min left")
            }
        };
        self.show.note(&format!(
            "[model {} of {}, {} of {} done{left}] {what}",
            number + 1,
            self.table.plan.models.len(),
            self.done,
            self.total
        ));
    }

    fn write(&self, out: &Path) -> Result<()> {
        write(&self.table.results(self.stage.data.data())?, out)
    }
}

/// Its images are made on another model.
pub fn is_moved(column: &Column) -> bool {
    matches!(column.what, What::Transfer(..))
}
