//! `metrics.jsonl`: one line of JSON a step and an evaluation. Holds nothing that depends on the
//! clock: equal runs write equal files.

use serde::{Deserialize, Serialize};

use crate::event::{Evaluation, Event, StepMetrics};

/// All that was measured on a run's way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The steps, in order.
    pub steps: Vec<StepMetrics>,
    /// The evaluations, in order.
    pub evaluations: Vec<Evaluation>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line {
    Step(StepMetrics),
    Evaluation(Evaluation),
}

/// Adds the lines of an event that has any.
pub fn write(text: &mut String, event: &Event) {
    match event {
        Event::Steps(steps) => {
            for step in &steps.steps {
                write_step(text, step);
            }
        }
        Event::Evaluation(evaluation) => write_evaluation(text, evaluation),
        _ => {}
    }
}

/// Adds the line of a step.
pub fn write_step(text: &mut String, step: &StepMetrics) {
    add(text, &Line::Step(*step));
}

/// Adds the line of an evaluation.
pub fn write_evaluation(text: &mut String, evaluation: &Evaluation) {
    add(text, &Line::Evaluation(*evaluation));
}

fn add(text: &mut String, line: &Line) {
    // Plain data always has a JSON form.
    text.push_str(&serde_json::to_string(line).unwrap_or_default());
    text.push('\n');
}

/// Reads the lines. A last line without its end, as a killed program leaves it, is left out.
///
/// # Errors
/// The number of the first wrong line, from 1, and what is wrong with it.
pub fn read(text: &str) -> Result<History, (usize, String)> {
    let mut history = History::default();
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let Some(line) = line.strip_suffix('\n') else {
            break;
        };
        match serde_json::from_str(line).map_err(|error| (number, error.to_string()))? {
            Line::Step(step) => history.steps.push(step),
            Line::Evaluation(evaluation) => history.evaluations.push(evaluation),
        }
    }
    Ok(history)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::event::Part;

    fn step(step: usize) -> StepMetrics {
        StepMetrics {
            step,
            loss: 0.1 + step as f32,
            cross_entropy: 1.0 / 3.0,
            penalty: 0.0,
            accuracy: 0.5,
            logit_norm: 1e-20,
            learning_rate: 1e-3,
        }
    }

    #[test]
    fn lines_come_back_as_they_were_and_a_torn_one_is_left_out() {
        let evaluation = Evaluation {
            part: Part::HeldOut,
            step: 2,
            images: 7,
            accuracy: 3.0 / 7.0,
            cross_entropy: 0.2,
        };
        let mut text = String::new();
        write_step(&mut text, &step(1));
        write_step(&mut text, &step(2));
        write_evaluation(&mut text, &evaluation);
        let whole = read(&text).unwrap();
        assert_eq!(whole.steps, [step(1), step(2)]);
        assert_eq!(whole.evaluations, [evaluation]);
        for torn in 1..30 {
            let history = read(&text[..text.len() - torn]).unwrap();
            assert_eq!(history.steps.len(), 2);
            assert_eq!(history.evaluations.len(), 0);
        }
        let (line, error) = read(&format!("{text}{{\"type\":\"stone\"}}\n")).unwrap_err();
        assert_eq!(line, 4);
        assert!(error.contains("stone"), "{error}");
    }
}
