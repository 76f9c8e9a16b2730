//! The plots of a plan: curves, trends, histograms, heat maps.

use super::cells::Cell;
use super::heat::{Facet, heat};
use super::histogram::histograms;
use super::lines::{Line, Lines, Scale};
use super::page::column_images;
use super::plan::{Curve, Histogram, Quantity, Spreads, Trend, number_of};
use super::results::{Results, Row};

use squeeze_engine::verdict::plot::number;

/// A plot with its words.
pub struct Plot {
    /// What it is called.
    pub title: String,
    /// What it shows.
    pub shows: String,
    /// An `svg` element.
    pub svg: String,
}

impl Plot {
    fn of(title: &str, shows: String, svg: Option<String>) -> Option<Self> {
        Some(Self {
            title: title.to_owned(),
            shows,
            svg: svg?,
        })
    }

    /// The name of its file.
    pub fn file(&self) -> String {
        let plain = |c: char| match c.is_ascii_alphanumeric() {
            true => c.to_ascii_lowercase(),
            false => ' ',
        };
        let words: String = self.title.chars().map(plain).collect();
        let words: Vec<&str> = words.split_whitespace().collect();
        words.join("-") + ".svg"
    }
}

/// Those that there is something for.
pub fn plots(results: &Results) -> Vec<Plot> {
    let plan = results.plan;
    let maps = (0..plan.columns.len()).map(|column| map(results, column));
    maps.chain(plan.curves.iter().map(|each| curve(results, each)))
        .chain(plan.trends.iter().map(|each| trend(results, each)))
        .chain(plan.histograms.iter().map(|each| histogram(results, each)))
        .flatten()
        .collect()
}

/// A heat map of a column over the grid, one for every value of the axes before the last two.
fn map(results: &Results, column: usize) -> Option<Plot> {
    let (down, across) = results.plan.last_axes()?;
    let high = down.map_or(1, |down| down.values.len());
    let facets = results
        .rows
        .chunks(across.values.len() * high)
        .enumerate()
        .map(|(place, rows)| Facet {
            title: facet_name(results, place),
            shares: rows
                .iter()
                .map(|row| Some(row.cells.get(column)?.as_ref()?.accuracy))
                .collect(),
        });
    let name = &results.plan.columns[column].name;
    let shows = format!("Accuracy in %, {}.", column_images(results, name));
    let facets: Vec<Facet> = facets.collect();
    Plot::of(name, shows, heat(name, across, down, &facets))
}

/// Values of the axes before the last two.
pub fn facet_name(results: &Results, facet: usize) -> String {
    let axes = &results.plan.axes;
    let mut rest = facet;
    let mut parts = Vec::new();
    for axis in axes[..axes.len().saturating_sub(2)].iter().rev() {
        parts.push(format!(
            "{} {}",
            axis.title,
            axis.values[rest % axis.values.len()]
        ));
        rest /= axis.values.len();
    }
    parts.reverse();
    parts.join(", ")
}

/// The cell of a column.
fn cell<'a>(results: &Results, row: &'a Row, name: &str) -> Option<&'a Cell> {
    let mut columns = results.plan.columns.iter();
    let at = columns.position(|column| column.name == name)?;
    row.cells.get(at)?.as_ref()
}

/// Accuracy along a curve's columns, a line a model.
fn curve(results: &Results, curve: &Curve) -> Option<Plot> {
    let lines = results.rows.iter().map(|row| {
        let points = curve.columns.iter().zip(&curve.x);
        let points = points.filter_map(|(name, &x)| Some([x, cell(results, row, name)?.accuracy]));
        Line {
            name: row.planned.title.clone(),
            points: points.collect(),
        }
    });
    let plot = Lines {
        title: &curve.title,
        across: Scale::Log,
        up: Scale::Share,
        lines: lines.collect(),
        mark: None,
    };
    let shows = format!("Accuracy in % against {}.", curve.along);
    Plot::of(&curve.title, shows, plot.svg())
}

/// A number of some columns against a field of the models, a line a column.
fn trend(results: &Results, trend: &Trend) -> Option<Plot> {
    // A plan is checked for the field when it is read.
    let at = |row: &Row| number_of(&row.planned.config, &trend.field).ok();
    let lines = trend.columns.iter().map(|name| {
        let rows = results.rows.iter();
        let points = rows.filter_map(|row| {
            let cell = cell(results, row, name)?;
            Some([at(row)?, cell.number(trend.of)?])
        });
        let mut points: Vec<[f64; 2]> = points.collect();
        points.sort_by(|[a, _], [b, _]| a.total_cmp(b));
        Line {
            name: name.clone(),
            points,
        }
    });
    let critical = results.rows.iter().find_map(|row| {
        let config = &row.planned.config;
        let classes = results.data.classes.len();
        let objective = &config.objective;
        objective.critical_beta(config.training.batch_size, classes)
    });
    let critical = critical.filter(|_| trend.field == "objective.beta");
    let up = match (trend.of, trend.log) {
        (_, true) => Scale::Log,
        (Quantity::Accuracy, false) => Scale::Share,
        (_, false) => Scale::Even,
    };
    let name = critical.map(|beta| format!("beta_c = {}", number(beta)));
    let plot = Lines {
        title: &trend.title,
        across: Scale::Even,
        up,
        lines: lines.collect(),
        mark: critical.zip(name.as_deref()),
    };
    let field = trend.field.rsplit('.').next().unwrap_or(&trend.field);
    let shows = format!(
        "The {} against {}.",
        trend.of.title(),
        field.replace('_', " ")
    );
    Plot::of(&trend.title, shows, plot.svg())
}

fn histogram(results: &Results, histogram: &Histogram) -> Option<Plot> {
    let named = results.rows.iter().filter_map(|row| {
        let profile = cell(results, row, &histogram.column)?.profile.as_ref()?;
        let spread = match histogram.of {
            Spreads::Logits => &profile.logits,
            Spreads::Margins => &profile.margins,
        };
        Some((row.planned.title.as_str(), spread))
    });
    let named: Vec<_> = named.collect();
    let shows = match histogram.of {
        Spreads::Logits => "All logits of the test images, a model a row, over one axis.",
        Spreads::Margins => {
            "The label's logit less the largest other one, a model a row, over one axis: right of 0 the model is right."
        }
    };
    let svg = histograms(&histogram.title, &named);
    Plot::of(&histogram.title, shows.to_owned(), svg)
}
