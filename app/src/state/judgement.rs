//! [`Judgement`]: an evaluation as far as it has come.

use squeeze_engine::event::{EvaluationStarted, Rung};
use squeeze_engine::verdict::report::{Report, Sign, usual};

/// An evaluation as far as it has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// What is judged, and what it does without attack.
    pub start: EvaluationStarted,
    /// The attacks so far, in order.
    pub rungs: Vec<Rung>,
    /// The questions answered so far, in order.
    pub signs: Vec<Sign>,
    /// Attacks that have begun, those that are no rung among them.
    pub begun: usize,
    /// All of it, once it is over.
    pub report: Option<Box<Report>>,
    /// The report on show when it began.
    pub before: Option<Box<Report>>,
    /// Another one that began after it was stopped half-way.
    pub is_back: bool,
}

/// The attack at work.
#[derive(Clone, Debug, PartialEq)]
pub struct Climbing {
    /// Its name.
    pub name: String,
    /// Share of it that is done, in [0, 1].
    pub done: f64,
}

impl Judgement {
    /// Of an evaluation that begins, in the place of what was on show.
    pub fn begin(start: EvaluationStarted, before: Option<Self>) -> Self {
        Self {
            start,
            rungs: Vec::new(),
            signs: Vec::new(),
            begun: 0,
            report: None,
            before: before.and_then(|before| before.report),
            is_back: false,
        }
    }

    /// Of one that is over.
    pub fn of(report: Box<Report>) -> Self {
        Self {
            start: EvaluationStarted {
                subject: report.subject.clone(),
                clean_accuracy: report.clean_accuracy,
                attacks: report.rungs.len(),
            },
            begun: report.rungs.len(),
            rungs: report.rungs.clone(),
            signs: report.signs.clone(),
            report: Some(report),
            before: None,
            is_back: false,
        }
    }

    /// Of this one, which is over with `report`: what was on show before it, if that outweighs it.
    pub fn end(self, report: Box<Report>) -> Self {
        match self.before {
            Some(before) if before.outweighs(&report) => Self {
                is_back: true,
                ..Self::of(before)
            },
            _ => Self::of(report),
        }
    }

    /// Share of the images that the usual attack left standing, in [0, 1], once that is known: what the
    /// model looks like.
    pub fn apparent(&self) -> Option<f64> {
        if let Some(report) = &self.report {
            return report.apparent_accuracy;
        }
        let usual = usual(&self.rungs)?;
        let left = usual.attacked - usual.fallen;
        Some(left as f64 / usual.images.max(1) as f64)
    }

    /// Share of the planned attacks that is over, in [0, 1], with `done` of the one at work.
    pub fn progress(&self, done: f64) -> f64 {
        let planned = self.start.attacks.max(self.begun).max(1);
        ((self.begun.max(1) - 1) as f64 + done) / planned as f64
    }

    /// Share of the images on which the model has been right throughout, in [0, 1].
    pub fn standing(&self) -> f64 {
        self.rungs.last().map_or(self.start.clean_accuracy, |rung| {
            rung.standing as f64 / rung.images.max(1) as f64
        })
    }
}
