//! [`Tidy`]: what a sweep measured as one table, a row a measurement, for programs that analyse tables.

use anyhow::Result;

use crate::reproduce::plan::fields;
use crate::reproduce::results::{PROFILE, Results, quoted};

/// A column's values, one a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Texts.
    Texts(Vec<Option<String>>),
    /// Numbers.
    Numbers(Vec<Option<f64>>),
}

/// The table.
pub struct Tidy {
    /// Names of the columns, with their values.
    pub columns: Vec<(String, Values)>,
}

impl Tidy {
    /// What is measured so far.
    ///
    /// # Errors
    /// If a config has no text.
    pub fn of(results: &Results) -> Result<Self> {
        let configs = results.rows.iter();
        let configs = configs.map(|row| fields(&row.planned.config));
        let configs = configs.collect::<Result<Vec<Vec<(String, String)>>>>()?;
        let value = |row: usize, field: &str| {
            let mut fields = configs[row].iter();
            let found = fields.find(|(name, _)| name == field);
            found.map(|(_, value)| value.clone())
        };
        // Settings in which the models differ.
        let mut differing: Vec<String> = Vec::new();
        for (field, _) in configs.iter().flatten() {
            let first = value(0, field);
            let differs = (1..configs.len()).any(|row| value(row, field) != first);
            if differs && !differing.contains(field) {
                differing.push(field.clone());
            }
        }
        let mut cells = Vec::new();
        for (number, row) in results.rows.iter().enumerate() {
            for (column, cell) in results.plan.columns.iter().zip(&row.cells) {
                if let Some(cell) = cell {
                    cells.push((number, row, column, cell));
                }
            }
        }
        let text = |of: &dyn Fn(usize) -> Option<String>| {
            Values::Texts((0..cells.len()).map(of).collect())
        };
        let number =
            |of: &dyn Fn(usize) -> Option<f64>| Values::Numbers((0..cells.len()).map(of).collect());
        let mut columns = vec![(
            "model".to_owned(),
            text(&|at| Some(cells[at].1.planned.name.clone())),
        )];
        for field in differing {
            let texts: Vec<Option<String>> =
                cells.iter().map(|(row, ..)| value(*row, &field)).collect();
            let numbers: Vec<Option<f64>> = texts
                .iter()
                .map(|text| text.as_ref().and_then(|text| text.parse().ok()))
                .collect();
            let are_numbers = texts
                .iter()
                .zip(&numbers)
                .all(|(a, b)| a.is_some() == b.is_some());
            let values = match are_numbers {
                true => Values::Numbers(numbers),
                false => Values::Texts(texts),
            };
            columns.push((field, values));
        }
        let mut add = |name: &str, values| columns.push((name.to_owned(), values));
        add("measurement", text(&|at| Some(cells[at].2.name.clone())));
        add("accuracy", number(&|at| Some(cells[at].3.accuracy)));
        add("images", number(&|at| Some(cells[at].3.images as f64)));
        add(
            "verdict",
            text(&|at| {
                cells[at]
                    .3
                    .verdict
                    .map(|verdict| verdict.title().to_owned())
            }),
        );
        for (name, of) in PROFILE {
            add(name, number(&|at| cells[at].3.number(of)));
        }
        add("seconds", number(&|at| Some(cells[at].3.seconds)));
        add(
            "training_seconds",
            number(&|at| cells[at].1.training.as_ref().map(|summary| summary.seconds)),
        );
        add("made_by", text(&|at| Some(cells[at].3.made_by.clone())));
        Ok(Self { columns })
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |(_, values)| match values {
            Values::Texts(texts) => texts.len(),
            Values::Numbers(numbers) => numbers.len(),
        })
    }

    /// As CSV.
    pub fn csv(&self) -> String {
        let heads: Vec<String> = self.columns.iter().map(|(name, _)| quoted(name)).collect();
        let mut text = heads.join(",") + "\n";
        for row in 0..self.rows() {
            let values = self.columns.iter().map(|(_, values)| match values {
                Values::Texts(texts) => texts[row].as_deref().map_or_else(String::new, quoted),
                Values::Numbers(numbers) => {
                    numbers[row].map_or_else(String::new, |x| x.to_string())
                }
            });
            text += &(values.collect::<Vec<String>>().join(",") + "\n");
        }
        text
    }
}
