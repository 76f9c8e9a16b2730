//! The checklist of "On Evaluating Adversarial Robustness" (Carlini et al. 2019, arXiv:1902.06705,
//! section 5), and what a report covers of it.

use serde::{Deserialize, Serialize};

use super::report::{Report, SignId, TARGETED};
use crate::config::Effort;

/// A point of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckItem {
    /// What is to be done, in our words.
    pub item: String,
    /// Whether this report does it.
    pub covered: bool,
    /// By what, or why not.
    pub how: String,
}

/// The list for a report whose signs and rungs are known.
pub fn checklist(report: &Report) -> Vec<CheckItem> {
    let has = |id| report.signs.iter().any(|sign| sign.id == id);
    let mut list = Vec::new();
    let mut put = |item: &str, covered: bool, by: &str, otherwise: &str| {
        list.push(CheckItem {
            item: item.to_owned(),
            covered,
            how: if covered { by } else { otherwise }.to_owned(),
        });
    };
    let stopped = if report.stopped {
        "the evaluation was stopped before it"
    } else {
        "attacks with gradients left nothing standing to try it on"
    };
    put(
        "State a precise threat model",
        true,
        "norm, radius and image range stand at the head; the attacker knows the weights",
        stopped,
    );
    put(
        "Perform adaptive attacks",
        false,
        "",
        "the attacks are the same for every model; only those on rescaled logits, on randomness and around a guard are made for a kind of defence. A new kind of defence needs an attack of its own",
    );
    put(
        "Report clean accuracy beside robust accuracy",
        true,
        "both stand at the head",
        stopped,
    );
    put(
        "Try attacks with gradients, with several losses",
        has(SignId::OtherLoss),
        "FGSM, PGD on three losses, Auto-PGD on two, FAB",
        stopped,
    );
    put(
        "Show that attacks converge: more iterations, more restarts",
        has(SignId::Iterations) && has(SignId::Restarts),
        "iterations are doubled and restarts counted; whether they still gain stands among the signs",
        stopped,
    );
    put(
        "Check that iterative attacks beat one step",
        has(SignId::OneStep),
        "FGSM against PGD, image by image",
        stopped,
    );
    put(
        "Raise the radius until the attack always succeeds",
        has(SignId::Unbounded),
        "the curve of accuracy against the radius",
        stopped,
    );
    put(
        "Try attacks without gradients",
        has(SignId::BlackBox),
        "Square, in the full evaluation also SPSA and HopSkipJump",
        stopped,
    );
    put(
        "Try transferred attacks",
        has(SignId::Transfer),
        "from a plain model that is trained for it",
        stopped,
    );
    put(
        "Compare with random noise",
        has(SignId::Noise),
        "many draws for every image that no gradient led to",
        stopped,
    );
    if report.subject.guard.kind.is_random() {
        put(
            "Average over the model's randomness",
            has(SignId::Randomness),
            "expectation over transformation",
            stopped,
        );
    }
    put(
        "Take the worst case for every image, not the mean over attacks",
        true,
        "an image counts as right only if no attack changed its class",
        stopped,
    );
    put(
        "Look for gradients that vanish, explode or mislead",
        has(SignId::Vanishing) && has(SignId::Uphill),
        "gradients and logits are looked at, and the loss along the gradient",
        stopped,
    );
    put(
        "Attack with targets too",
        report.rungs.iter().any(|rung| rung.name == TARGETED),
        "targeted Auto-PGD and FAB go to up to nine classes for every image",
        if report.stopped {
            stopped
        } else {
            "the attacks before it left nothing standing to try it on"
        },
    );
    put(
        "Release the model and say how it was measured",
        true,
        "every attack stands here with its settings, and the seed with them",
        stopped,
    );
    put(
        "Many images",
        report.subject.effort != Effort::Quick && report.subject.images >= 500,
        "at least 500 test images",
        "fewer than 500 images, or a quick look",
    );
    put(
        "Report a provable lower bound where there is one",
        false,
        "",
        "attacks give upper bounds of robustness alone",
    );
    list
}
