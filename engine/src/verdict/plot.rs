//! Plots of a report, as SVG.

use std::fmt::Write;

use super::report::{Point, Report, Surface};

/// Size of a plot, and where its frame begins, in units of the SVG.
const SIZE: [f64; 2] = [360.0, 220.0];
const FRAME: [f64; 4] = [44.0, 12.0, 350.0, 186.0];

/// A plot with its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// What it shows.
    pub title: &'static str,
    /// How to read it.
    pub about: &'static str,
    /// The plot, an `svg` element. Its parts have classes for a style sheet: `grid`, `mark`, `line`,
    /// `attacked`, `clean`, and texts `begin`, `middle` and `end` by their alignment.
    pub svg: String,
}

/// The plots of a report; those that there is nothing for are left out.
pub fn figures(report: &Report) -> Vec<Figure> {
    let curve = |points: &[Point], axis| (points.len() > 1).then(|| line(points, axis));
    let all = [
        (
            "Accuracy and radius",
            "With the usual attack. The dashed line is the radius of this report. An honest curve falls to guessing.",
            curve(&report.epsilons, Axis::Log(Some(report.subject.epsilon))),
        ),
        (
            "Accuracy and iterations",
            "PGD on the cross-entropy, each point on what the one before left. An honest curve is flat after a few.",
            curve(&report.iterations, Axis::Log(None)),
        ),
        (
            "Accuracy and restarts",
            "The usual attack from new starts. An honest curve is flat after a few.",
            curve(&report.restarts, Axis::Linear),
        ),
        (
            "Margins",
            "Label’s logit less the largest other one: without attack (outline) and the least under attack (filled). Below zero the image is lost.",
            histogram(&report.clean_margins, &report.attacked_margins),
        ),
        (
            "Loss around an image",
            "Cross-entropy along its gradient (upwards) and along a random direction (sideways), to the radius each way. Dark is low. An honest surface is a slope.",
            report.surface.as_ref().map(surface),
        ),
    ];
    all.into_iter()
        .filter_map(|(title, about, svg)| svg.map(|svg| Figure { title, about, svg }))
        .collect()
}

/// How the numbers along the bottom lie.
#[derive(Clone, Copy)]
enum Axis {
    /// Evenly.
    Linear,
    /// By their logarithms, with a mark at one of them; 0 lies one step before the least of the others.
    Log(Option<f64>),
}

/// Accuracy against something.
fn line(points: &[Point], axis: Axis) -> String {
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
    let mut out = begin("accuracy");
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
    // As many numbers as fit beside each other.
    let mut last = f64::NEG_INFINITY;
    for point in points {
        let x = across(point.x);
        if x - last > 34.0 {
            let _ = write!(
                out,
                "<text class=\"middle\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
                bottom + 18.0,
                number(point.x)
            );
            last = x;
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

/// Margins without attack and under it; nothing if there are none.
fn histogram(clean: &[f32], attacked: &[f32]) -> Option<String> {
    const BARS: usize = 40;
    let all = || {
        clean
            .iter()
            .chain(attacked)
            .copied()
            .filter(|m| m.is_finite())
    };
    let low = all().fold(f32::INFINITY, f32::min).min(0.0);
    let high = all().fold(f32::NEG_INFINITY, f32::max).max(0.0);
    if clean.is_empty() || low >= high {
        return None;
    }
    let count = |margins: &[f32]| {
        let mut bars = [0_usize; BARS];
        for margin in margins.iter().filter(|margin| margin.is_finite()) {
            let share = (margin - low) / (high - low);
            bars[((share * BARS as f32) as usize).min(BARS - 1)] += 1;
        }
        bars
    };
    let (clean, attacked) = (count(clean), count(attacked));
    let most = clean
        .iter()
        .chain(&attacked)
        .copied()
        .max()
        .unwrap_or(1)
        .max(1) as f64;
    let [left, top, right, bottom] = FRAME;
    let wide = (right - left) / BARS as f64;
    let across = |margin: f32| left + f64::from((margin - low) / (high - low)) * (right - left);
    let mut out = begin("margins");
    for (bars, class) in [(attacked, "attacked"), (clean, "clean")] {
        for (bar, count) in bars.into_iter().enumerate().filter(|(_, count)| *count > 0) {
            let tall = count as f64 / most * (bottom - top);
            let _ = write!(
                out,
                "<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{tall:.1}\"/>",
                left + bar as f64 * wide,
                bottom - tall,
                wide - 0.5
            );
        }
    }
    let zero = across(0.0);
    let _ = write!(
        out,
        "<line class=\"mark\" x1=\"{zero:.1}\" y1=\"{top}\" x2=\"{zero:.1}\" y2=\"{bottom}\"/>\
         <line class=\"grid\" x1=\"{left}\" y1=\"{bottom}\" x2=\"{right}\" y2=\"{bottom}\"/>"
    );
    for margin in [low, high] {
        let class = if margin == low { "begin" } else { "end" };
        let _ = write!(
            out,
            "<text class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            across(margin),
            bottom + 18.0,
            number(f64::from(margin))
        );
    }
    if (zero - left).min(right - zero) > 40.0 {
        let _ = write!(
            out,
            "<text class=\"middle\" x=\"{zero:.1}\" y=\"{:.1}\">0</text>",
            bottom + 18.0
        );
    }
    Some(out + "</svg>")
}

/// The loss around an image, dark where it is low.
fn surface(surface: &Surface) -> String {
    let side = surface.side.max(1);
    let finite = || {
        surface
            .losses
            .iter()
            .copied()
            .filter(|loss| loss.is_finite())
    };
    let low = finite().fold(f32::INFINITY, f32::min);
    let high = finite().fold(f32::NEG_INFINITY, f32::max);
    let [left, top, _, bottom] = FRAME;
    let cell = (bottom - top) / side as f64;
    let mut out = begin("loss");
    for (place, loss) in surface.losses.iter().enumerate() {
        let share = if high > low {
            (loss - low) / (high - low)
        } else {
            0.0
        };
        let (row, column) = (place / side, place % side);
        let _ = write!(
            out,
            "<rect fill=\"{}\" x=\"{:.2}\" y=\"{:.2}\" width=\"{:.2}\" height=\"{:.2}\"/>",
            shade(share),
            left + column as f64 * cell,
            // Upwards.
            bottom - (row + 1) as f64 * cell,
            cell + 0.3,
            cell + 0.3
        );
    }
    let right = left + side as f64 * cell;
    for (share, y) in [
        (1.0, top),
        (0.5, 0.5 * (top + bottom)),
        (0.0, bottom - 10.0),
    ] {
        let loss = f64::from(low) + share * f64::from(high - low);
        let _ = write!(
            out,
            "<rect fill=\"{}\" x=\"{:.1}\" y=\"{y:.1}\" width=\"10\" height=\"10\"/>\
             <text class=\"begin\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            shade(share as f32),
            right + 12.0,
            right + 28.0,
            y + 9.0,
            number(loss)
        );
    }
    out + "</svg>"
}

fn begin(label: &str) -> String {
    let [width, height] = SIZE;
    format!("<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{label}\">")
}

/// From dark blue over grey to light orange: told apart by lightness alone, too.
fn shade(share: f32) -> String {
    const STOPS: [[f32; 3]; 3] = [
        [18.0, 42.0, 78.0],
        [140.0, 140.0, 140.0],
        [255.0, 208.0, 150.0],
    ];
    let at = share.clamp(0.0, 1.0) * 2.0;
    let stop = (at as usize).min(1);
    let between = at - stop as f32;
    let mix = |k: usize| STOPS[stop][k] + between * (STOPS[stop + 1][k] - STOPS[stop][k]);
    format!("rgb({:.0} {:.0} {:.0})", mix(0), mix(1), mix(2))
}

/// A number in few characters.
fn number(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-3..1e5).contains(&size) {
        return format!("{value:.1e}");
    }
    let digits = if size >= 100.0 {
        0
    } else if size >= 10.0 {
        1
    } else {
        3
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (value, expected) in [
            (0.0, "0"),
            (0.3, "0.3"),
            (0.0313726, "0.031"),
            (160.0, "160"),
            (12.34, "12.3"),
            (-2.5, "-2.5"),
            (3e-9, "3.0e-9"),
            (2e6, "2.0e6"),
        ] {
            assert_eq!(number(value), expected);
        }
    }

    #[test]
    fn plots_of_strange_numbers_stay_plots() {
        let flat = |x| Point { x, accuracy: 0.5 };
        assert!(!line(&[flat(1.0), flat(1.0)], Axis::Log(None)).contains("NaN"));
        let none = line(&[flat(0.0), flat(0.0)], Axis::Log(Some(0.0)));
        assert!(!none.contains("NaN") && !none.contains("inf"), "{none}");
        assert_eq!(histogram(&[], &[]), None);
        assert_eq!(histogram(&[0.0], &[0.0]), None);
        let tiny = histogram(&[1e-9, f32::NAN], &[-1e-9, f32::INFINITY]).unwrap_or_default();
        assert!(tiny.contains("1.0e-9") && !tiny.contains("NaN"));
        let level = Surface {
            place: 0,
            side: 2,
            losses: vec![2.0; 4],
        };
        assert!(!surface(&level).contains("NaN"));
    }
}
