//! What the numbers mean. Every threshold stands here, with its reason.

use super::report::{Finding, Report, Sign, SignId, Verdict, usual};
use crate::config::{Effort, distance};

/// A model looks robust if the usual attack leaves it this share of its clean accuracy. Natural
/// training keeps next to nothing at the radii that are usual.
pub const LOOKS_ROBUST: f64 = 0.2;

/// The apparent robustness has collapsed if this share of it is gone at the end. Adversarial training
/// loses a tenth or so of it from PGD to AutoAttack (RobustBench), masked defences nearly all: logit
/// squeezing fell from 70.6 to 5.0 and clean logit pairing from 62.4 to 4.1 once attacked with care
/// (Mosbach et al. 2018, arXiv:1810.12042).
pub const COLLAPSE: f64 = 0.5;

/// Above this loss the number is doubtful, but no proof of a mask.
pub const DOUBTFUL: f64 = 0.25;

/// Share of the images by which another loss, rescaled logits, steps that set themselves, or a transferred
/// image or an attack without gradients may beat what it is set against. One point in twenty is what
/// different attacks of the same strength differ by on honest models.
pub const GAIN: f64 = 0.05;

/// The same for random noise and for a single step, which have no business to win at all: one point
/// allows for chance.
pub const NO_GAIN: f64 = 0.01;

/// What the last doubling of iterations, or the second half of the restarts, may still gain.
pub const CONVERGED: f64 = 0.02;

/// What may be left above guessing at the largest radius, where every image can become any other.
pub const ABOVE_CHANCE: f64 = 0.05;

/// On fewer images no model is called robust: of 100 that all stand, up to three in a hundred of the others may
/// still fall (95 % confidence, the rule of three).
pub const ENOUGH: usize = 100;

/// Share of the images whose gradient may be zero.
pub const VANISHING: f64 = 0.05;

/// Share of the images whose logits may lie closer together than float32 tells apart beside 1.
pub const RESOLUTION: f64 = 0.05;

/// Share of the images whose loss may fall along a short step up its gradient. A ReLU network has
/// kinks, which make it a few in a hundred.
pub const UPHILL: f64 = 0.15;

/// Whether a model looks robust: the usual attack leaves it enough of its clean accuracy.
pub fn looks_robust(clean: f64, apparent: f64) -> bool {
    apparent > LOOKS_ROBUST * clean
}

/// A sign from a number in [0, 1].
pub fn sign(id: SignId, value: f64) -> Sign {
    let (threshold, above) = limits(id);
    let finding = if value > threshold {
        above
    } else {
        Finding::Clear
    };
    Sign {
        id,
        finding,
        value,
        threshold,
        sentence: sentence(id, value, finding),
    }
}

fn limits(id: SignId) -> (f64, Finding) {
    match id {
        SignId::Collapse => (COLLAPSE, Finding::Masking),
        SignId::Iterations | SignId::Restarts => (CONVERGED, Finding::Caution),
        SignId::OneStep | SignId::Noise => (NO_GAIN, Finding::Masking),
        SignId::OtherLoss
        | SignId::Rescaled
        | SignId::Adaptive
        | SignId::BlackBox
        | SignId::Transfer
        | SignId::Guard
        | SignId::Randomness => (GAIN, Finding::Masking),
        SignId::Unbounded => (ABOVE_CHANCE, Finding::Masking),
        SignId::Vanishing => (VANISHING, Finding::Masking),
        SignId::Resolution => (RESOLUTION, Finding::Masking),
        SignId::Uphill => (UPHILL, Finding::Masking),
    }
}

fn sentence(id: SignId, value: f64, finding: Finding) -> String {
    let share = format!("{:.1}%", 100.0 * value);
    let is_clear = finding == Finding::Clear;
    let pick = |clear: String, above: String| if is_clear { clear } else { above };
    match id {
        SignId::Collapse => pick(
            format!("Of the robustness that PGD saw, {share} was not there: little enough."),
            format!("Of the robustness that PGD saw, {share} was not there."),
        ),
        SignId::Iterations => pick(
            format!("The last doubling of the iterations gained {share}: PGD has converged."),
            format!(
                "The last doubling of the iterations still gained {share}: PGD has not converged, and more of it would do more."
            ),
        ),
        SignId::Restarts => pick(
            format!(
                "The second half of the restarts gained {share}: there is little left to find by starting again."
            ),
            format!(
                "The second half of the restarts still gained {share}: where the attack starts matters."
            ),
        ),
        SignId::OneStep => pick(
            format!("One step did what PGD did not on {share} of the images: as it should be."),
            format!(
                "One step fooled the model on {share} of the images where many small ones did not: the gradients mislead."
            ),
        ),
        SignId::OtherLoss => pick(
            format!(
                "PGD on the margin fooled the model on {share} of the images where the cross-entropy did not."
            ),
            format!(
                "PGD on the margin fooled the model on {share} of the images where the cross-entropy did not: that loss shows no way."
            ),
        ),
        SignId::Rescaled => pick(
            format!("Rescaling the logits gained {share} over PGD: their size hides little."),
            format!("Rescaling the logits gained {share} over PGD: their size hid the gradient."),
        ),
        SignId::Adaptive => pick(
            format!(
                "Auto-PGD, which follows the same gradient and sets its steps itself, gained {share} over PGD."
            ),
            format!(
                "Auto-PGD, which follows the same gradient and sets its steps itself, gained {share} over PGD: the way was there, and the usual steps lost it."
            ),
        ),
        SignId::Noise => pick(
            format!(
                "Random noise alone fooled the model on {share} of the images that no gradient led to."
            ),
            format!(
                "Random noise alone fooled the model on {share} of the images that no gradient led to: the gradients are worth less than chance."
            ),
        ),
        SignId::BlackBox => pick(
            format!("Without gradients {share} of the images fell that no gradient led to."),
            format!(
                "Without gradients {share} of the images fell that no gradient led to: the model is easier to fool without looking inside, so its gradients are masked."
            ),
        ),
        SignId::Transfer => pick(
            format!(
                "Images made on a plain model fooled this one on {share} of those that no gradient of its own led to."
            ),
            format!(
                "Images made on a plain model fooled this one on {share} of those that no gradient of its own led to: they were there, and its gradients hide them."
            ),
        ),
        SignId::Guard => pick(
            format!(
                "Images made on the network without its guard fooled the model on {share} of those that no gradient through it led to."
            ),
            format!(
                "Images made on the network without its guard fooled the model on {share} of those that no gradient through it led to: the guard hides the way and does not close it."
            ),
        ),
        SignId::Randomness => pick(
            format!("Averaging over the model's randomness gained {share}."),
            format!(
                "Averaging over the model's randomness gained {share}: it was the randomness that stood in the way."
            ),
        ),
        SignId::Unbounded => pick(
            format!(
                "At the largest radius accuracy is {share} above guessing: it falls as it must."
            ),
            format!(
                "At the largest radius, where every image can become any other, accuracy is still {share} above guessing: the attack does not find what is surely there."
            ),
        ),
        SignId::Vanishing => pick(
            format!("The gradient is zero on {share} of the images."),
            format!("The gradient is zero on {share} of the images: there is nothing to follow."),
        ),
        SignId::Resolution => pick(
            format!(
                "The logits of {share} of the images lie closer together than float32 tells apart beside 1."
            ),
            format!(
                "The logits of {share} of the images lie closer together than float32 tells apart beside 1: plain code loses the gradient."
            ),
        ),
        SignId::Uphill => pick(
            format!("A short step up the gradient lowers the loss of {share} of the images."),
            format!(
                "A short step up the gradient lowers the loss of {share} of the images: the gradient does not point uphill."
            ),
        ),
    }
}

/// The verdict of a report whose numbers and signs are known, and its reasons, the weightiest first.
pub fn verdict(report: &Report) -> (Verdict, Vec<String>) {
    let percent = |share: f64| format!("{:.1}%", 100.0 * share);
    let (clean, robust) = (report.clean_accuracy, report.robust_accuracy);
    let Some(apparent) = report.apparent_accuracy else {
        let numbers = format!("{} right without attack.", percent(clean));
        let why = "The evaluation was stopped before the usual attack was over.";
        return (Verdict::Undecided, vec![numbers, why.to_owned()]);
    };
    let of = |finding, id_is: fn(SignId) -> bool| {
        let signs = report.signs.iter();
        let mut signs: Vec<&Sign> = signs
            .filter(|sign| sign.finding == finding && id_is(sign.id))
            .collect();
        // What is gone altogether first, then by how far the number is beyond its threshold.
        let weight = |sign: &Sign| match sign.id {
            SignId::Collapse => f64::INFINITY,
            _ => sign.value / sign.threshold,
        };
        signs.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
        let sentences = signs.iter().map(|sign| sign.sentence.clone());
        sentences.collect::<Vec<_>>()
    };
    let masking = of(Finding::Masking, |_| true);
    let cautions = of(Finding::Caution, |_| true);
    let chance = 1.0 / report.subject.classes.len().max(1) as f64;
    let numbers = format!(
        "{} right without attack, {} under the usual attack, {} under everything.",
        percent(clean),
        percent(apparent),
        percent(robust)
    );
    let with = |verdict, mut reasons: Vec<String>| {
        reasons.insert(0, numbers.clone());
        (verdict, reasons)
    };

    if clean <= 2.0 * chance {
        let why = "The model hardly knows its task: there is no robustness to speak of.";
        return with(Verdict::Undecided, vec![why.to_owned()]);
    }
    if !looks_robust(clean, apparent) {
        let mut reasons = vec![
            "The usual attack already fools the model: it does not even look robust.".to_owned(),
        ];
        // There was no robustness that could have collapsed.
        reasons.extend(of(Finding::Masking, |id| id != SignId::Collapse));
        return with(Verdict::NotRobust, reasons);
    }
    if let Some(why) = too_weak(report) {
        return with(Verdict::NotRobust, vec![why]);
    }
    let lost = (apparent - robust) / apparent;
    if lost > COLLAPSE {
        return with(Verdict::Masked, masking);
    }
    if !masking.is_empty() {
        // Something is hidden, but what is left is more than what was lost.
        let verdict = if masking.len() > 1 && lost > DOUBTFUL {
            Verdict::Masked
        } else {
            Verdict::Undecided
        };
        let mut reasons = masking;
        reasons.extend(cautions);
        return with(verdict, reasons);
    }
    if report.stopped {
        let why = "The evaluation was stopped: nothing found so far speaks for a mask.".to_owned();
        return with(Verdict::Undecided, vec![why]);
    }
    if report.subject.epsilon <= 0.0 {
        let why = "The attacker may change nothing: there is no robustness to speak of.".to_owned();
        return with(Verdict::Undecided, vec![why]);
    }
    if report.subject.effort == Effort::Quick {
        let why = "Nothing speaks for a mask, but a quick look is not enough to call a model robust: run the standard evaluation.".to_owned();
        return with(Verdict::Undecided, vec![why]);
    }
    if report.subject.images < ENOUGH {
        let why = format!(
            "Nothing speaks for a mask, but {} images are too few to call a model robust: take {ENOUGH} or more.",
            report.subject.images
        );
        return with(Verdict::Undecided, vec![why]);
    }
    if lost > DOUBTFUL {
        let mut reasons = vec![format!(
            "Of the robustness that PGD saw, {} was not there: too much for an honest number, too little for a mask.",
            percent(lost)
        )];
        reasons.extend(cautions);
        return with(Verdict::Undecided, reasons);
    }
    let mut reasons = vec![
        "Neither other losses, restarts, attacks without gradients, transferred images nor random noise found much that PGD had not, and nothing speaks for a mask.".to_owned(),
    ];
    reasons.extend(cautions);
    with(Verdict::Robust, reasons)
}

/// Why a model that looks robust to the usual attack does not even look so: that attack cannot have reached
/// the edge of what it is allowed, and one that can leaves too little.
fn too_weak(report: &Report) -> Option<String> {
    let usual = usual(&report.rungs)?.config.as_ref()?;
    let longest = report.iterations.last()?;
    // A little more than rounding makes.
    let is_short = usual.reach() < 0.999 * usual.epsilon && longest.x > usual.iterations as f64;
    (is_short && !looks_robust(report.clean_accuracy, longest.accuracy)).then(|| {
        format!(
            "The usual attack was set too weak to say anything: {} of {} cannot reach the edge at {}. PGD with {} that can leaves {:.1}%.",
            steps(usual.iterations),
            distance(usual.step_length()),
            distance(usual.epsilon),
            steps(longest.x as usize),
            100.0 * longest.accuracy
        )
    })
}

fn steps(count: usize) -> String {
    match count {
        1 => "1 step".to_owned(),
        _ => format!("{count} steps"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::AttackConfig;
    use crate::verdict::report::Point;

    fn report(clean: f64, apparent: f64, robust: f64) -> Report {
        let mut report = Report::example(clean, apparent, robust);
        let lost = if apparent > 0.0 {
            (apparent - robust) / apparent
        } else {
            0.0
        };
        report.signs = vec![sign(SignId::Collapse, lost)];
        report
    }

    fn with(mut report: Report, signs: &[(SignId, f64)]) -> Report {
        let more = signs.iter().map(|&(id, value)| sign(id, value));
        report.signs.extend(more);
        report
    }

    #[test]
    fn what_stands_against_everything_is_robust() {
        let (found, reasons) = verdict(&report(0.98, 0.9, 0.88));
        assert_eq!(found, Verdict::Robust);
        assert!(reasons[0].contains("88.0% under everything"), "{reasons:?}");
        // A caution is told, and changes nothing.
        let (found, reasons) = verdict(&with(
            report(0.98, 0.9, 0.88),
            &[(SignId::Restarts, CONVERGED + 0.01)],
        ));
        assert_eq!(found, Verdict::Robust);
        assert!(
            reasons.last().unwrap().contains("still gained 3.0%"),
            "{reasons:?}"
        );
    }

    #[test]
    fn few_images_or_no_budget_make_no_model_robust() {
        let mut few = report(0.98, 0.9, 0.88);
        few.subject.images = ENOUGH - 1;
        let (found, reasons) = verdict(&few);
        assert_eq!(found, Verdict::Undecided);
        assert!(reasons[1].contains("99 images are too few"), "{reasons:?}");
        let mut still = report(0.98, 0.98, 0.98);
        still.subject.epsilon = 0.0;
        let (found, reasons) = verdict(&still);
        assert_eq!(found, Verdict::Undecided);
        assert!(reasons[1].contains("may change nothing"), "{reasons:?}");
        // A mask is a mask on few images too.
        few.robust_accuracy = 0.1;
        assert_eq!(verdict(&few).0, Verdict::Masked);
    }

    #[test]
    fn what_looked_robust_and_is_gone_is_masked() {
        let (found, reasons) = verdict(&report(0.98, 0.9, 0.4));
        assert_eq!(found, Verdict::Masked);
        assert!(reasons[1].contains("55.6% was not there"), "{reasons:?}");
        // The weightiest first: the collapse, then by the multiple of the threshold.
        let signs = [(SignId::BlackBox, 0.1), (SignId::Noise, 0.05)];
        let (_, reasons) = verdict(&with(report(0.98, 0.9, 0.4), &signs));
        assert!(reasons[2].starts_with("Random noise"), "{reasons:?}");
        assert!(reasons[3].starts_with("Without gradients"), "{reasons:?}");
        // Not even a stop takes it back.
        let mut stopped = report(0.98, 0.9, 0.4);
        stopped.stopped = true;
        assert_eq!(verdict(&stopped).0, Verdict::Masked);
    }

    #[test]
    fn two_signs_of_a_mask_and_a_doubtful_loss_are_masked_and_one_is_undecided() {
        let (one, two) = (
            [(SignId::BlackBox, 0.1)],
            [(SignId::BlackBox, 0.1), (SignId::Noise, 0.05)],
        );
        assert_eq!(
            verdict(&with(report(0.98, 0.9, 0.6), &two)).0,
            Verdict::Masked
        );
        assert_eq!(
            verdict(&with(report(0.98, 0.9, 0.6), &one)).0,
            Verdict::Undecided
        );
        assert_eq!(
            verdict(&with(report(0.98, 0.9, 0.85), &two)).0,
            Verdict::Undecided
        );
        assert_eq!(verdict(&report(0.98, 0.9, 0.6)).0, Verdict::Undecided);
    }

    #[test]
    fn what_the_usual_attack_fools_is_not_robust() {
        let signs = [(SignId::Uphill, 0.5)];
        let (found, reasons) = verdict(&with(report(0.98, 0.1, 0.0), &signs));
        assert_eq!(found, Verdict::NotRobust);
        assert_eq!(reasons.len(), 3, "{reasons:?}");
        assert!(reasons[2].starts_with("A short step up"), "{reasons:?}");
    }

    #[test]
    fn what_only_a_weak_attack_leaves_is_not_robust_and_not_masked() {
        let mut weak = report(0.98, 0.9, 0.0);
        weak.rungs[0].config = Some(AttackConfig {
            iterations: 1,
            step_size: 0.01,
            ..AttackConfig::default()
        });
        weak.iterations = vec![Point {
            x: 4.0,
            accuracy: 0.02,
        }];
        let (found, reasons) = verdict(&weak);
        assert_eq!(found, Verdict::NotRobust);
        assert_eq!(
            reasons[1],
            "The usual attack was set too weak to say anything: 1 step of 0.01 cannot reach the edge at 0.3. PGD with 4 steps that can leaves 2.0%."
        );
        // One that can reach the edge was no weak one, and where longer PGD fails too it was not that.
        let mut masked = weak.clone();
        masked.iterations[0].accuracy = 0.8;
        assert_eq!(verdict(&masked).0, Verdict::Masked);
        weak.rungs[0].config = Some(AttackConfig::default());
        assert_eq!(verdict(&weak).0, Verdict::Masked);
    }

    #[test]
    fn too_little_evidence_is_undecided() {
        let mut quick = report(0.98, 0.9, 0.88);
        quick.subject.effort = Effort::Quick;
        let mut stopped = report(0.98, 0.9, 0.88);
        stopped.stopped = true;
        // One step has done much by the time of the stop: that is no mask.
        let mut early = report(0.98, 0.98, 0.1);
        (early.apparent_accuracy, early.stopped) = (None, true);
        for (report, why) in [
            (quick, "quick look"),
            (stopped, "was stopped"),
            (early, "before the usual attack was over"),
            (report(0.2, 0.19, 0.18), "hardly knows its task"),
        ] {
            let (found, reasons) = verdict(&report);
            assert_eq!(found, Verdict::Undecided);
            assert!(reasons[1].contains(why), "{reasons:?}");
        }
    }

    #[test]
    fn a_number_at_its_threshold_is_clear_and_one_past_it_is_not() {
        for id in SignId::ALL {
            let (threshold, above) = limits(id);
            assert_eq!(sign(id, threshold).finding, Finding::Clear);
            let past = sign(id, threshold + 0.001);
            assert_eq!(past.finding, above);
            assert_ne!(past.finding, Finding::Clear);
            assert!(past.sentence.contains('%') && past.sentence.ends_with('.'));
        }
    }
}
