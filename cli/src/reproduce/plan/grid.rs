//! A plan's models as a grid: one for every combination of its axes' values.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};

use super::PlannedModel;
use super::file::{AxisEntry, GridEntry};
use super::recipe::{deviations, run, shown};

/// Most models of a plan: more would be a slip of the pen.
const MOST_MODELS: usize = 1000;

/// An axis of a grid.
#[derive(Debug)]
pub struct Axis {
    /// What it is called.
    pub title: String,
    /// Its values, as they are written.
    pub values: Vec<String>,
}

impl From<AxisEntry> for Axis {
    fn from(entry: AxisEntry) -> Self {
        Self {
            title: entry.title,
            values: entry.values.iter().map(shown).collect(),
        }
    }
}

/// A model for every combination of the axes' values, the last axis quickest.
pub(super) fn cells(grid: &GridEntry, shared: &toml::Table) -> Result<Vec<PlannedModel>> {
    for axis in &grid.axis {
        ensure!(
            !axis.values.is_empty(),
            "grid: axis `{}` has no values",
            axis.field
        );
    }
    let count: usize = grid.axis.iter().map(|axis| axis.values.len()).product();
    ensure!(
        !grid.axis.is_empty() && count <= MOST_MODELS,
        "grid: it makes {count} models; there must be an axis, and {MOST_MODELS} models at most"
    );
    (0..count)
        .map(|cell| {
            let mut rest = cell;
            let mut chosen = Vec::new();
            for axis in grid.axis.iter().rev() {
                chosen.push((axis, &axis.values[rest % axis.values.len()]));
                rest /= axis.values.len();
            }
            chosen.reverse();
            let named = |join: &str, part: &dyn Fn(&AxisEntry, &str) -> String| {
                let parts: Vec<String> = chosen
                    .iter()
                    .map(|(axis, value)| part(axis, &shown(value)))
                    .collect();
                parts.join(join)
            };
            let last = |field: &str| field.rsplit('.').next().unwrap_or(field).to_owned();
            let name = named("-", &|axis, value| format!("{}{value}", last(&axis.field)));
            let table = chosen
                .iter()
                .map(|(axis, value)| (axis.field.clone(), (*value).clone()))
                .collect();
            let config = run(&grid.preset, [shared, &grid.set, &table])
                .with_context(|| format!("grid, cell {name}"))?;
            let is_axis = |line: &String| {
                let mut fields = grid.axis.iter().map(|axis| format!("{} ", axis.field));
                fields.any(|field| line.starts_with(&field))
            };
            let mut deviations = deviations(&config, grid.paper.as_deref()).context("grid")?;
            // What the grid is about is in every cell's name.
            deviations.retain(|line| !is_axis(line));
            Ok(PlannedModel {
                title: named(", ", &|axis, value| format!("{} {value}", axis.title)),
                name,
                deviations,
                config,
                figures: BTreeMap::new(),
            })
        })
        .collect()
}
