//! The chart of the loss and its parts.

use crate::chart::model::{Chart, Reading, Shown, Source, lay_out, x_scale};
use crate::format::{count, reading, short};
use crate::state::history::{Curve, History};

/// Space for the names at the lines' ends.
pub const NAMES: f64 = 102.0;

/// The loss of guessing among ten classes, ln 10: the height of an empty chart.
const GUESSING: f64 = std::f64::consts::LN_10;

/// The chart.
pub fn chart(shown: Shown<'_>, width: f64) -> Chart {
    let history = shown.run;
    let source = |name, class, curve: &'static str| (name, class, curve);
    let mut parts = vec![source("Loss", "line-main", "loss")];
    if history.has_penalty() {
        parts.push(source("Cross-entropy", "line-first", "cross-entropy"));
        parts.push(source("Penalty", "line-second", "penalty"));
    }
    let mut sources: Vec<Source<'_>> = parts
        .iter()
        .map(|(name, class, which)| {
            let curve = curve(history, which);
            let dots: (&[usize], &[f32]) = if *which == "loss" {
                (&history.steps, &curve.raw)
            } else {
                (&[], &[])
            };
            Source {
                name,
                class,
                steps: &history.steps,
                values: &curve.smooth,
                dots,
            }
        })
        .collect();
    sources.extend(shown.beside(|other| (&other.steps, &other.loss.smooth)));
    // The smoothed line decides: one wild batch must not flatten everything else.
    let highest = shown.highest(|run| &run.loss.smooth);
    lay_out(
        shown,
        width,
        NAMES,
        if highest > 0.0 { highest } else { GUESSING },
        |mark, digits| format!("{mark:.digits$}"),
        &sources,
    )
}

/// The values at a step.
pub fn read(shown: Shown<'_>, index: usize, width: f64) -> Option<Reading> {
    let history = shown.run;
    let step = *history.steps.get(index)?;
    let value = |curve: &Curve| {
        curve
            .raw
            .get(index)
            .map_or_else(String::new, |value| reading(f64::from(*value)))
    };
    let mut values = vec![("Loss", "line-main", value(&history.loss))];
    if history.has_penalty() {
        values.push(("Cross-entropy", "line-first", value(&history.cross_entropy)));
        values.push(("Penalty", "line-second", value(&history.penalty)));
    }
    Some(Reading {
        x: x_scale(shown, width, NAMES).place(step as f64),
        step: count(step),
        values,
    })
}

fn curve<'a>(history: &'a History, which: &str) -> &'a Curve {
    match which {
        "cross-entropy" => &history.cross_entropy,
        "penalty" => &history.penalty,
        _ => &history.loss,
    }
}

/// The chart in one sentence.
pub fn summary(history: &History) -> String {
    match (
        history.loss.smooth.first(),
        history.loss.latest(),
        history.steps.last(),
    ) {
        (Some(first), Some(latest), Some(step)) => format!(
            "Loss over training steps: {} at the start, {} at step {} of {}.",
            short(f64::from(*first)),
            short(f64::from(latest)),
            count(*step),
            count(history.total_steps)
        ),
        _ => "Loss over training steps: no step yet.".to_owned(),
    }
}
