//! Whether a plan can be carried out.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};

use super::recipe::number_of;
use super::{Column, Plan, Quantity, What};

impl Plan {
    /// Whether all that it names is there, and may be.
    pub(super) fn check(&self) -> Result<()> {
        ensure!(!self.models.is_empty(), "there is no `model` and no `grid`");
        ensure!(!self.columns.is_empty(), "there is no `column`");
        let first = &self.models[0].config.data;
        let mut names = BTreeSet::new();
        for model in &self.models {
            let name = &model.name;
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            ensure!(
                !name.is_empty() && !name.starts_with('.') && name.chars().all(is_plain),
                "model `{name}`: its name is that of a folder: letters, digits, - and _ alone"
            );
            ensure!(names.insert(name), "there are two models `{name}`");
            ensure!(
                model.config.data == *first,
                "model `{name}` is for {}, the first one for {}, or `data` differs in a setting: make two plans of them",
                model.config.data.set.title(),
                first.set.title()
            );
            for figure in model.figures.keys() {
                ensure!(
                    self.columns.iter().any(|column| column.name == *figure),
                    "model `{name}`: there is a figure for `{figure}`, which is no column"
                );
            }
            for column in &self.columns {
                let place = || format!("column `{}`, model `{name}`", column.name);
                column
                    .attack(&model.config)
                    .and_then(|attack| Ok(attack.validate()?))
                    .with_context(place)?;
            }
        }
        let mut columns = BTreeSet::new();
        for column in &self.columns {
            let name = &column.name;
            ensure!(columns.insert(name), "there are two columns `{name}`");
            if let What::Transfer(source, _) = &column.what {
                ensure!(
                    names.contains(source),
                    "column `{name}`: transfer_from: there is no model `{source}`"
                );
            }
        }
        for curve in &self.curves {
            let title = &curve.title;
            ensure!(
                curve.columns.len() == curve.x.len() && curve.x.len() > 1,
                "curve `{title}`: `columns` and `x` must be equally long, two or more"
            );
            for name in &curve.columns {
                ensure!(
                    columns.contains(name),
                    "curve `{title}`: there is no column `{name}`"
                );
            }
        }
        self.check_trends()
    }

    fn check_trends(&self) -> Result<()> {
        let column = |name: &str| {
            let mut columns = self.columns.iter();
            columns
                .find(|column| column.name == name)
                .with_context(|| format!("there is no column `{name}`"))
        };
        let profile = |name: &str| {
            let is_profile = matches!(column(name)?.what, What::Profile);
            ensure!(is_profile, "column `{name}` needs `profile = true`");
            Ok(())
        };
        for trend in &self.trends {
            let place = || format!("trend `{}`", trend.title);
            ensure!(!trend.columns.is_empty(), "{}: `columns` is empty", place());
            for name in &trend.columns {
                let found = match trend.of {
                    Quantity::Accuracy => column(name).map(drop),
                    _ => profile(name),
                };
                found.with_context(place)?;
            }
            for model in &self.models {
                number_of(&model.config, &trend.field).with_context(place)?;
            }
        }
        for histogram in &self.histograms {
            let place = || format!("histogram `{}`", histogram.title);
            profile(&histogram.column).with_context(place)?;
        }
        for name in self.pictured.iter().flatten() {
            ensure!(
                self.models.iter().any(|model| model.name == *name),
                "pictured: there is no model `{name}`"
            );
        }
        let is_judged = |column: &Column| matches!(column.what, What::Verdict(..));
        ensure!(
            self.pictures.is_empty() || self.columns.iter().any(is_judged),
            "pictures: they are a verdict's, and no column has `effort`"
        );
        Ok(())
    }
}
