//! The chart of the accuracy on training batches, on held-out images, on some of them under a short attack
//! and, at the end, on test images.

use crate::chart::model::{Chart, Reading, Shown, Source, lay_out, x_scale};
use crate::format::{count, percent};
use crate::state::history::History;

/// Space for the names at the lines' ends.
pub const NAMES: f64 = 74.0;

/// Evaluations that are marked one by one; more of them would run together.
const MOST_MARKED: usize = 40;

/// The chart.
pub fn chart(shown: Shown<'_>, width: f64) -> Chart {
    let history = shown.run;
    let (held_steps, held_values): (Vec<usize>, Vec<f32>) =
        history.held_out.iter().copied().unzip();
    let (test_steps, test_values): (Vec<usize>, Vec<f32>) = history.test.into_iter().unzip();
    let (attacked_steps, attacked_values): (Vec<usize>, Vec<f32>) = history.attacked().unzip();
    let marked = |steps, values| {
        if held_steps.len() <= MOST_MARKED {
            (steps, values)
        } else {
            (&[] as &[usize], &[] as &[f32])
        }
    };
    let mut sources = vec![
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
            dots: marked(&held_steps, &held_values),
        },
        Source {
            name: "Attacked",
            class: "line-fourth points",
            steps: &attacked_steps,
            values: &attacked_values,
            dots: marked(&attacked_steps, &attacked_values),
        },
        Source {
            name: "Test",
            class: "line-third points",
            steps: &test_steps,
            values: &test_values,
            dots: (&test_steps, &test_values),
        },
    ];
    // Of other runs what is measured alike: clean and attacked held-out images.
    let others: Vec<[(Vec<usize>, Vec<f32>); 2]> = shown
        .others
        .iter()
        .map(|other| {
            [
                other.history.held_out.iter().copied().unzip(),
                other.history.attacked().unzip(),
            ]
        })
        .collect();
    for (other, lines) in shown.others.iter().zip(&others) {
        let classes = ["line-other", "line-other attacked"];
        sources.extend(
            lines
                .iter()
                .zip(classes)
                .map(|((steps, values), class)| Source {
                    name: other.letter,
                    class,
                    steps,
                    values,
                    dots: (&[], &[]),
                }),
        );
    }
    lay_out(
        shown,
        width,
        NAMES,
        1.0,
        |mark, _| format!("{:.0}%", mark * 100.0),
        &sources,
    )
}

/// The values at a step.
pub fn read(shown: Shown<'_>, index: usize, width: f64) -> Option<Reading> {
    let history = shown.run;
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
    if let Some((_, attacked)) = history.attacked().filter(|(at, _)| *at <= step).last() {
        values.push(("Attacked", "line-fourth", percent(f64::from(attacked), 0)));
    }
    if let Some((_, test)) = history.test.filter(|(at, _)| *at <= step) {
        values.push(("Test", "line-third", percent(f64::from(test), 0)));
    }
    Some(Reading {
        x: x_scale(shown, width, NAMES).place(step as f64),
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
    if let Some((_, attacked)) = history.attacked().last() {
        let attacked = percent(f64::from(attacked), 0);
        text += &format!(", {attacked} on some of them under a short attack");
    }
    if let Some((_, test)) = history.test {
        text += &format!(", {} on test images", percent(f64::from(test), 0));
    }
    text + "."
}
