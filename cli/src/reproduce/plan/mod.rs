//! [`Plan`]: the models and measurements of one of the paper's tables or figures, as a file.

mod check;
mod column;
mod drawn;
mod file;
mod grid;
mod recipe;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use squeeze_engine::config::RunConfig;
use squeeze_engine::verdict::plot::FigureId;

pub use column::{Column, What};
pub use drawn::{Curve, Histogram, Quantity, Spreads, Trend};
pub use grid::Axis;
pub use recipe::{fields, number_of};

use file::File;
use grid::cells;
use recipe::{deviations, run};

/// A plan that has been checked.
pub struct Plan {
    /// What it shows.
    pub title: String,
    /// What of the paper it is, and how to read it.
    pub about: String,
    /// What else a reader has to know.
    pub notes: Vec<String>,
    /// The models, in order.
    pub models: Vec<PlannedModel>,
    /// The measurements, in order.
    pub columns: Vec<Column>,
    /// Axes of the grid that the models are, the last one quickest; none if they are a list.
    pub axes: Vec<Axis>,
    /// Curves.
    pub curves: Vec<Curve>,
    /// Trends.
    pub trends: Vec<Trend>,
    /// Histograms.
    pub histograms: Vec<Histogram>,
    /// Pictures of the models' verdicts that are shown side by side.
    pub pictures: Vec<FigureId>,
    /// Of these models; of all where it is none.
    pub pictured: Option<Vec<String>>,
}

/// A model to train.
pub struct PlannedModel {
    /// Name of its folder.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// Its run.
    pub config: RunConfig,
    /// In which it differs from the paper's, if that is known.
    pub deviations: Vec<String>,
    /// The paper's figures, in percent, by column.
    pub figures: BTreeMap<String, f64>,
}

impl Plan {
    /// The axes of a heat map of the grid, down and across; none if the models are a list.
    pub fn last_axes(&self) -> Option<(Option<&Axis>, &Axis)> {
        match &self.axes[..] {
            [.., down, across] => Some((Some(down), across)),
            [across] => Some((None, across)),
            [] => None,
        }
    }

    /// The model that a column's images are made on, where they are moved from another.
    pub fn source(&self, column: &Column) -> Option<&PlannedModel> {
        let What::Transfer(name, _) = &column.what else {
            return None;
        };
        self.models.iter().find(|model| model.name == *name)
    }

    /// Reads and checks a plan.
    ///
    /// # Errors
    /// Names the file, what in it is wrong, and the fix.
    pub fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let text = fs::read_to_string(path).with_context(|| {
            format!("the plan {shown} cannot be read; those of the paper are in `experiments`")
        })?;
        Self::of(&text).with_context(|| format!("in {shown}"))
    }

    fn of(text: &str) -> Result<Self> {
        let file: File = toml::from_str(text)?;
        let mut models = Vec::new();
        for entry in file.model {
            let place = format!("model `{}`", entry.name);
            let config = run(&entry.preset, [&file.set, &entry.set]).context(place.clone())?;
            models.push(PlannedModel {
                deviations: deviations(&config, entry.paper.as_deref()).context(place)?,
                name: entry.name,
                title: entry.title,
                config,
                figures: entry.figures,
            });
        }
        let mut axes = Vec::new();
        if let Some(grid) = file.grid {
            ensure!(
                models.is_empty(),
                "there are both `model` and `grid`: make two plans of them"
            );
            models = cells(&grid, &file.set)?;
            axes = grid.axis.into_iter().map(Axis::from).collect();
        }
        let columns: Vec<Column> = file
            .column
            .into_iter()
            .map(Column::try_from)
            .collect::<Result<_>>()?;
        let plan = Self {
            title: file.title,
            about: file.about,
            notes: file.notes,
            models,
            columns,
            axes,
            curves: file.curve,
            trends: file.trend,
            histograms: file.histogram,
            pictures: file.pictures,
            pictured: file.pictured,
        };
        plan.check()?;
        Ok(plan)
    }
}
