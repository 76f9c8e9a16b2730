//! [`Results`]: the table, as text, CSV and JSON.

use std::fmt::Write;

use anyhow::Result;
use serde_json::{Value, json};
use squeeze_engine::event::DeviceReport;

use super::cells::Cell;
use super::plan::{Plan, PlannedModel};
use crate::say::say;

/// What is measured so far.
pub struct Results<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The device of this session.
    pub device: &'a DeviceReport,
    /// Name of the data set, copy included.
    pub data: &'a str,
    /// One row a model.
    pub rows: Vec<Row<'a>>,
}

/// A model's row.
pub struct Row<'a> {
    /// The model.
    pub planned: &'a PlannedModel,
    /// Seconds of its training, once it is trained.
    pub training_seconds: Option<f64>,
    /// What its columns came to, as far as they are measured.
    pub cells: Vec<Option<Cell>>,
}

impl Results<'_> {
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
            "model,column,accuracy,paper_percent,images,verdict,seconds,training_seconds\n"
                .to_owned();
        for row in &self.rows {
            for (column, cell) in self.plan.columns.iter().zip(&row.cells) {
                let Some(cell) = cell else {
                    continue;
                };
                let paper = row.planned.figures.get(&column.name);
                // Writing to a string cannot fail.
                let _ = writeln!(
                    text,
                    "{},{},{},{},{},{},{:.1},{}",
                    quoted(&row.planned.name),
                    quoted(&column.name),
                    cell.accuracy,
                    paper.map_or(String::new(), f64::to_string),
                    cell.images,
                    cell.verdict.map_or("", |verdict| verdict.title()),
                    cell.seconds,
                    row.training_seconds
                        .map_or(String::new(), |seconds| format!("{seconds:.1}"))
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
                "training_seconds": row.training_seconds,
                "config": row.planned.config,
                "cells": cells,
            })
        });
        let all = json!({
            "title": self.plan.title,
            "about": self.plan.about,
            "notes": self.plan.notes,
            "data": self.data,
            "device": self.device,
            "version": env!("CARGO_PKG_VERSION"),
            "models": rows.collect::<Vec<_>>(),
        });
        Ok(serde_json::to_string_pretty(&all)? + "\n")
    }
}

/// A field of a CSV.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
