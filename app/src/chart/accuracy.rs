//! The chart of the accuracy on training batches, on held-out images and, at the end, on test images.

use crate::chart::model::{Chart, Reading, Source, lay_out, x_scale};
use crate::format::{count, percent};
use crate::state::history::History;

/// Space for the names at the lines' ends.
pub const NAMES: f64 = 74.0;

/// Evaluations that are marked one by one; more of them would run together.
const MOST_MARKED: usize = 40;

/// The chart.
pub fn chart(history: &History, width: f64) -> Chart {
    let (held_steps, held_values): (Vec<usize>, Vec<f32>) =
        history.held_out.iter().copied().unzip();
    let (test_steps, test_values): (Vec<usize>, Vec<f32>) = history.test.into_iter().unzip();
    let sources = [
        Source {
            name: "Training",
            class: "line-first",
            steps: &history.steps,
            values: &history.accuracy.smooth,
            dots: (&history.steps, &history.accuracy.raw),
        },
        Source {
            name: "Held-out",
            class: "line-second points",
            steps: &held_steps,
            values: &held_values,
            dots: if held_steps.len() <= MOST_MARKED {
                (&held_steps, &held_values)
            } else {
                (&[], &[])
            },
        },
        Source {
            name: "Test",
            class: "line-third points",
            steps: &test_steps,
            values: &test_values,
            dots: (&test_steps, &test_values),
        },
    ];
    lay_out(
        history,
        width,
        NAMES,
        1.0,
        |mark, _| format!("{:.0}%", mark * 100.0),
        &sources,
    )
}

/// The values at a step.
pub fn read(history: &History, index: usize, width: f64) -> Option<Reading> {
    let step = *history.steps.get(index)?;
    let train = history
        .accuracy
        .smooth
        .get(index)
        .map_or_else(String::new, |value| percent(f64::from(*value), 0));
    let mut values = vec![("Training", "line-first", train)];
    // The latest evaluation that the model had had by then.
    if let Some((_, held)) = history.held_out.iter().rfind(|(at, _)| *at <= step) {
        values.push(("Held-out", "line-second", percent(f64::from(*held), 0)));
    }
    if let Some((_, test)) = history.test.filter(|(at, _)| *at <= step) {
        values.push(("Test", "line-third", percent(f64::from(test), 0)));
    }
    Some(Reading {
        x: x_scale(history, width, NAMES).place(step as f64),
        step: count(step),
        values,
    })
}

/// The chart in one sentence.
pub fn summary(history: &History) -> String {
    let mut text = match (history.accuracy.latest(), history.steps.last()) {
        (Some(latest), Some(step)) => format!(
            "Accuracy over training steps: {} on training batches at step {}",
            percent(f64::from(latest), 0),
            count(*step)
        ),
        _ => return "Accuracy over training steps: no step yet.".to_owned(),
    };
    if let Some((_, held)) = history.held_out.last() {
        text += &format!(", {} on held-out images", percent(f64::from(*held), 0));
    }
    if let Some((_, test)) = history.test {
        text += &format!(", {} on test images", percent(f64::from(test), 0));
    }
    text + "."
}
