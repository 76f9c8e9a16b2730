//! [`Chart`]: a line chart worked out to the last label, ready to be put on the screen.

use crate::chart::path;
use crate::chart::scale::{Scale, ticks};
use crate::format::count;
use crate::state::history::{History, Other};

/// Height of a chart in CSS pixels.
pub const HEIGHT: f64 = 272.0;
/// Space for the y labels.
pub const LEFT: f64 = 44.0;
pub const TOP: f64 = 12.0;
/// Space for the x labels.
pub const BOTTOM: f64 = 30.0;
/// Least distance between two names.
const NAME_GAP: f64 = 16.0;

/// A mark on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Where, in CSS pixels.
    pub at: f64,
    /// What it says.
    pub label: String,
}

/// One curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its name, at its end.
    pub title: &'static str,
    /// Its class in the style sheet.
    pub class: &'static str,
    /// The curve.
    pub path: String,
    /// Single values, as dots.
    pub dots: String,
    /// Its end.
    pub tip: (f64, f64),
    /// Where its name stands: right of every line, moved off the other names.
    pub name: (f64, f64),
}

/// The values under the reader's cursor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// Place of the cursor.
    pub x: f64,
    /// The step.
    pub step: String,
    /// Name, class and value of each curve.
    pub values: Vec<(&'static str, &'static str, String)>,
}

/// A chart of some width, ready to draw.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// Its width in CSS pixels.
    pub width: f64,
    /// The plot's left, top, right and bottom edge.
    pub plot: (f64, f64, f64, f64),
    /// Marks of the step axis.
    pub x_ticks: Vec<Tick>,
    /// Marks of the value axis.
    pub y_ticks: Vec<Tick>,
    /// The curves.
    pub lines: Vec<Line>,
}

/// A curve as a figure describes it.
pub struct Source<'a> {
    /// Its name.
    pub name: &'static str,
    /// Its class in the style sheet.
    pub class: &'static str,
    /// Steps of the line's points.
    pub steps: &'a [usize],
    /// The line's points.
    pub values: &'a [f32],
    /// Steps and values of the dots.
    pub dots: (&'a [usize], &'a [f32]),
}

/// What the charts show.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// The run at hand.
    pub run: &'a History,
    /// Others beside it.
    pub others: &'a [Other],
}

impl<'a> Shown<'a> {
    /// The longest run's steps.
    fn total_steps(&self) -> usize {
        let others = self.others.iter().map(|other| other.history.total_steps);
        others.fold(self.run.total_steps.max(1), usize::max)
    }

    /// The highest finite value of a line, over all runs.
    pub fn highest(&self, values: impl Fn(&History) -> &[f32]) -> f64 {
        let others = self.others.iter().map(|other| &other.history);
        let all = std::iter::once(self.run).chain(others);
        let finite = all
            .flat_map(|run| values(run).iter().copied())
            .filter(|value| value.is_finite());
        f64::from(finite.fold(0.0, f32::max))
    }

    /// A line of every other run.
    pub fn beside<'v>(
        &self,
        line: impl Fn(&'a History) -> (&'v [usize], &'v [f32]),
    ) -> impl Iterator<Item = Source<'v>>
    where
        'a: 'v,
    {
        self.others.iter().map(move |other| {
            let (steps, values) = line(&other.history);
            Source {
                name: other.letter,
                class: "line-other",
                steps,
                values,
                dots: (&[], &[]),
            }
        })
    }
}

/// The map from steps to places, for a chart of that width with so much space for the names at the
/// lines' ends.
pub fn x_scale(shown: Shown<'_>, width: f64, names: f64) -> Scale {
    let length = (width - LEFT - names).max(40.0);
    Scale::new((0.0, shown.total_steps() as f64), LEFT, length)
}

/// Lays a chart out.
pub fn lay_out(
    shown: Shown<'_>,
    width: f64,
    names: f64,
    y_max: f64,
    y_label: impl Fn(f64, usize) -> String,
    sources: &[Source<'_>],
) -> Chart {
    let x = x_scale(shown, width, names);
    let (y_marks, digits) = ticks(y_max, 5, true);
    let top_value = y_marks.last().copied().unwrap_or(1.0);
    let bottom = HEIGHT - BOTTOM;
    let y = Scale::new((0.0, top_value), bottom, TOP - bottom);
    let right = x.place(f64::INFINITY);

    let x_ticks = step_ticks(shown, x, right - LEFT);
    let y_ticks = y_marks
        .iter()
        .map(|mark| Tick {
            at: y.place(*mark),
            label: y_label(*mark, digits),
        })
        .collect();

    let mut lines: Vec<Line> = sources
        .iter()
        .filter_map(|source| {
            let last = source
                .steps
                .iter()
                .zip(source.values)
                .rfind(|(_, value)| value.is_finite())?;
            let tip = (x.place(*last.0 as f64), y.place(f64::from(*last.1)));
            Some(Line {
                title: source.name,
                class: source.class,
                path: path::line(source.steps, source.values, x, y),
                dots: path::dots(source.dots.0, source.dots.1, x, y),
                tip,
                name: tip,
            })
        })
        .collect();
    // Half a line of text above the axis.
    part_names(&mut lines, bottom - 8.0);

    Chart {
        width,
        plot: (LEFT, TOP, right, bottom),
        x_ticks,
        y_ticks,
        lines,
    }
}

/// Marks of the step axis, which is so long.
pub fn step_ticks(shown: Shown<'_>, x: Scale, length: f64) -> Vec<Tick> {
    let wanted = (length / 90.0).clamp(2.0, 8.0) as usize;
    ticks(shown.total_steps() as f64, wanted, false)
        .0
        .into_iter()
        .filter(|mark| mark.fract() == 0.0)
        .map(|mark| Tick {
            at: x.place(mark),
            label: count(mark as usize),
        })
        .collect()
}

/// Moves the names apart, keeping their order and staying above `floor`.
fn part_names(lines: &mut [Line], floor: f64) {
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by(|a, b| lines[*a].tip.1.total_cmp(&lines[*b].tip.1));
    let furthest = lines.iter().map(|line| line.tip.0).fold(0.0, f64::max);
    let mut least = TOP;
    for index in &order {
        let line = &mut lines[*index];
        line.name = (furthest, line.name.1.max(least));
        least = line.name.1 + NAME_GAP;
    }
    let mut most = floor;
    for index in order.iter().rev() {
        let line = &mut lines[*index];
        line.name.1 = line.name.1.min(most);
        most = line.name.1 - NAME_GAP;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_never_overlap_and_stay_inside() {
        let line = |y: f64| Line {
            title: "",
            class: "",
            path: String::new(),
            dots: String::new(),
            tip: (0.0, y),
            name: (0.0, y),
        };
        let mut lines = vec![line(209.0), line(208.0), line(205.0)];
        part_names(&mut lines, 210.0);
        let mut heights: Vec<f64> = lines.iter().map(|line| line.name.1).collect();
        heights.sort_by(f64::total_cmp);
        assert!(
            heights
                .windows(2)
                .all(|pair| pair[1] - pair[0] >= NAME_GAP - 1e-9)
        );
        assert!(heights.iter().all(|y| *y <= 210.0), "{heights:?}");
        assert!(lines[2].name.1 < lines[1].name.1);
    }
}
