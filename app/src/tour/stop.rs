//! [`Stop`]: the parts of the tour, in the order of the story.

use leptos::prelude::*;

use crate::format::percent;
use crate::state::lab::Lab;
use crate::state::models::ReadyModel;
use crate::state::phase::Trial;

/// The model that falls, by its id in `models/index.json`.
const NATURAL: &str = "mnist-natural";
/// The model that seems to stand.
const SQUEEZED: &str = "mnist-squeezed-per-example";

/// A part of the tour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// A model is there.
    Model,
    /// It falls.
    Attack,
    /// How it falls.
    Look,
    /// Another one, squeezed.
    Squeezed,
    /// It seems to stand.
    AttackAgain,
    /// Beside the first one.
    Compare,
    /// Whether it does.
    Verdict,
    /// The visitor's own.
    Train,
}

impl Stop {
    /// All of them, in order.
    pub const ALL: [Self; 8] = [
        Self::Model,
        Self::Attack,
        Self::Look,
        Self::Squeezed,
        Self::AttackAgain,
        Self::Compare,
        Self::Verdict,
        Self::Train,
    ];

    /// The part of the page that it is about.
    pub fn anchor(self) -> &'static str {
        match self {
            Self::Model | Self::Squeezed => "models",
            Self::Attack | Self::AttackAgain => "attack",
            Self::Look => "closeup",
            Self::Compare => "compare-view",
            Self::Verdict => "verdict",
            Self::Train => "train",
        }
    }

    /// The control there that it is about, as a selector.
    pub fn control(self) -> Option<&'static str> {
        match self {
            Self::Model => Some("[data-testid=open-mnist-natural]"),
            Self::Look => Some(".closeup-pictures"),
            Self::Squeezed => Some("[data-testid=open-mnist-squeezed-per-example]"),
            Self::Train => Some("[data-testid=preset]"),
            Self::Compare => Some("[data-testid=compare]"),
            Self::Attack | Self::AttackAgain | Self::Verdict => None,
        }
    }

    /// What there is to see once it is done, as a selector, where that is elsewhere.
    pub fn result(self) -> Option<&'static str> {
        match self {
            Self::Attack | Self::AttackAgain => Some("[data-testid=robust-accuracy]"),
            Self::Compare => Some("[data-testid=sides]"),
            Self::Verdict => Some("[data-testid=verdict]"),
            Self::Model | Self::Look | Self::Squeezed | Self::Train => None,
        }
    }

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Model => "A model that reads digits",
            Self::Attack => "Fool it",
            Self::Look => "See it happen",
            Self::Squeezed => "A squeezed model",
            Self::AttackAgain => "The same attack",
            Self::Compare => "What squeezing changes",
            Self::Verdict => "Robust, or only masked?",
            Self::Train => "Now squeeze one yourself",
        }
    }

    /// What the visitor is to do there has been done; where there is nothing to do, always.
    pub fn is_done(self, lab: Lab) -> bool {
        match self {
            Self::Model => is_open(lab, NATURAL),
            Self::Attack => is_open(lab, NATURAL) && is_attacked(lab),
            Self::Look => lab.gallery.with(Option::is_some),
            Self::Squeezed => is_open(lab, SQUEEZED),
            Self::AttackAgain => is_open(lab, SQUEEZED) && is_attacked(lab),
            Self::Compare => lab.comparison.with(Option::is_some),
            Self::Verdict => lab.phase.get().evaluation.is_over(),
            Self::Train => true,
        }
    }

    /// What to do.
    pub fn before(self, lab: Lab) -> String {
        match self {
            Self::Model if lab.phase.get().can_attack() => format!(
                "Open “{}”: a model that was trained in the ordinary way, with no defence.",
                name(lab, NATURAL)
            ),
            Self::Model => "A trained model opens by itself as soon as the engine is there.".to_owned(),
            Self::Attack if !is_open(lab, NATURAL) => go_back(lab, NATURAL),
            Self::Attack => format!(
                "Press Attack. Each pixel may change by no more than the budget ε; {} times the attack \
                 asks the model which way hurts most, and takes a step.",
                lab.config.with(|config| config.attack.iterations)
            ),
            Self::Look => "Press Attack first: then a close-up of the attack is here.".to_owned(),
            Self::Squeezed => format!(
                "Open “{}”. While it was trained, a penalty kept its raw scores, the logits, small. \
                 That costs no more than ordinary training.",
                name(lab, SQUEEZED)
            ),
            Self::AttackAgain if !is_open(lab, SQUEEZED) => go_back(lab, SQUEEZED),
            Self::AttackAgain => {
                "Press Attack once more: same images, same budget, same steps.".to_owned()
            }
            Self::Compare => format!(
                "Beside “Compare with” choose “{}” and press Attack both: one image, two models, the same \
                 budget.",
                name(lab, NATURAL)
            ),
            Self::Verdict => {
                "Press Judge: a ladder of attacks, from weak to strong, looks for what the usual one did not \
                 find. It takes a few minutes on a processor, less on a graphics card."
                    .to_owned()
            }
            Self::Train => self.after(lab),
        }
    }

    /// What came of it.
    pub fn after(self, lab: Lab) -> String {
        match self {
            Self::Model => format!(
                "“{}” is open already. Of test digits that it has never seen it gets {} right. It was \
                 trained in the ordinary way, with no defence.",
                name(lab, NATURAL),
                clean(lab, NATURAL).unwrap_or_default()
            ),
            Self::Attack => attacked(lab, |clean, robust| {
                format!("{clean} were right, {robust} still are. You would still read the right digits.")
            }),
            Self::Look => "Choose an image below the close-up. Move the slider to go through the attack step \
                           by step: the image, what was added to it, and what the model believes."
                .to_owned(),
            Self::Squeezed => format!(
                "It is open. A penalty on its logits, its raw scores, kept them small while it was trained: \
                 where an ordinary model is all but certain, this one is far from it. Of clean digits it gets {} right, \
                 the first one {}.",
                clean(lab, SQUEEZED).unwrap_or_default(),
                clean(lab, NATURAL).unwrap_or_default()
            ),
            Self::AttackAgain => attacked(lab, |clean, robust| {
                format!(
                    "{clean} were right, and {robust} still are. Those that stand: does the model hold, or do \
                     its tiny logits hide the way from the attack?"
                )
            }),
            Self::Compare => "Move the slider below: at its left end both are right, the natural model all but \
                              certain, the squeezed one far from it. On the way the natural one tips over; the other \
                              only creeps. It may be strong, or give the attack too little to follow. Is that robust?"
                .to_owned(),
            Self::Verdict => lab.judgement.with(|judgement| {
                let verdict = judgement
                    .as_ref()
                    .and_then(|judgement| Some((judgement, judgement.report.as_ref()?)));
                match verdict {
                    Some((judgement, report)) => format!(
                        "{}: {} stood through all these attacks together. The signs beside the ladder say \
                         what tells it apart.{}",
                        report.verdict.heading(),
                        percent(judgement.standing(), report.subject.images),
                        match lab.phase.get().evaluation {
                            Trial::Known => " That was found out beforehand; Judge does it before your eyes.",
                            _ => "",
                        }
                    ),
                    None => "The verdict is there.".to_owned(),
                }
            }),
            Self::Train => "Choose a preset, press Train, and watch: under the curves the logits are squeezed \
                            together, while the dotted line tells how the model fares under a short attack. \
                            Then attack and judge it, as you did before."
                .to_owned(),
        }
    }
}

/// Of a ready model what `read` reads of it; nothing until the list of them is there.
fn of<T>(lab: Lab, id: &str, read: impl FnOnce(&ReadyModel) -> T) -> Option<T> {
    lab.models
        .with(|models| models.iter().find(|model| model.id == id).map(read))
}

fn name(lab: Lab, id: &str) -> String {
    of(lab, id, |model| model.name.clone()).unwrap_or_default()
}

fn go_back(lab: Lab, id: &str) -> String {
    format!("Go back and open “{}” first.", name(lab, id))
}

/// Accuracy of a ready model, as its card has it.
fn clean(lab: Lab, id: &str) -> Option<String> {
    of(lab, id, |model| percent(model.clean, 0))
}

fn is_open(lab: Lab, id: &str) -> bool {
    of(lab, id, |model| lab.is_open(model)).unwrap_or(false)
}

fn is_attacked(lab: Lab) -> bool {
    lab.phase.get().attack == Trial::Done
}

fn attacked(lab: Lab, say: impl FnOnce(String, String) -> String) -> String {
    lab.attack_summary.with(|summary| match summary {
        Some(summary) => say(
            percent(summary.clean_accuracy, summary.images),
            percent(summary.robust_accuracy, summary.images),
        ),
        None => "The attack is done.".to_owned(),
    })
}
