//! [`Place`]: the folder of a sweep.
//!
//! `plan.toml` is the plan, `runs/NAME` the run directory of each model with its measurements, as
//! `squeeze reproduce` has them, `tasks/NAME/state.json` what became of its task, `logs/NUMBER.log` what the
//! task said.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use squeeze_engine::run::{Folder, StoreError, read_config};

use super::state::State;
use crate::reproduce::plan::{Column, Plan, PlannedModel};
use crate::reproduce::table::Table;
use crate::train::same_config;

const PLAN: &str = "plan.toml";

/// The folder of a sweep, and its plan.
pub struct Place {
    /// The folder, from the root on.
    pub folder: PathBuf,
    /// The plan.
    pub plan: Plan,
}

impl Place {
    /// The folder of a sweep of this plan, which is made if it is not there. The plan may have got other
    /// columns and more models behind the others since it was begun: tasks know models by their places.
    ///
    /// # Errors
    /// Names the plan if it is wrong, or if the folder is that of another.
    pub fn make(plan: &Path, folder: &Path) -> Result<Self> {
        let read = Plan::read(plan)?;
        let text = fs::read(plan).with_context(|| plan.display().to_string())?;
        let kept = folder.join(PLAN);
        if kept.is_file() {
            let before = Plan::read(&kept)?;
            let names = |plan: &Plan| -> Vec<String> {
                let models = plan.models.iter();
                models.map(|model| model.name.clone()).collect()
            };
            ensure!(
                names(&read).starts_with(&names(&before)),
                "{} holds a sweep of other models than {}; name another folder with --out",
                folder.display(),
                plan.display()
            );
        }
        for planned in &read.models {
            let path = folder.join("runs").join(&planned.name);
            if !path.join("config.toml").is_file() {
                continue;
            }
            let begun = pollster::block_on(read_config(&Folder::at(&path)?))?;
            same_config(&planned.config, &begun).with_context(|| {
                format!(
                    "model `{0}` was begun with other settings than {1} has now; name another folder with --out, or delete runs/{0} and tasks/{0} in {2}",
                    planned.name,
                    plan.display(),
                    folder.display()
                )
            })?;
        }
        let place = Self::at(folder, read)?;
        pollster::block_on(Folder::at(folder)?.write(PLAN, &text))?;
        Ok(place)
    }

    /// The folder of a sweep for a task that brings its plan. If there is no plan in the folder yet, this one is put
    /// there: by one task, if many begin at once.
    ///
    /// # Errors
    /// Names the plan if it is wrong.
    pub fn with(plan: &Path, folder: &Path) -> Result<Self> {
        let place = Self::at(folder, Plan::read(plan)?)?;
        if !folder.join(PLAN).is_file() {
            match pollster::block_on(Folder::at(folder)?.hold()) {
                Ok(held) => {
                    let text = fs::read(plan).with_context(|| plan.display().to_string())?;
                    pollster::block_on(held.write(PLAN, &text))?;
                }
                Err(StoreError::Held(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(place)
    }

    /// The folder of a sweep that was begun.
    ///
    /// # Errors
    /// If it is none.
    pub fn open(folder: &Path) -> Result<Self> {
        let plan = folder.join(PLAN);
        ensure!(
            plan.is_file(),
            "{} holds no sweep; begin one with `squeeze sweep PLAN --out {0}`",
            folder.display()
        );
        Self::at(folder, Plan::read(&plan)?)
    }

    /// A folder with its parts.
    fn at(folder: &Path, plan: Plan) -> Result<Self> {
        for part in ["runs", "tasks", "logs"] {
            Folder::at(&folder.join(part))?;
        }
        let whole = folder.canonicalize();
        Ok(Self {
            folder: whole.with_context(|| folder.display().to_string())?,
            plan,
        })
    }

    /// Whether a column cannot be measured: its images are made on a model whose training diverged.
    ///
    /// # Errors
    /// Names the file that is wrong.
    pub fn is_void(&self, column: &Column) -> Result<bool> {
        match self.plan.source(column) {
            Some(source) => self.has_diverged(source),
            None => Ok(false),
        }
    }

    /// Whether a model's training diverged.
    ///
    /// # Errors
    /// Names the file that is wrong.
    pub fn has_diverged(&self, planned: &PlannedModel) -> Result<bool> {
        let state = State::read(&self.task(planned)?)?;
        Ok(state.is_some_and(|state| state.has_diverged()))
    }

    /// The folder of a model's task.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn task(&self, planned: &PlannedModel) -> Result<Folder> {
        Ok(Folder::at(&self.folder.join("tasks").join(&planned.name))?)
    }

    /// What the task of the model at `number` said.
    pub fn log(&self, number: usize) -> PathBuf {
        self.folder.join("logs").join(format!("{number}.log"))
    }

    /// Models and measurements; nothing is known yet of models that diverged.
    pub fn table(&self) -> Table<'_> {
        Table {
            plan: &self.plan,
            runs: self.folder.join("runs"),
            diverged: BTreeSet::new(),
        }
    }

    /// Places of the models whose training diverged.
    ///
    /// # Errors
    /// Names the file that is wrong.
    pub fn diverged(&self) -> Result<BTreeSet<usize>> {
        let mut diverged = BTreeSet::new();
        for (number, planned) in self.plan.models.iter().enumerate() {
            if self.has_diverged(planned)? {
                diverged.insert(number);
            }
        }
        Ok(diverged)
    }
}
