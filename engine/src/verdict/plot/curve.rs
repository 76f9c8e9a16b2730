//! Accuracy against something.

use std::fmt::Write;

use super::frame::{FRAME, begin, number, percent};
use crate::verdict::report::Point;

/// How the numbers along the bottom lie.
#[derive(Clone, Copy)]
pub enum Axis {
    /// Evenly.
    Linear,
    /// By their logarithms, with a mark at one of them; 0 lies one step before the least of the others.
    Log(Option<f64>),
}

/// Accuracy against what `by` names.
pub fn line(points: &[Point], axis: Axis, by: &str) -> String {
    let least = points.iter().map(|point| point.x).filter(|&x| x > 0.0);
    let least = 0.5 * least.fold(f64::MAX, f64::min);
    let place = |x: f64| match axis {
        Axis::Linear => x,
        Axis::Log(_) => x.max(least).ln(),
    };
    let ends = points.iter().map(|point| place(point.x));
    let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
        (low.min(x), high.max(x))
    });
    let [left, top, right, bottom] = FRAME;
    let across = |x: f64| left + (place(x) - low) / (high - low).max(1e-12) * (right - left);
    let up = |share: f64| bottom - share * (bottom - top);
    let mut out = begin(&label(points, by));
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let y = up(share);
        let _ = write!(
            out,
            "<line class=\"grid\" x1=\"{left}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\"/>\
             <text class=\"end\" x=\"{:.1}\" y=\"{:.1}\">{:.0}%</text>",
            left - 6.0,
            y + 4.0,
            100.0 * share
        );
    }
    // As many numbers as fit beside each other; the marked one and both ends come first.
    let marked = match axis {
        Axis::Log(mark) => mark,
        Axis::Linear => None,
    };
    let ends = [points.first(), points.last()];
    let first = marked
        .into_iter()
        .chain(ends.into_iter().flatten().map(|point| point.x));
    let mut written: Vec<f64> = Vec::new();
    for value in first.chain(points.iter().map(|point| point.x)) {
        let x = across(value);
        if written.iter().all(|other| (x - other).abs() > 34.0) {
            written.push(x);
            // The last one would reach over the edge.
            let (class, x) = match x > right - 8.0 {
                true => ("end", right + 8.0),
                false => ("middle", x),
            };
            let _ = write!(
                out,
                "<text class=\"{class}\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
                bottom + 18.0,
                number(value)
            );
        }
    }
    if let Axis::Log(Some(mark)) = axis {
        let x = across(mark);
        let _ = write!(
            out,
            "<line class=\"mark\" x1=\"{x:.1}\" y1=\"{top}\" x2=\"{x:.1}\" y2=\"{bottom}\"/>"
        );
    }
    out += "<polyline class=\"line\" points=\"";
    for point in points {
        let _ = write!(out, "{:.1},{:.1} ", across(point.x), up(point.accuracy));
    }
    out += "\"/>";
    for point in points {
        let _ = write!(
            out,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\"><title>{}: {:.1}%</title></circle>",
            across(point.x),
            up(point.accuracy),
            number(point.x),
            100.0 * point.accuracy
        );
    }
    out + "</svg>"
}

/// The curve in words.
fn label(points: &[Point], by: &str) -> String {
    let points = points
        .iter()
        .map(|point| format!("{} at {}", percent(point.accuracy), number(point.x)));
    format!(
        "Accuracy by {by}: {}.",
        points.collect::<Vec<_>>().join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_of_strange_numbers_stay_curves() {
        let flat = |x| Point { x, accuracy: 0.5 };
        let one = line(&[flat(1.0), flat(1.0)], Axis::Log(None), "x");
        assert!(!one.contains("NaN"));
        let none = line(&[flat(0.0), flat(0.0)], Axis::Log(Some(0.0)), "x");
        assert!(!none.contains("NaN") && !none.contains("inf"), "{none}");
    }

    #[test]
    fn a_curve_says_its_numbers() {
        let points = [(0.0, 0.975), (0.3, 0.5)].map(|(x, accuracy)| Point { x, accuracy });
        let drawn = line(&points, Axis::Linear, "radius");
        let words = "aria-label=\"Accuracy by radius: 97.5% at 0, 50.0% at 0.3.\"";
        assert!(drawn.contains(words), "{drawn}");
    }
}
