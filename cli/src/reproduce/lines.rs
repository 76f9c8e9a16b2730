//! [`Lines`]: lines over a common axis, as SVG, each with its name at its end.

use std::fmt::Write;

use squeeze_engine::verdict::html::text;
use squeeze_engine::verdict::plot::number;

/// Size of a plot and where its frame lies, in units of the SVG.
const SIZE: [f64; 2] = [600.0, 280.0];
const FRAME: [f64; 4] = [52.0, 22.0, 420.0, 244.0];

/// Kinds of lines that the style sheet tells apart.
pub const KINDS: usize = 6;

/// A scale.
#[derive(Clone, Copy)]
pub enum Scale {
    /// Shares from 0 to 1, written in percent.
    Share,
    /// From the least number, or 0 if that is above it, to the largest.
    Even,
    /// By logarithms; what is not above 0 is left out.
    Log,
}

/// A line.
pub struct Line {
    /// Its name.
    pub name: String,
    /// Its points.
    pub points: Vec<[f64; 2]>,
}

/// A plot.
pub struct Lines<'a> {
    /// What it shows.
    pub title: &'a str,
    /// The scale along the bottom.
    pub across: Scale,
    /// The scale upwards.
    pub up: Scale,
    /// The lines.
    pub lines: Vec<Line>,
    /// A number along the bottom that is marked, with its name.
    pub mark: Option<(f64, &'a str)>,
}

impl Lines<'_> {
    /// The plot; nothing if there is no line.
    pub fn svg(&self) -> Option<String> {
        let [left, top, right, bottom] = FRAME;
        let lines: Vec<(usize, Vec<[f64; 2]>)> = self
            .lines
            .iter()
            .map(|line| {
                let points = line.points.iter().copied();
                let fits = |[x, y]: &[f64; 2]| self.across.takes(*x) && self.up.takes(*y);
                points.filter(fits).collect()
            })
            .enumerate()
            .filter(|(_, points): &(usize, Vec<_>)| !points.is_empty())
            .collect();
        let all = || lines.iter().flat_map(|(_, points)| points.iter().copied());
        all().next()?;
        let mark = self.mark.filter(|(x, _)| self.across.takes(*x));
        let mut along: Vec<f64> = all().map(|[x, _]| x).collect();
        along.sort_by(f64::total_cmp);
        along.dedup();
        let marked = mark.iter().map(|(x, _)| *x);
        let across = Range::of(self.across, along.iter().copied().chain(marked));
        let up = Range::of(self.up, all().map(|[_, y]| y));
        let place = |x: f64| left + across.share(x) * (right - left);
        let height = |y: f64| bottom - up.share(y) * (bottom - top);

        let mut svg = format!(
            "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">",
            SIZE[0],
            SIZE[1],
            text(&self.label(&lines))
        );
        for tick in up.ticks() {
            let y = height(tick);
            // Writing to a string cannot fail.
            let _ = write!(
                svg,
                "<line class=\"grid\" x1=\"{left}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                left - 6.0,
                y + 4.0,
                self.up.written(tick)
            );
        }
        // As many of the numbers as fit beside each other.
        let mut last = f64::NEG_INFINITY;
        for &x in &along {
            if place(x) - last > 30.0 {
                last = place(x);
                let _ = write!(
                    svg,
                    "<text class=\"middle\" x=\"{last:.1}\" y=\"{:.1}\">{}</text>",
                    bottom + 18.0,
                    number(x)
                );
            }
        }
        if let Some((x, name)) = mark {
            let x = place(x);
            let _ = write!(
                svg,
                "<line class=\"mark\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top}\" y2=\"{bottom}\"/>\
                 <text class=\"middle\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
                top - 8.0,
                text(name)
            );
        }
        let mut ends = Vec::new();
        for (number, points) in &lines {
            let path: Vec<String> = points
                .iter()
                .map(|[x, y]| format!("{:.1},{:.1}", place(*x), height(*y)))
                .collect();
            let _ = write!(
                svg,
                "<polyline class=\"line l{}\" points=\"{}\"/>",
                number % KINDS,
                path.join(" ")
            );
            ends.extend(points.last().map(|[_, y]| (height(*y), *number)));
        }
        ends.sort_by(|a, b| b.0.total_cmp(&a.0));
        // From the axis upwards, so that no name stands on another.
        let mut free = f64::INFINITY;
        for (y, number) in ends {
            free = f64::min(y, free - 15.0);
            if self.lines.len() == 1 {
                // The title says what it is.
                continue;
            }
            let _ = write!(
                svg,
                "<text class=\"name l{}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                number % KINDS,
                right + 8.0,
                free + 4.0,
                text(&self.lines[number].name)
            );
        }
        Some(svg + "</svg>")
    }

    /// The plot in words.
    fn label(&self, lines: &[(usize, Vec<[f64; 2]>)]) -> String {
        let said = lines.iter().map(|(at, points)| {
            let points: Vec<String> = points
                .iter()
                .map(|[x, y]| format!("{} at {}", self.up.written(*y), number(*x)))
                .collect();
            format!("{}: {}.", self.lines[*at].name, points.join(", "))
        });
        let said: Vec<String> = said.collect();
        format!("{}. {}", self.title, said.join(" "))
    }
}

impl Scale {
    fn takes(self, value: f64) -> bool {
        value.is_finite() && !(matches!(self, Self::Log) && value <= 0.0)
    }

    fn place(self, value: f64) -> f64 {
        match self {
            Self::Log => value.log10(),
            Self::Share | Self::Even => value,
        }
    }

    fn written(self, value: f64) -> String {
        match self {
            Self::Share => format!("{} %", number(100.0 * value)),
            Self::Even | Self::Log => number(value),
        }
    }
}

/// What a scale runs over.
struct Range {
    scale: Scale,
    /// Places of its ends.
    ends: [f64; 2],
}

impl Range {
    fn of(scale: Scale, values: impl Iterator<Item = f64>) -> Self {
        let none = [f64::INFINITY, f64::NEG_INFINITY];
        let [low, high] = values
            .map(|value| scale.place(value))
            .fold(none, |[low, high], value| [low.min(value), high.max(value)]);
        let ends = match scale {
            Scale::Share => [0.0, 1.0],
            Scale::Even => [low.min(0.0), high],
            Scale::Log => [low, high],
        };
        Self { scale, ends }
    }

    fn share(&self, value: f64) -> f64 {
        let [low, high] = self.ends;
        (self.scale.place(value) - low) / (high - low).max(1e-12)
    }

    /// Numbers for lines across the plot.
    fn ticks(&self) -> Vec<f64> {
        let [low, high] = self.ends;
        match self.scale {
            Scale::Share => vec![0.0, 0.25, 0.5, 0.75, 1.0],
            Scale::Log => {
                // Powers of ten; where they are few, also twice and five times them.
                let of = |factors: &[f64]| -> Vec<f64> {
                    let powers = low.floor() as i32..=high.floor() as i32;
                    let all = powers
                        .flat_map(|power| factors.iter().map(move |x| x * 10_f64.powi(power)));
                    all.filter(|tick| (low..=high).contains(&tick.log10()))
                        .collect()
                };
                let powers = of(&[1.0]);
                match powers.len() {
                    0..3 => of(&[1.0, 2.0, 5.0]),
                    _ => powers,
                }
            }
            Scale::Even => {
                // Four to eight steps of 1, 2 or 5 times a power of ten.
                let size = (high - low).max(1e-12) / 4.0;
                let power = 10_f64.powf(size.log10().floor());
                let step = [5.0, 2.0, 1.0]
                    .into_iter()
                    .find(|step| step * power <= size);
                let step = step.unwrap_or(1.0) * power;
                let first = (low / step).ceil() as i64;
                let last = (high / step).floor() as i64;
                (first..=last).map(|count| count as f64 * step).collect()
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn plot(up: Scale, points: &[[f64; 2]]) -> Option<String> {
        let line = Line {
            name: "a <line>".to_owned(),
            points: points.to_vec(),
        };
        let plot = Lines {
            title: "A title",
            across: Scale::Even,
            up,
            lines: vec![line],
            mark: Some((10.5, "beta_c")),
        };
        plot.svg()
    }

    #[test]
    fn strange_numbers_stay_a_plot_or_none() {
        assert_eq!(plot(Scale::Even, &[]), None);
        assert_eq!(plot(Scale::Log, &[[1.0, 0.0], [2.0, f64::NAN]]), None);
        for up in [Scale::Share, Scale::Even, Scale::Log] {
            for points in [
                &[[0.0, 0.5]][..],
                &[[0.0, 1e-9], [5.0, f64::INFINITY], [9.0, 1e9]],
            ] {
                let svg = plot(up, points).unwrap();
                assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            }
        }
    }

    #[test]
    fn a_plot_says_its_numbers_and_marks_one() {
        let svg = plot(Scale::Share, &[[0.0, 0.975], [5.0, 0.5]]).unwrap();
        let label = "aria-label=\"A title. a &lt;line&gt;: 97.5 % at 0, 50 % at 5.\"";
        assert!(svg.contains(label), "{svg}");
        assert!(
            svg.contains("class=\"mark\" x1=\"420.0\"") && svg.contains(">beta_c<"),
            "{svg}"
        );
    }

    #[test]
    fn ticks_are_round_and_few() {
        let even = |values: &[f64]| Range::of(Scale::Even, values.iter().copied()).ticks();
        assert_eq!(even(&[3.0, 10.0]), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(even(&[-1.0, 1.0]), [-1.0, -0.5, 0.0, 0.5, 1.0]);
        let log = |values: &[f64]| Range::of(Scale::Log, values.iter().copied()).ticks();
        assert_eq!(log(&[0.05, 20.0]), [0.1, 1.0, 10.0]);
        assert_eq!(log(&[0.4, 3.0]), [0.5, 1.0, 2.0]);
        assert_eq!(log(&[3.0, 4.0]).len(), 0);
    }
}
