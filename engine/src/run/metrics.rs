//! `metrics.jsonl`: one line of JSON a step, an evaluation and a look. Holds nothing that depends on the
//! clock: equal runs write equal files.

use serde::{Deserialize, Serialize};

use crate::event::{Evaluation, Event, Look, Part, StepMetrics};

/// All that was measured on a run's way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The steps, in order.
    pub steps: Vec<StepMetrics>,
    /// The evaluations, in order.
    pub evaluations: Vec<Evaluation>,
    /// What was seen beside the evaluations, in order.
    pub looks: Vec<Look>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line {
    Step(StepMetrics),
    Evaluation(Evaluation),
    Look(Look),
}

/// Adds the lines of an event that has any.
pub fn write(text: &mut String, event: &Event) {
    match event {
        Event::Steps(steps) => {
            for step in &steps.steps {
                add(text, &Line::Step(*step));
            }
        }
        Event::Evaluation(evaluation) => add(text, &Line::Evaluation(*evaluation)),
        Event::Look(look) => add(text, &Line::Look(look.clone())),
        _ => {}
    }
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
    for line in lines(text) {
        match line?.1 {
            Line::Step(step) => history.steps.push(step),
            Line::Evaluation(evaluation) => history.evaluations.push(evaluation),
            Line::Look(look) => history.looks.push(look),
        }
    }
    Ok(history)
}

/// The lines up to a state that has had `to` steps, the last evaluation of held-out images at step
/// `looked_at`. They are kept as they are: numbers that were read and written again might differ.
///
/// # Errors
/// As [`read`].
pub fn cut(text: &str, to: usize, looked_at: usize) -> Result<String, (usize, String)> {
    let mut kept = String::new();
    for line in lines(text) {
        let (text, line) = line?;
        let keep = match line {
            Line::Step(step) => step.step <= to,
            Line::Evaluation(evaluation) => {
                evaluation.part == Part::HeldOut && evaluation.step <= looked_at
            }
            Line::Look(look) => look.step <= looked_at,
        };
        if keep {
            kept.push_str(text);
        }
    }
    Ok(kept)
}

/// The whole lines, and what they say.
fn lines(text: &str) -> impl Iterator<Item = Result<(&str, Line), (usize, String)>> {
    (1..)
        .zip(text.split_inclusive('\n'))
        .filter(|(_, line)| line.ends_with('\n'))
        .map(|(number, line)| match serde_json::from_str(line) {
            Ok(parsed) => Ok((line, parsed)),
            Err(error) => Err((number, error.to_string())),
        })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

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
        add(&mut text, &Line::Step(step(1)));
        add(&mut text, &Line::Step(step(2)));
        add(&mut text, &Line::Evaluation(evaluation));
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
    #[test]
    fn a_cut_keeps_the_lines_before_it_as_they_are() {
        // More digits than a reader keeps.
        let look = |part, step| {
            format!(
                "{{\"type\":\"evaluation\",\"part\":\"{part}\",\"step\":{step},\"images\":1,\
                 \"accuracy\":0.30000000000000004440,\"cross_entropy\":1.5}}\n"
            )
        };
        let mut first = String::new();
        add(&mut first, &Line::Step(step(1)));
        add(&mut first, &Line::Step(step(2)));
        first.push_str(&look("held-out", 2));
        let mut second = String::new();
        add(&mut second, &Line::Step(step(3)));
        second.push_str(&look("test", 2));
        let text = format!("{first}{second}{{\"ty");
        assert_eq!(cut(&text, 2, 2).unwrap(), first);
        assert_eq!(
            cut(&text, 2, 0).unwrap(),
            first[..first.len() - look("held-out", 2).len()]
        );
        assert_eq!(cut(&text, 0, 0).unwrap(), "");
    }
}
