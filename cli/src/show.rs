//! Shows events: progress bars on a terminal, plain lines elsewhere, JSON for machines.

use std::io::IsTerminal;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use squeeze_engine::config::distance;
use squeeze_engine::event::{
    AttackProgress, AttackSummary, Event, LossScaleSeen, Part, Rung, StepMetrics, Steps,
};

use crate::devices::describe;
use crate::say::say;

/// Plain lines come about this often, in shares of the whole.
const LINES: usize = 20;

/// Where events go.
pub enum Show {
    /// One line of JSON an event, on standard output.
    Json,
    /// For people, on standard error; the result on standard output.
    People(People),
}

/// What is on show for people.
pub struct People {
    bar: Option<ProgressBar>,
    last_line: usize,
    accuracy: Option<f64>,
    robust: Option<f64>,
}

impl Show {
    /// Shows what `run` emits, until that fails; gives back what it came to.
    ///
    /// # Errors
    /// That of `run`, or that of showing.
    pub fn follow<T, E: Into<anyhow::Error>>(
        &mut self,
        run: impl FnOnce(&mut dyn FnMut(Event)) -> std::result::Result<T, E>,
    ) -> Result<T> {
        let mut shown = Ok(());
        let done = run(&mut |event| {
            if shown.is_ok() {
                shown = self.event(&event);
            }
        });
        let done = done.map_err(Into::into)?;
        shown?;
        Ok(done)
    }

    /// JSON if asked for, else for people.
    pub fn new(json: bool) -> Self {
        if json {
            return Self::Json;
        }
        Self::People(People {
            bar: None,
            last_line: 0,
            accuracy: None,
            robust: None,
        })
    }

    /// Shows one event.
    pub fn event(&mut self, event: &Event) -> Result<()> {
        match self {
            Self::Json => say!("{}", line(event)?),
            Self::People(people) => people.event(event),
        }
        Ok(())
    }

    /// A line for people only.
    pub fn note(&self, line: &str) {
        if let Self::People(people) = self {
            match &people.bar {
                Some(bar) if !bar.is_finished() => bar.println(line),
                _ => say!("{line}"),
            }
        }
    }
}

/// An event as a line of JSON: what it is as `type`, then its fields.
fn line(event: &Event) -> Result<String> {
    let text = serde_json::to_string(event)?;
    // `{"name":{fields}}`: every event has fields.
    let parts = text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'))
        .and_then(|text| text.split_once(":{"));
    Ok(match parts {
        Some((name, fields)) => format!("{{\"type\":{name},{fields}"),
        None => text,
    })
}

impl People {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Device(report) => eprintln!("{}", describe(report)),
            Event::Data(data) => eprintln!(
                "data: {}, {} training and {} test images of {:?}, {} classes",
                data.name,
                data.train_images,
                data.test_images,
                data.image_shape,
                data.classes.len()
            ),
            Event::TrainingStarted(started) => {
                let config = &started.config;
                (self.accuracy, self.robust) = (None, None);
                eprintln!(
                    "network: {}, {} parameters",
                    config.network.name(),
                    started.parameters
                );
                if let Some(critical) = started.critical_beta {
                    let rise = match config.objective.warmup_steps(config.training.steps) {
                        0 => String::new(),
                        steps => format!(", which it reaches at step {steps}"),
                    };
                    eprintln!(
                        "squeeze: beta {}{rise}, beta_c {critical:.2}. {}",
                        config.objective.beta,
                        if config.objective.beta > critical {
                            "Past beta_c equal logits minimise the objective: their differences become tiny, and attacks that follow gradients may stall without the model being robust."
                        } else {
                            "Below beta_c the penalty alone cannot collapse the network."
                        }
                    );
                }
                self.start(config.training.steps, started.step);
            }
            Event::Steps(steps) => self.steps(steps),
            Event::Evaluation(evaluation) if evaluation.part == Part::HeldOut => {
                self.accuracy = Some(evaluation.accuracy);
            }
            Event::Look(look) => self.robust = look.attack.map(|attack| attack.accuracy),
            Event::Paused { step } => self.finish(&format!("paused at step {step}")),
            Event::Stopped { step } => self.finish(&format!("stopped at step {step}")),
            Event::TrainingFinished(summary) => self.finish(&format!(
                "trained {} steps in {:.1} s: {:.2} % of {} test images are classified correctly",
                summary.steps,
                summary.seconds,
                100.0 * summary.test.accuracy,
                summary.test.images
            )),
            // What a page shows: pictures, stored runs, and savings, which are often.
            Event::AttackStarted(_)
            | Event::AttackFrame(_)
            | Event::Filters(_)
            | Event::Comparing { .. }
            | Event::Compared { .. }
            | Event::Guessed { .. }
            | Event::Saved { .. }
            // That of the test set comes with the end of training.
            | Event::Evaluation(_)
            // Its table of signs comes with the verdict.
            | Event::Sign(_)
            | Event::DataProgress { .. }
            | Event::Bench(_)
            | Event::Runs { .. }
            | Event::RunOpened(_)
            | Event::RunCurves(_)
            | Event::ModelOpened(_)
            | Event::File { .. } => {}
            Event::EvaluationStarted(started) => self.line(&format!(
                "without attack: {:.2} % of {} images are classified correctly",
                100.0 * started.clean_accuracy,
                started.subject.images
            )),
            Event::AttackChoosing { done, total } => self.choosing(*done, *total),
            Event::AttackChosen(chosen) => {
                if let Some(bar) = self.bar.take() {
                    bar.finish_and_clear();
                }
                self.last_line = 0;
                if let Some(sentence) = chosen.shortfall() {
                    self.line(&sentence);
                }
            }
            Event::AttackProgress(progress) => self.attack(progress),
            Event::RungProgress { name, done } => self.rung_progress(name, *done),
            Event::Rung(rung) => self.rung(rung),
            Event::Transfer(row) => self.line(&format!("made on {}: tried on all", row.source)),
            Event::SuiteFinished(summary) => self.finish(&format!(
                "AutoAttack {}, {} {}: {} images, {:.2} % right without attack, {:.2} % under it ({:.1} s{})",
                summary.suite.name(),
                summary.norm.name(),
                distance(summary.epsilon),
                summary.images,
                100.0 * summary.clean_accuracy,
                100.0 * summary.robust_accuracy,
                summary.seconds,
                if summary.stopped { "; stopped early" } else { "" }
            )),
            Event::Verdict(report) => {
                if let Some(bar) = self.bar.take() {
                    bar.finish_and_clear();
                }
                eprintln!("{} after {:.1} s", report.verdict.title(), report.seconds);
            }
            Event::AttackFinished(summary) => self.finish(&attack_result(summary)),
            Event::Warning { message } => self.finish(&format!("note: {message}")),
            Event::Failed { message } | Event::DeviceLost { message, .. } => self.finish(&format!("failed: {message}")),
        }
    }

    fn steps(&mut self, steps: &Steps) {
        let Some(last) = steps.steps.last() else {
            return;
        };
        let StepMetrics {
            step,
            loss,
            accuracy,
            logit_norm,
            ..
        } = last;
        let held_out = match (self.accuracy, self.robust) {
            (Some(accuracy), Some(robust)) => format!(
                ", held-out accuracy {:.2} %, {:.1} % under a short attack",
                100.0 * accuracy,
                100.0 * robust
            ),
            (Some(accuracy), None) => format!(", held-out accuracy {:.2} %", 100.0 * accuracy),
            (None, _) => String::new(),
        };
        let left = steps.total_steps.saturating_sub(*step) as f64 / steps.steps_per_sec;
        // The bar has its own.
        let left = match self.bar.is_none() && left.is_finite() && left > 0.0 {
            true => format!(", {} of training left", duration(left / 3600.0)),
            false => String::new(),
        };
        let scale = match steps.loss_scale {
            Some(LossScaleSeen { scale, left_out }) => {
                format!(", loss scale {scale}, {left_out} steps left out")
            }
            None => String::new(),
        };
        self.at(
            *step,
            steps.total_steps,
            &format!(
                "loss {loss:.4}, batch accuracy {:.1} %, logit norm {logit_norm:.2}{held_out}{scale}, {:.1} steps/s{left}",
                100.0 * accuracy,
                steps.steps_per_sec
            ),
        );
    }

    fn attack(&mut self, progress: &AttackProgress) {
        if self.bar.is_none() && self.last_line == 0 {
            self.start(progress.images, 0);
        }
        self.at(
            progress.images_done,
            progress.images,
            &format!(
                "{} of them right without attack, {} under it",
                progress.clean_correct, progress.robust_correct
            ),
        );
    }

    fn choosing(&mut self, done: usize, total: usize) {
        if done == 0 {
            self.start(total, 0);
        }
        self.at(done, total, "test images looked at, to choose from them");
    }

    /// A bar of a thousand parts, which is only shown on a terminal: every rung has its line.
    fn rung_progress(&mut self, name: &str, done: f64) {
        if self.bar.is_none() {
            self.start(1000, 0);
        }
        if let Some(bar) = &self.bar {
            bar.set_position((1000.0 * done) as u64);
            bar.set_message(name.to_owned());
        }
    }

    fn rung(&mut self, rung: &Rung) {
        self.line(&format!(
            "{}: tried on {}, fooled {}, {:.2} % left ({:.1} s)",
            rung.name,
            rung.attacked,
            rung.fallen,
            100.0 * rung.standing as f64 / rung.images.max(1) as f64,
            rung.seconds
        ));
    }

    /// A line that stays.
    fn line(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            None => eprintln!("{line}"),
        }
    }

    fn start(&mut self, total: usize, done: usize) {
        self.last_line = done;
        if !std::io::stderr().is_terminal() {
            return;
        }
        // A fixed template is always valid; if not, the default bar does.
        let style = ProgressStyle::with_template("{bar:24} {pos}/{len} {eta} left  {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(total as u64).with_style(style);
        bar.set_position(done as u64);
        self.bar = Some(bar);
    }

    fn at(&mut self, done: usize, total: usize, message: &str) {
        if let Some(bar) = &self.bar {
            bar.set_position(done as u64);
            bar.set_message(message.to_owned());
            return;
        }
        // Less than before: the next of several began.
        self.last_line = self.last_line.min(done);
        if done - self.last_line >= total.div_ceil(LINES) || done == total {
            eprintln!("{done}/{total}: {message}");
            self.last_line = done;
        }
    }

    fn finish(&mut self, line: &str) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.last_line = 0;
        say!("{line}");
    }
}

/// Hours in the unit that suits them.
pub fn duration(hours: f64) -> String {
    match hours {
        hours if hours < 1.0 / 60.0 => format!("{:.0} s", 3600.0 * hours),
        hours if hours < 2.0 => format!("{:.1} min", 60.0 * hours),
        hours if hours < 72.0 => format!("{hours:.1} h"),
        hours => format!("{hours:.0} h ({:.1} days)", hours / 24.0),
    }
}

fn attack_result(summary: &AttackSummary) -> String {
    let config = &summary.config;
    format!(
        "{}, {} {}: {} images, {:.2} % right without attack, {:.2} % under it{} ({:.1} ms an iteration{})",
        config.describe(),
        config.norm.name(),
        distance(config.epsilon),
        summary.images,
        100.0 * summary.clean_accuracy,
        100.0 * summary.robust_accuracy,
        summary.reached.map_or_else(String::new, |share| format!(
            ", {:.2} % of other classes taken for the goal",
            100.0 * share
        )),
        summary.ms_per_iteration,
        if summary.stopped {
            "; stopped early"
        } else {
            ""
        }
    )
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn hours_have_the_unit_that_suits_them() {
        let shown = [0.001, 0.5, 30.0, 702.2].map(duration);
        assert_eq!(shown, ["4 s", "30.0 min", "30.0 h", "702 h (29.3 days)"]);
    }
}
