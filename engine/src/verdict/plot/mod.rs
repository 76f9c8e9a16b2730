//! Plots of a report, as SVG.

mod contours;
mod curve;
mod frame;
mod grid;
mod margins;
pub mod relief;
mod starts;

pub use self::frame::{ink, number, shade};

use self::curve::{Axis, line};
use self::margins::Margins;
use self::relief::View;
use serde::Deserialize;

use super::report::{Point, Report, Surface};
use crate::config::distance;

/// A plot with its words.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Which of them it is.
    pub id: FigureId,
    /// What it shows.
    pub title: &'static str,
    /// The same more exactly.
    pub shows: String,
    /// How to read it: what a robust model's looks like, in a sentence.
    pub robust: &'static str,
    /// What a masked one's looks like.
    pub masked: &'static str,
    /// The plot, an `svg` element whose label says its numbers. Its parts have classes for a style sheet:
    /// `grid`, `mark`, `line`, `bar`, `attacked`, `clean`, `cell`, `floor`, `contour`, `here`; writing
    /// and contours `on-dark` and `on-light` by what is below; texts `begin`, `middle` and `end` by their
    /// alignment.
    pub svg: String,
    /// Its numbers.
    pub table: Table,
}

/// Which plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FigureId {
    /// Accuracy against the radius.
    Radius,
    /// Accuracy against iterations of PGD.
    Iterations,
    /// Accuracy against restarts.
    Restarts,
    /// How many starts fool an image.
    Starts,
    /// Accuracy by the length and number of steps.
    Steps,
    /// By how much the model is right.
    Margins,
    /// The loss around an image, seen from a side.
    Surface,
    /// The same from above.
    Contours,
}

impl FigureId {
    /// The name of its file, and for tests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Radius => "radius",
            Self::Iterations => "iterations",
            Self::Restarts => "restarts",
            Self::Starts => "starts",
            Self::Steps => "steps",
            Self::Margins => "margins",
            Self::Surface => "surface",
            Self::Contours => "contours",
        }
    }
}

/// The numbers of a plot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// What stands in each column.
    pub columns: &'static [&'static str],
    /// The rows.
    pub rows: Vec<Vec<f64>>,
}

impl Table {
    /// As a file for other programs.
    pub fn csv(&self) -> String {
        let mut text = self.columns.join(",") + "\n";
        for row in &self.rows {
            let row: Vec<String> = row.iter().map(f64::to_string).collect();
            text += &(row.join(",") + "\n");
        }
        text
    }

    /// For people: names and numbers in few characters.
    pub fn cells(&self) -> (Vec<String>, Vec<Vec<String>>) {
        let names = self.columns.iter().map(|name| name.replace('_', " "));
        let rows = self.rows.iter();
        let rows = rows.map(|row| row.iter().copied().map(frame::number).collect());
        (names.collect(), rows.collect())
    }
}

/// The plots of a report; those that there is nothing for are left out.
pub fn figures(report: &Report) -> Vec<Figure> {
    let radius = report.subject.epsilon;
    let all = [
        curve(FigureId::Radius, &report.epsilons, radius),
        curve(FigureId::Iterations, &report.iterations, radius),
        curve(FigureId::Restarts, &report.restarts, radius),
        starts_of(report),
        steps_of(report),
        margins_of(report),
        report.surface.as_ref().and_then(|surface| {
            let svg = relief::draw(surface, View::START)?;
            Some(surface_of(FigureId::Surface, surface, svg, radius))
        }),
        report.surface.as_ref().and_then(|surface| {
            let svg = contours::draw(surface, radius)?;
            Some(surface_of(FigureId::Contours, surface, svg, radius))
        }),
    ];
    all.into_iter().flatten().collect()
}

fn curve(id: FigureId, points: &[Point], radius: f64) -> Option<Figure> {
    if points.len() < 2 {
        return None;
    }
    let (title, shows, robust, masked, svg) = match id {
        FigureId::Radius => (
            "Accuracy and radius",
            format!(
                "The usual attack at other radii. The dashed line is this report’s, {}.",
                distance(radius)
            ),
            "the curve sinks step by step and reaches guessing at the far end, where any image can become any other.",
            "it stays high even there, so the attack misses what is surely there.",
            line(points, Axis::Log(Some(radius)), "radius"),
        ),
        FigureId::Iterations => (
            "Accuracy and iterations",
            "PGD on the cross-entropy. Each point tries what the one before left.".to_owned(),
            "the curve is flat after a few iterations, since there is no more to find.",
            "it goes on falling, or stays high where other attacks bring it down.",
            line(points, Axis::Log(None), "iterations"),
        ),
        _ => (
            "Accuracy and restarts",
            "The usual attack from new starts. Each tries what the ones before left.".to_owned(),
            "the curve is flat, since one start finds nearly all that many find.",
            "it goes on sinking, since luck decides which start finds the way.",
            line(points, Axis::Linear, "restarts"),
        ),
    };
    let columns: &'static [&'static str] = match id {
        FigureId::Radius => &["radius", "accuracy"],
        FigureId::Iterations => &["iterations", "accuracy"],
        _ => &["restarts", "accuracy"],
    };
    Some(Figure {
        id,
        title,
        shows,
        robust,
        masked,
        svg,
        table: Table {
            columns,
            rows: points
                .iter()
                .map(|point| vec![point.x, point.accuracy])
                .collect(),
        },
    })
}

fn starts_of(report: &Report) -> Option<Figure> {
    let starts = report.starts.as_ref()?;
    let images: usize = starts.images.iter().sum();
    Some(Figure {
        id: FigureId::Starts,
        title: "How many starts fool an image",
        shows: format!(
            "{images} images, each attacked from {} random starts. How many (up) fall to how many starts (across).",
            starts.starts()
        ),
        robust: "the images stand at the two ends, fooled from every start or from none.",
        masked: "many stand between, fooled by a lucky start; or all stand at none though other attacks fool them.",
        svg: starts::draw(starts)?,
        table: starts::table(starts),
    })
}

fn steps_of(report: &Report) -> Option<Figure> {
    let grid = report.grid.as_ref()?;
    Some(Figure {
        id: FigureId::Steps,
        title: "Length and number of steps",
        shows: format!(
            "Accuracy of the first {} images under PGD with steps of these lengths, each cell an attack by itself.",
            grid.images
        ),
        robust: "all cells are alike in which the steps together reach across the radius; only short and few ones leave more.",
        masked: "the cells differ much, so the usual setting says little; or all are bright though other attacks succeed.",
        svg: grid::draw(grid)?,
        table: grid::table(grid),
    })
}

fn margins_of(report: &Report) -> Option<Figure> {
    let margins = Margins::of(&report.clean_margins, &report.attacked_margins)?;
    Some(Figure {
        id: FigureId::Margins,
        title: "Margins",
        shows: "The label’s logit less the largest other one: without attack (outline), the least under attack (filled). Left of the dashed line the image is lost.".to_owned(),
        robust: "most filled bars stay right of the line.",
        masked: "they lie left of it as those of a model without defence do, whatever the usual attack saw.",
        svg: margins.draw(),
        table: margins.table(),
    })
}

fn surface_of(id: FigureId, surface: &Surface, svg: String, radius: f64) -> Figure {
    let (title, robust, masked) = match id {
        FigureId::Contours => (
            "Loss around an image, from above",
            "the lines lie side by side across the gradient.",
            "they ring islands, run along the gradient, or leave most of the square bare.",
        ),
        _ => (
            "Loss around an image",
            "it is a smooth slope that rises along the gradient and changes little along the random direction.",
            "it is flat around the image, jagged, or rises at random as much as along the gradient.",
        ),
    };
    Figure {
        id,
        title,
        shows: format!(
            "Cross-entropy around test image {} (the dot), up to {} along its gradient and a random direction.",
            surface.place + 1,
            distance(radius)
        ),
        robust,
        masked,
        svg,
        table: contours::table(surface, radius),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_for_programs_and_for_people() {
        let table = Table {
            columns: &["step_size", "accuracy"],
            rows: vec![vec![0.0075, 1.0], vec![0.1, 0.123_456]],
        };
        assert_eq!(table.csv(), "step_size,accuracy\n0.0075,1\n0.1,0.123456\n");
        let (names, rows) = table.cells();
        assert_eq!(names, ["step size", "accuracy"]);
        assert_eq!(rows[1], ["0.1", "0.123"]);
    }
}
