//! Charts of one curve: the norm of the logits, which squeezing presses down, and the learning rate.

use crate::chart::model::{Chart, Reading, Shown, Source, lay_out, x_scale};
use crate::format::{count, reading, short, small};
use crate::state::history::History;

/// Space for the names at the lines' ends.
pub const NAMES: f64 = 74.0;

/// What makes one of them differ from the other.
pub struct Single {
    /// The curve's name, at its end.
    name: &'static str,
    /// What it shows, as a sentence begins.
    about: &'static str,
    /// The same, while there is no value.
    empty: &'static str,
    /// The line.
    line: fn(&History) -> &[f32],
    /// What was measured, where that is dots beside the line.
    dots: Option<fn(&History) -> &[f32]>,
    /// The values at single steps.
    values: fn(&History) -> &[f32],
    /// Height of an empty chart.
    height: f64,
    /// A mark of the value axis, with so many digits after the point.
    mark: fn(f64, usize) -> String,
    /// A value at the cursor.
    value: fn(f64) -> String,
    /// A value in the sentence.
    spoken: fn(f64) -> String,
}

/// The norm of the logits.
pub const NORM: Single = Single {
    name: "Norm",
    about: "Mean norm of an image's logits over training steps",
    empty: "Norm of the logits over training steps",
    line: |run| &run.logit_norm.smooth,
    dots: Some(|run| &run.logit_norm.raw),
    values: |run| &run.logit_norm.raw,
    height: 1.0,
    mark: |mark, digits| format!("{mark:.digits$}"),
    value: reading,
    spoken: short,
};

/// The learning rate.
pub const RATE: Single = Single {
    name: "Rate",
    about: "Learning rate over training steps",
    empty: "Learning rate over training steps",
    line: |run| &run.rate.raw,
    dots: None,
    values: |run| &run.rate.raw,
    height: 0.001,
    mark: |mark, _| small(mark),
    value: small,
    spoken: small,
};

impl Single {
    /// The chart.
    pub fn chart(&self, shown: Shown<'_>, width: f64) -> Chart {
        let history = shown.run;
        let dots = self.dots.map(|dots| dots(history));
        let mut sources = vec![Source {
            name: self.name,
            class: "line-first",
            steps: &history.steps,
            values: (self.line)(history),
            dots: dots.map_or((&[], &[]), |dots| (&history.steps, dots)),
        }];
        sources.extend(shown.beside(|other| (&other.steps, (self.line)(other))));
        let highest = shown.highest(self.line);
        let height = if highest > 0.0 { highest } else { self.height };
        lay_out(shown, width, NAMES, height, self.mark, &sources)
    }

    /// The value at a step.
    pub fn read(&self, shown: Shown<'_>, index: usize, width: f64) -> Option<Reading> {
        let step = *shown.run.steps.get(index)?;
        let value = *(self.values)(shown.run).get(index)?;
        Some(Reading {
            x: x_scale(shown, width, NAMES).place(step as f64),
            step: count(step),
            values: vec![(self.name, "line-first", (self.value)(f64::from(value)))],
        })
    }

    /// The chart in one sentence.
    pub fn summary(&self, history: &History) -> String {
        match ((self.line)(history).last(), history.steps.last()) {
            (Some(latest), Some(step)) => format!(
                "{}: {} at step {}.",
                self.about,
                (self.spoken)(f64::from(*latest)),
                count(*step)
            ),
            _ => format!("{}: no step yet.", self.empty),
        }
    }
}
