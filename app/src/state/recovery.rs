//! What is done when the GPU goes away in the middle of something: a driver that starts anew, a laptop
//! that changes its graphics card, a process of the browser's that ends.
//!
//! Everything on the device is lost, and the worker with it. The device is opened again, and what was at
//! hand is opened from where it was last stored; training goes on by itself.

use leptos::prelude::*;
use squeeze_engine::protocol::Command;

use crate::engine::start;
use crate::state::device::DeviceView;
use crate::state::lab::{Asked, Lab};
use crate::state::models::ReadyModel;
use crate::state::phase::{Model, Phase};
use crate::state::problem::{Problem, WayOut};

/// After so many losses in a row the device is not opened again unasked.
const MOST_LOSSES: u32 = 3;

/// A browser whose process for graphics has just ended needs a moment to start another.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(1500);

/// What is known of losses.
#[derive(Clone, Debug, Default)]
pub struct Recovery {
    /// Losses since something was last stored or brought to its end.
    losses: u32,
    /// What to tell the visitor once everything is open again.
    told: Option<String>,
    /// The run to go on with then.
    train: Option<String>,
}

impl Lab {
    /// The GPU is gone, or the worker that had it, while the page stood at `phase`. `reason` is a sentence.
    pub(super) fn device_lost(self, phase: Phase, reason: &str) {
        let losses = self.recovery.with_value(|recovery| recovery.losses) + 1;
        let run = self.run.get_untracked();
        let model = self.model.with_untracked(|open| {
            let named = |model: &&ReadyModel| open.as_ref() == Some(&model.name);
            self.models
                .with_untracked(|models| models.iter().find(named).cloned())
        });
        let data = untrack(|| self.data_kind());
        self.put_all_away();
        if losses >= MOST_LOSSES {
            self.recovery.set_value(Recovery::default());
            self.device.set(DeviceView::None);
            self.report(Problem::new(
                format!(
                    "{reason} It was the third time in a row. The CPU is slower and stays where it is. \
                     The settings are kept, and so are the runs as they were last saved."
                ),
                WayOut::OtherDevice,
            ));
            return;
        }
        self.note(format!("{reason} The GPU is being opened again."));
        self.recovery.set_value(Recovery {
            losses,
            told: Some(format!("{reason} {}", outcome(phase, run.is_some()))),
            train: run.clone().filter(|_| phase.model == Model::Training),
        });
        self.sources
            .update_value(|sources| sources.then_open = data.zip(run));
        self.then_model.set_value(model);
        set_timeout(move || start::open(self), PAUSE);
    }

    /// The GPU's memory is full, and its device of no more use. It is opened again, but what it was at is
    /// not begun again: it would come to the same.
    pub(super) fn memory_full(self, phase: Phase, message: &str) {
        self.recovery.set_value(Recovery::default());
        self.device_lost(phase, "The GPU's memory was full.");
        self.recovery.set_value(Recovery {
            losses: 0,
            told: Some(Problem::new(message, WayOut::Dismiss).sentence),
            train: None,
        });
    }

    /// What was at hand before a loss is open again, as far as it could be.
    pub(super) fn recovered(self) {
        let now = self.recovery.try_update_value(|recovery| {
            let told = recovery.told.take();
            (told, recovery.train.take())
        });
        let Some((told, train)) = now else {
            return;
        };
        if let Some(told) = told {
            self.problems.update(Vec::clear);
            self.note(told);
        }
        if train.is_some() && train == self.run.get_untracked() {
            self.ask_unbidden(Asked::Resume, &Command::Resume, &[]);
        }
    }

    /// The device has brought something to its end: whatever it lost before is no row any more.
    pub(super) fn device_works(self) {
        self.recovery.update_value(|recovery| recovery.losses = 0);
    }
}

/// What became of what was at work.
fn outcome(phase: Phase, is_stored: bool) -> &'static str {
    if phase.model == Model::Training {
        return if is_stored {
            "It was opened again, and the run goes on from where it was last saved."
        } else {
            "It was opened again. The run was not stored, so it has to be trained anew."
        };
    }
    if phase.can_stop_evaluation() {
        return "It was opened again. The verdict was lost half-way: judge once more.";
    }
    if phase.busy() {
        return "It was opened again. What it was at was lost: start it once more.";
    }
    "It was opened again, and nothing was lost."
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::phase::Trial;

    #[test]
    fn what_was_lost_is_said() {
        let training = Phase {
            model: Model::Training,
            ..Phase::default()
        };
        assert!(outcome(training, true).contains("last saved"));
        assert!(outcome(training, false).contains("trained anew"));
        let attacking = Phase {
            model: Model::Ready,
            attack: Trial::Running,
            ..Phase::default()
        };
        assert!(outcome(attacking, true).contains("start it once more"));
        let judging = Phase {
            evaluation: Trial::Running,
            ..attacking
        };
        assert!(outcome(judging, false).contains("judge once more"));
        assert!(outcome(Phase::default(), true).contains("nothing was lost"));
    }
}
