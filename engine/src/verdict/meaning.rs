//! What masking is, with the judged model as the example: every number is one of its report.

use super::report::{Finding, Mask, Report, Sign, SignId, Verdict};
use crate::config::{AttackLoss, AttackMethod};
use crate::event::Rung;

/// What masking is, whatever the model.
pub const MASKING: &str = "An attack that follows the gradient of the loss needs one that points somewhere. \
    Rounding, randomness, tiny logits or a loss that goes up and down along the way can spoil it without making \
    the model any harder to fool. The gradient is masked then: the usual attack fails, the model looks robust, and \
    the images that fool it are still there. A thin mask falls to attacks that follow the same gradient with more \
    care, a thick one only to those that do without it.";

/// What it means for the model of a report, in sentences that each stand alone.
pub fn example(report: &Report) -> Vec<String> {
    let Some(apparent) = report.apparent_accuracy else {
        return vec![
            "The evaluation was stopped before the usual attack was over: this model is no example yet."
                .to_owned(),
        ];
    };
    let (clean, robust) = (report.clean_accuracy, report.robust_accuracy);
    let numbers = format!(
        "The usual attack leaves {} of the images right, everything tried {}",
        percent(apparent),
        percent(robust)
    );
    match report.verdict {
        Verdict::Masked => {
            let shown = longer(report).or_else(|| better_way(report));
            let mut told: Vec<String> = [shown, cause(report)].into_iter().flatten().collect();
            if told.is_empty() {
                told.extend(most_found(report));
            }
            told.push(format!(
                "So the model looked like {} and is {} at most: what lay between was {}.",
                percent(apparent),
                percent(robust),
                match report.mask() {
                    Some(Mask::Thin) => "a thin mask, which its own gradient lifts",
                    Some(Mask::Thick) => "a thick mask, which no gradient lifts",
                    None => "a mask",
                }
            ));
            told
        }
        Verdict::Robust => {
            let mut told = vec![format!(
                "{numbers}: {:.1} points less.",
                100.0 * (apparent - robust)
            )];
            told.push(
                most_found(report).unwrap_or_else(|| {
                    "No other attack found an image that PGD had left.".to_owned()
                }),
            );
            told.push(
                "Behind a mask one of them would have broken through. None did, and no sign of a mask was found."
                    .to_owned(),
            );
            told
        }
        Verdict::NotRobust => {
            let mut told = vec![
                format!(
                    "The usual attack alone brings this model from {} to {}: its gradients show the way, so nothing is hidden.",
                    percent(clean),
                    percent(apparent)
                ),
                "Behind a mask that attack would fail, and another one would succeed.".to_owned(),
            ];
            told.extend(cause(report).map(|odd| format!("One thing is odd all the same. {odd}")));
            told
        }
        Verdict::Undecided => {
            let mut told: Vec<String> = [better_way(report), cause(report)]
                .into_iter()
                .flatten()
                .collect();
            told.push(format!("{numbers}: not enough to call it either."));
            // The first reason says the numbers again; with signs of a mask the next ones say these.
            if told.len() == 1 {
                told.extend(report.reasons.get(1).cloned());
            }
            told
        }
    }
}

fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}

/// An attack that does what those that it is set against did not, and what that shows: the one that gains most.
fn better_way(report: &Report) -> Option<String> {
    let gains = report
        .signs
        .iter()
        .filter(|sign| sign.finding == Finding::Masking)
        .filter_map(|sign| Some((sign, way(sign.id)?)));
    let (sign, (against, way, shows)) = gains.max_by(|a, b| a.0.value.total_cmp(&b.0.value))?;
    let (first, left) = match against {
        Against::Pgd => {
            let last = report.iterations.last()?;
            let first = format!("PGD with {} iterations on the cross-entropy leaves", last.x);
            (first, last.accuracy)
        }
        Against::Gradients => (
            "All attacks that follow the gradient leave".to_owned(),
            report.gradient_accuracy?,
        ),
    };
    Some(format!(
        "{first} {} of the images right; {way} {}. {shows}",
        percent(left),
        percent((left - sign.value).max(0.0))
    ))
}

/// What left the images that an attack was tried on.
#[derive(Clone, Copy)]
enum Against {
    /// Long PGD on the cross-entropy.
    Pgd,
    /// Everything that follows the model's gradient.
    Gradients,
}

/// What an attack is set against, the attack with its verb, and what it shows if it gains much.
fn way(id: SignId) -> Option<(Against, &'static str, &'static str)> {
    Some(match id {
        SignId::Rescaled => (
            Against::Pgd,
            "the same on rescaled logits leaves",
            "The size of the logits hid the gradient; the weakness was there.",
        ),
        SignId::OtherLoss => (
            Against::Pgd,
            "the same on the margin leaves",
            "The cross-entropy showed no way where there was one.",
        ),
        SignId::Adaptive => (
            Against::Pgd,
            "Auto-PGD, which follows the same gradient and sets its steps itself, leaves",
            "The way was there: the usual steps get caught where the loss goes up and down.",
        ),
        SignId::BlackBox => (
            Against::Gradients,
            "attacks that see the answers alone leave",
            "Who knows less cannot do more, unless the gradient misleads who knows it.",
        ),
        SignId::Noise => (
            Against::Gradients,
            "random noise leaves",
            "Chance cannot beat a gradient that points anywhere useful.",
        ),
        SignId::Transfer => (
            Against::Gradients,
            "images made on another, plain model leave",
            "They were there all the time, and its own gradients did not show them.",
        ),
        SignId::Guard => (
            Against::Gradients,
            "PGD on the network without its guard leaves",
            "The guard took the gradient away and not the weakness.",
        ),
        SignId::Randomness => (
            Against::Pgd,
            "PGD on the mean of many answers leaves",
            "The model’s randomness blurred the gradient and closed no way.",
        ),
        SignId::Collapse
        | SignId::Iterations
        | SignId::Restarts
        | SignId::OneStep
        | SignId::Unbounded
        | SignId::Vanishing
        | SignId::Resolution
        | SignId::Uphill => return None,
    })
}

/// What more iterations of the same attack did, if they did most of it.
fn longer(report: &Report) -> Option<String> {
    let (apparent, last) = (report.apparent_accuracy?, report.iterations.last()?);
    let gained = apparent - last.accuracy;
    (gained > 0.5 * (apparent - report.robust_accuracy)).then(|| {
        format!(
            "The same attack with {} iterations leaves {} of the images right: the usual number was too small for a \
             gradient that changes its way so often.",
            last.x,
            percent(last.accuracy)
        )
    })
}

/// What is wrong with the gradient itself: the sign that is furthest beyond its threshold.
fn cause(report: &Report) -> Option<String> {
    let is_of_gradient = |sign: &&Sign| {
        sign.finding == Finding::Masking
            && matches!(
                sign.id,
                SignId::Vanishing | SignId::Resolution | SignId::Uphill | SignId::OneStep
            )
    };
    let beyond = |sign: &Sign| sign.value / sign.threshold;
    let signs = report.signs.iter().filter(is_of_gradient);
    let worst = signs.max_by(|a, b| beyond(a).total_cmp(&beyond(b)))?;
    Some(worst.sentence.clone())
}

/// Which of the attacks other than plain PGD took most images that all before it had left.
fn most_found(report: &Report) -> Option<String> {
    let before =
        std::iter::once(report.images_right()).chain(report.rungs.iter().map(|rung| rung.standing));
    let is_plain = |rung: &Rung| {
        let config = rung.config.as_ref();
        config.is_some_and(|config| {
            matches!(config.method, AttackMethod::Pgd | AttackMethod::Fgsm)
                && config.loss == AttackLoss::Xent
                && config.draws == 1
        })
    };
    let found = report
        .rungs
        .iter()
        .zip(before)
        .filter(|(rung, _)| !is_plain(rung))
        .map(|(rung, before)| (rung, before.saturating_sub(rung.standing)))
        .filter(|(_, found)| *found > 0)
        // Of equals the first.
        .reduce(|most, next| if next.1 > most.1 { next } else { most })?;
    let (rung, count) = found;
    Some(format!(
        "Of what PGD had left, {} found most that no attack before it had fooled: {count} of {} images.",
        rung.name, rung.images
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::AttackConfig;
    use crate::verdict::judge::{sign, verdict};
    use crate::verdict::report::Point;

    fn judged(mut report: Report, signs: &[(SignId, f64)]) -> Report {
        let signs = signs.iter().map(|&(id, value)| sign(id, value));
        report.signs.extend(signs);
        report.iterations = vec![Point {
            x: 80.0,
            accuracy: 0.87,
        }];
        (report.verdict, report.reasons) = verdict(&report);
        report
    }

    fn rung(name: &str, config: Option<AttackConfig>, standing: usize) -> Rung {
        Rung {
            name: name.to_owned(),
            config,
            attacked: 100,
            fallen: 0,
            standing,
            images: 100,
            seconds: 1.0,
        }
    }

    #[test]
    fn a_mask_is_told_by_the_attack_that_gains_most() {
        let signs = [
            (SignId::Rescaled, 0.84),
            (SignId::BlackBox, 0.3),
            // Not a mask: it cannot be the example, however large.
            (SignId::Restarts, 0.9),
            (SignId::Resolution, 0.7),
        ];
        let told = example(&judged(Report::example(0.98, 0.9, 0.02), &signs));
        assert_eq!(
            told[0],
            "PGD with 80 iterations on the cross-entropy leaves 87.0% of the images right; the same on \
             rescaled logits leaves 3.0%. The size of the logits hid the gradient; the weakness was there."
        );
        assert!(told[1].starts_with("The logits of 70.0%"), "{told:?}");
        assert!(told[2].contains("looked like 90.0% and is 2.0% at most"));
        assert_eq!(told.len(), 3);
    }

    /// What does without gradients is set against all that follow them, and no claim is made for it that they
    /// share.
    #[test]
    fn a_mask_is_thin_or_thick_by_what_lifts_it() {
        let mut report = Report::example(0.98, 0.9, 0.02);
        report.gradient_accuracy = Some(0.8);
        let told = example(&judged(report, &[(SignId::BlackBox, 0.7)]));
        assert_eq!(
            told[0],
            "All attacks that follow the gradient leave 80.0% of the images right; attacks that see the answers \
             alone leave 10.0%. Who knows less cannot do more, unless the gradient misleads who knows it."
        );
        assert!(told[1].ends_with("a thick mask, which no gradient lifts."));
        let mut report = Report::example(0.98, 0.9, 0.02);
        report.gradient_accuracy = Some(0.04);
        let told = example(&judged(report, &[(SignId::Adaptive, 0.8)]));
        assert!(told[0].contains("Auto-PGD, which follows the same gradient"));
        assert!(told[1].ends_with("a thin mask, which its own gradient lifts."));
        // A report from before this was told apart.
        let mut report = Report::example(0.98, 0.9, 0.02);
        report.gradient_accuracy = None;
        let told = example(&judged(report, &[(SignId::BlackBox, 0.7)]));
        assert!(told[1].ends_with("was a mask."), "{told:?}");
    }

    #[test]
    fn a_mask_that_only_all_attacks_together_lift_names_the_strongest() {
        let mut report = Report::example(0.98, 0.9, 0.1);
        report.rungs = vec![
            rung("PGD-40", Some(AttackConfig::default()), 20),
            rung("APGD-T", None, 12),
            rung("FAB-T", None, 10),
        ];
        let told = example(&judged(report, &[]));
        assert_eq!(
            told[0],
            "Of what PGD had left, APGD-T found most that no attack before it had fooled: 8 of 100 images."
        );
        assert!(told[1].contains("looked like 90.0%"), "{told:?}");
    }

    #[test]
    fn a_mask_that_more_iterations_lift_says_so() {
        let mut report = judged(Report::example(0.98, 0.3, 0.1), &[]);
        report.iterations = vec![Point {
            x: 160.0,
            accuracy: 0.15,
        }];
        let told = example(&report);
        assert!(
            told[0].starts_with("The same attack with 160 iterations leaves 15.0%"),
            "{told:?}"
        );
        // Others did more.
        report.iterations[0].accuracy = 0.25;
        assert!(!example(&report)[0].starts_with("The same attack"));
    }

    #[test]
    fn what_is_robust_says_by_how_little_it_fell() {
        let mut report = Report::example(0.98, 0.9, 0.88);
        let usual = Some(AttackConfig::default());
        report.rungs = vec![rung("PGD-40", usual, 90), rung("Square", None, 88)];
        let told = example(&judged(report, &[]));
        assert_eq!(
            told[0],
            "The usual attack leaves 90.0% of the images right, everything tried 88.0%: 2.0 points less."
        );
        assert!(
            told[1].contains("Square found most that no attack before it had fooled: 2 of 100"),
            "{told:?}"
        );
        let mut report = Report::example(0.98, 0.9, 0.9);
        report.rungs = vec![rung("Square", None, 98)];
        let told = example(&judged(report, &[]));
        assert!(told[1].starts_with("No other attack"), "{told:?}");
    }

    #[test]
    fn what_is_not_robust_hides_nothing() {
        let signs = [(SignId::Uphill, 0.4), (SignId::BlackBox, 0.2)];
        let told = example(&judged(Report::example(0.98, 0.1, 0.0), &signs));
        assert!(told[0].contains("from 98.0% to 10.0%"), "{told:?}");
        assert!(told[2].contains("lowers the loss of 40.0%"), "{told:?}");
        let told = example(&judged(Report::example(0.98, 0.1, 0.0), &[]));
        assert_eq!(told.len(), 2);
    }

    #[test]
    fn what_is_undecided_says_why() {
        let mut stopped = Report::example(0.98, 0.9, 0.88);
        stopped.stopped = true;
        let told = example(&judged(stopped, &[]));
        assert!(told[0].contains("90.0%") && told[1].contains("was stopped"));
        let mut early = Report::example(0.98, 0.9, 0.88);
        early.apparent_accuracy = None;
        assert!(example(&judged(early, &[]))[0].contains("no example yet"));
        let told = example(&judged(
            Report::example(0.98, 0.9, 0.85),
            &[(SignId::Noise, 0.05)],
        ));
        assert!(told[0].contains("random noise leaves 85.0%"), "{told:?}");
        assert_eq!(told.len(), 2);
    }
}
