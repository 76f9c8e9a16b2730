//! [`Stop`]: the parts of the tour, in the order of the story.

use leptos::prelude::*;

use crate::format::percent;
use crate::state::lab::Lab;
use crate::state::phase::Trial;

/// The model that seems to stand, by its id in `models/index.json`.
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
    /// Whether it does.
    Verdict,
    /// The visitor's own.
    Train,
}

impl Stop {
    /// All of them, in order.
    pub const ALL: [Self; 7] = [
        Self::Model,
        Self::Attack,
        Self::Look,
        Self::Squeezed,
        Self::AttackAgain,
        Self::Verdict,
        Self::Train,
    ];

    /// The part of the page that it is about.
    pub fn anchor(self) -> &'static str {
        match self {
            Self::Model | Self::Squeezed => "models",
            Self::Attack | Self::AttackAgain => "attack",
            Self::Look => "closeup",
            Self::Verdict => "verdict",
            Self::Train => "train",
        }
    }

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Model => "A model that reads digits",
            Self::Attack => "Fool it",
            Self::Look => "See how little it takes",
            Self::Squeezed => "A squeezed model",
            Self::AttackAgain => "The same attack",
            Self::Verdict => "Robust, or only masked?",
            Self::Train => "Now squeeze one yourself",
        }
    }

    /// What the visitor is to do there has been done; where there is nothing to do, always.
    pub fn is_done(self, lab: Lab) -> bool {
        match self {
            Self::Model => lab.model.with(Option::is_some),
            Self::Attack | Self::AttackAgain => lab.phase.get().attack == Trial::Done,
            Self::Squeezed => lab.model.get() == squeezed(lab),
            Self::Verdict => lab.phase.get().evaluation == Trial::Done,
            Self::Look | Self::Train => true,
        }
    }

    /// What to do.
    pub fn before(self, lab: Lab) -> String {
        match self {
            Self::Model => "A trained model opens by itself as soon as the engine is there.".to_owned(),
            Self::Attack => {
                "Press Attack. Each pixel may change by no more than the budget ε; forty times the \
                 attack asks the model which way hurts most, and takes a step."
                    .to_owned()
            }
            Self::Squeezed => format!(
                "Open “{}”. While it was trained, a penalty kept its raw scores, the logits, small. \
                 That costs no more than ordinary training.",
                squeezed(lab).unwrap_or_default()
            ),
            Self::AttackAgain => {
                "Press Attack once more: same images, same budget, same forty steps.".to_owned()
            }
            Self::Verdict => {
                "Press the button: a ladder of attacks, from weak to strong, tries the images that the \
                 ones before left standing. It takes a minute or two."
                    .to_owned()
            }
            Self::Look | Self::Train => self.after(lab),
        }
    }

    /// What came of it.
    pub fn after(self, lab: Lab) -> String {
        match self {
            Self::Model => match clean(lab) {
                Some(share) => format!(
                    "It is open already. Of test digits that it has never seen it gets {share} right. It \
                     was trained in the ordinary way, with no defence."
                ),
                None => "A model is open already.".to_owned(),
            },
            Self::Attack => attacked(lab, |clean, robust| {
                format!("{clean} were right, {robust} still are. To you the digits look almost the same.")
            }),
            Self::Look => "Choose an image below the close-up. Move the slider to go through the attack step \
                           by step: the image, what was added to it, and what the model believes."
                .to_owned(),
            Self::Squeezed => "It is open. On clean digits it is as good as the first one.".to_owned(),
            Self::AttackAgain => attacked(lab, |clean, robust| {
                format!(
                    "{clean} were right, and {robust} still are: far more than without a defence. But has \
                     the attack failed because the model holds, or because its tiny logits hide the way?"
                )
            }),
            Self::Verdict => lab.judgement.with(|judgement| {
                let verdict = judgement
                    .as_ref()
                    .and_then(|judgement| Some((judgement, judgement.report.as_ref()?)));
                match verdict {
                    Some((judgement, report)) => format!(
                        "{}: under the strongest of all these attacks {} are right. The signs beside the \
                         ladder say what gave it away.",
                        report.verdict.heading(),
                        percent(judgement.standing(), report.subject.images)
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

fn squeezed(lab: Lab) -> Option<String> {
    lab.models.with(|models| {
        let model = models.iter().find(|model| model.id == SQUEEZED);
        model.map(|model| model.name.clone())
    })
}

/// Accuracy of the model at hand, as its card has it.
fn clean(lab: Lab) -> Option<String> {
    let name = lab.model.get()?;
    lab.models.with(|models| {
        let model = models.iter().find(|model| model.name == name);
        model.map(|model| percent(model.clean, 0))
    })
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
