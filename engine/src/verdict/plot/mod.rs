//! Plots of a report, as SVG.

mod contours;
mod curve;
mod frame;
mod grid;
mod margins;
pub mod relief;
mod starts;

pub use self::frame::{ink, number, percent, shade};

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
    /// How to read it: what it looks like where the gradient is honest, whether the model is robust or not,
    /// in a sentence.
    pub honest: &'static str,
    /// What it looks like where the gradient is masked.
    pub masked: &'static str,
    /// What it says of this model, in a sentence.
    pub here: String,
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
    let [first, .., last] = points else {
        return None;
    };
    let near = points.iter().min_by(|a, b| {
        let far = |point: &Point| (point.x - radius).abs();
        far(a).total_cmp(&far(b))
    })?;
    let (title, shows, honest, masked, here, svg) = match id {
        FigureId::Radius => (
            "Accuracy and radius",
            format!(
                "PGD at other radii; the dashed line is this report’s, {}. Each radius tries what the smaller \
                 ones left, so the curve may lie below what the usual attack alone left.",
                distance(radius)
            ),
            "it sinks to guessing at the far end, where any image can become any other; a robust model keeps most of it up to the dashed line.",
            "it stays high even at the far end, so the attack misses what is surely there.",
            format!(
                "{} at {}, {} at {}.",
                percent(near.accuracy),
                number(near.x),
                percent(last.accuracy),
                number(last.x)
            ),
            line(points, Axis::Log(Some(radius)), "radius"),
        ),
        FigureId::Iterations => (
            "Accuracy and iterations",
            "PGD on the cross-entropy. Each point tries what the one before left.".to_owned(),
            "it is flat after a few iterations, high or low, since there is no more to find.",
            "it goes on falling, or stays high where other attacks bring it down.",
            format!(
                "{} after {} iterations, {} after {}.",
                percent(points[1].accuracy),
                number(points[1].x),
                percent(last.accuracy),
                number(last.x)
            ),
            line(points, Axis::Log(None), "iterations"),
        ),
        _ => (
            "Accuracy and restarts",
            "The usual attack from new starts, on what it left. Each tries what the ones before left."
                .to_owned(),
            "it is flat, since one start finds nearly all that many find.",
            "it goes on sinking, since luck decides which start finds the way.",
            format!(
                "from {} to {} with {} starts.",
                percent(first.accuracy),
                percent(last.accuracy),
                number(last.x)
            ),
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
        honest,
        masked,
        here,
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
        honest: "the images stand at the two ends, fooled from every start or from none.",
        masked: "many stand between, fooled by a lucky start; or all stand at none though other attacks fool them.",
        here: {
            let between = starts.images.get(1..starts.starts()).unwrap_or_default();
            let between: usize = between.iter().sum();
            format!("{between} of {images} stand between.")
        },
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
        honest: "all cells are alike in which the steps together reach across the radius; only short and few ones leave more.",
        masked: "the cells differ much, so the usual setting says little; or all are bright though other attacks succeed.",
        here: {
            let (low, high) = grid::range(grid, report.subject.epsilon)?;
            format!(
                "where the steps reach from one end of the ball to the other, from {} to {}.",
                percent(low),
                percent(high)
            )
        },
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
        honest: "what the usual attack left right of the line stays there: most of it in a robust model, little in others.",
        masked: "they lie left of it as those of a model without defence do, whatever the usual attack saw.",
        here: {
            let right = |share: f64| (share * report.subject.images as f64).round();
            let usual = report.apparent_accuracy;
            let usual = usual.map_or("not known".to_owned(), |share| right(share).to_string());
            format!(
                "{} of {} images stay right of the line; under the usual attack alone it was {usual}.",
                right(report.robust_accuracy),
                report.subject.images
            )
        },
        svg: margins.draw(),
        table: margins.table(),
    })
}

fn surface_of(id: FigureId, surface: &Surface, svg: String, radius: f64) -> Figure {
    let (title, honest, masked) = match id {
        FigureId::Contours => (
            "Loss around an image, from above",
            "the lines lie side by side across the gradient, close in a natural model, few in a robust one.",
            "they ring islands, run along the gradient, or crowd far from the image.",
        ),
        _ => (
            "Loss around an image",
            "it rises along the gradient more than along the random direction: steeply in a natural model, little in a robust one.",
            "it is jagged, or rises at random as much as along the gradient, which then shows no way.",
        ),
    };
    // The middle is the image; the end of a row or a column through it is the radius.
    let (side, middle) = (surface.side, surface.side / 2);
    let at = |row: usize, column: usize| {
        let loss = surface.losses.get(row * side + column);
        loss.map_or("–".to_owned(), |&loss| number(f64::from(loss)))
    };
    let rise = |row: usize, column: usize| {
        let at = |row: usize, column: usize| surface.losses.get(row * side + column).copied();
        Some(at(row, column)? - at(middle, middle)?)
    };
    let last = side.saturating_sub(1);
    let aside = [rise(middle, 0), rise(middle, last)].into_iter().flatten();
    let aside = aside.fold(f32::NEG_INFINITY, f32::max);
    let speaks = match rise(last, middle) {
        Some(along) if along > 2.0 * aside.max(0.0) => "the gradient shows the way here",
        Some(_) => "the gradient does little more than chance here",
        None => "it is no surface",
    };
    Figure {
        id,
        title,
        shows: format!(
            "Cross-entropy around test image {} (the dot), up to {} along its gradient and a random direction. What \
             is left out in the corners lies beyond the radius.",
            surface.place,
            distance(radius)
        ),
        honest,
        masked,
        here: format!(
            "{} at the image, {} at the end of its gradient, {} and {} at those of the random direction: {speaks}.",
            at(middle, middle),
            at(last, middle),
            at(middle, 0),
            at(middle, last),
        ),
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
