//! [`Results`]: the table, as text, CSV and JSON.

use std::collections::BTreeSet;
use std::fmt::Write;

use anyhow::Result;
use serde_json::{Value, json};
use squeeze_engine::data::Dataset;
use squeeze_engine::run::Summary;
use squeeze_engine::verdict::report::Report;

use super::cells::{Cell, made_by};
use super::plan::{Plan, PlannedModel, Quantity};
use crate::say::say;

/// The numbers of a profile, in the order of their columns in the CSV.
pub const PROFILE: [(&str, Quantity); 5] = [
    ("logit_norm", Quantity::LogitNorm),
    ("logit_mean", Quantity::LogitMean),
    ("gradient_l1", Quantity::GradientL1),
    ("gradient_l2", Quantity::GradientL2),
    ("distance", Quantity::Distance),
];

/// What is measured so far.
pub struct Results<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The data set.
    pub data: &'a Dataset,
    /// One row a model.
    pub rows: Vec<Row<'a>>,
}

/// A model's row.
pub struct Row<'a> {
    /// The model.
    pub planned: &'a PlannedModel,
    /// Its training, once that is over.
    pub training: Option<Summary>,
    /// Its training diverged.
    pub diverged: bool,
    /// What its columns came to, as far as they are measured.
    pub cells: Vec<Option<Cell>>,
    /// The whole report, where there is a verdict.
    pub report: Option<Report>,
}

impl Row<'_> {
    /// Seconds of its training.
    fn training_seconds(&self) -> Option<f64> {
        self.training.as_ref().map(|summary| summary.seconds)
    }

    /// What trained it.
    fn trained_by(&self) -> Option<String> {
        let summary = self.training.as_ref()?;
        Some(made_by(&summary.version, &summary.device))
    }
}

impl Results<'_> {
    /// The programs and devices that trained and measured what is there.
    pub fn makers(&self) -> BTreeSet<String> {
        let trained = self.rows.iter().filter_map(Row::trained_by);
        let cells = self.rows.iter().flat_map(|row| row.cells.iter().flatten());
        trained
            .chain(cells.map(|cell| cell.made_by.clone()))
            .collect()
    }

    /// The table for a terminal.
    pub fn print(&self) {
        say!();
        say!(
            "{}: accuracy in %, the paper's in brackets",
            self.plan.title
        );
        let heads = self.plan.columns.iter();
        let heads: String = heads.map(|column| format!("{:>17}", column.name)).collect();
        say!("{:32}{heads}", "");
        for row in &self.rows {
            let figures = self
                .plan
                .columns
                .iter()
                .zip(&row.cells)
                .map(|(column, cell)| {
                    let ours = cell.as_ref().map_or("–".to_owned(), |cell| {
                        format!("{:.2}", 100.0 * cell.accuracy)
                    });
                    let paper = row.planned.figures.get(&column.name);
                    let paper = paper.map_or(String::new(), |paper| format!(" ({paper:.2})"));
                    format!("{:>17}", ours + &paper)
                });
            say!("{:32}{}", row.planned.title, figures.collect::<String>());
        }
        say!();
    }

    /// One line a cell.
    pub fn csv(&self) -> String {
        let mut text =
            "model,column,accuracy,paper_percent,images,verdict,seconds,training_seconds"
                .to_owned();
        for (name, _) in PROFILE {
            text += ",";
            text += name;
        }
        text += "\n";
        for row in &self.rows {
            for (column, cell) in self.plan.columns.iter().zip(&row.cells) {
                let Some(cell) = cell else {
                    continue;
                };
                let paper = row.planned.figures.get(&column.name);
                // Writing to a string cannot fail.
                let _ = writeln!(
                    text,
                    "{},{},{},{},{},{},{:.1},{}{}",
                    quoted(&row.planned.name),
                    quoted(&column.name),
                    cell.accuracy,
                    paper.map_or(String::new(), f64::to_string),
                    cell.images,
                    cell.verdict.map_or("", |verdict| verdict.title()),
                    cell.seconds,
                    row.training_seconds()
                        .map_or(String::new(), |seconds| format!("{seconds:.1}")),
                    PROFILE
                        .map(|(_, of)| cell.number(of).map_or(",".to_owned(), |x| format!(",{x}")))
                        .concat()
                );
            }
        }
        text
    }

    /// Everything.
    ///
    /// # Errors
    /// If a number has no JSON form.
    pub fn json(&self) -> Result<String> {
        let rows = self.rows.iter().map(|row| {
            let cells = self.plan.columns.iter().zip(&row.cells);
            let cells: serde_json::Map<String, Value> = cells
                .filter_map(|(column, cell)| Some((column.name.clone(), json!(cell.as_ref()?))))
                .collect();
            json!({
                "name": row.planned.name,
                "title": row.planned.title,
                "deviations": row.planned.deviations,
                "paper_percent": row.planned.figures,
                "training_seconds": row.training_seconds(),
                "trained_by": row.trained_by(),
                "diverged": row.diverged,
                "meaning": row.report.as_ref().map(Report::meaning),
                "reasons": row.report.as_ref().map(|report| &report.reasons),
                "config": row.planned.config,
                "cells": cells,
            })
        });
        let all = json!({
            "title": self.plan.title,
            "about": self.plan.about,
            "notes": self.plan.notes,
            "data": self.data.name,
            "models": rows.collect::<Vec<_>>(),
        });
        Ok(serde_json::to_string_pretty(&all)? + "\n")
    }
}

/// A field of a CSV.
pub fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
