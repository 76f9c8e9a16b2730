//! Reference of `wgsl/attack_loss.wgsl`, and what CPUs run.

/// The kernel's text.
pub const WGSL: &str = include_str!("../wgsl/attack_loss.wgsl");

/// Invocations of one workgroup, each of which has one image.
pub const WORKGROUP: u32 = 64;

/// What stands for "no target" among the targets.
pub const NO_TARGET: u32 = u32::MAX;

/// Added to a target: that class alone counts. Then an image is "right" as long as it is not taken for
/// it, and its margin is `max_{j != t} z_j - z_t`.
pub const ONLY: u32 = 1 << 31;

/// Numbers that are left of each image.
pub const SCORES: usize = 3;

/// Largest minus smallest logit after rescaling: a softmax that is neither flat nor saturated, so
/// that the nearest classes have most of the weight and float32 all of its digits.
const SPREAD: f32 = 10.0;

/// Above this exponent a cross-entropy is computed with the largest term put aside.
const FAR: f32 = 20.0;

/// Least divisor of the difference of logits ratio: below it float32 has no reciprocal.
const LEAST: f32 = 1e-37;

/// What an attack climbs, as a function of an image's logits `z`, its label `y` and a target class
/// `t`, if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Loss {
    /// Cross-entropy of `y`, or minus that of `t`; less `ln classes` in both, so that float32 keeps
    /// the digits of a loss near that of equal logits.
    CrossEntropy = 0,
    /// The same of the logits scaled so that they spread over 10; the scale counts as a constant, and
    /// the gradient is that with respect to the scaled logits. Squeezed and blown-up logits become
    /// alike.
    Rescaled = 1,
    /// The margin of Carlini and Wagner (2017, arXiv:1608.04644), their `f_6` without its bound:
    /// `max_{j != y} z_j - z_y`, or `z_t - max_{j != t} z_j`.
    Margin = 2,
    /// The difference of logits ratio (Croce and Hein 2020, arXiv:2003.01690, equations 6 and 7):
    /// `(max_{j != y} z_j - z_y) / (z_(1) - z_(3))`, or `(z_t - z_y) / (z_(1) - (z_(3) + z_(4)) / 2)`,
    /// with `z_(k)` the k-th largest. Three classes have no fourth: there the target form divides by
    /// `z_(1) - z_(3)` too. Two have no third, and no ratio of their one difference depends on them:
    /// there it is the margin.
    Dlr = 3,
    /// `z_t - z_y`, or the margin `max_{j != y} z_j - z_y`: zero where another class takes over, which
    /// is what FAB walks to (Croce and Hein 2020, arXiv:1907.02044).
    Difference = 4,
}

/// What the kernel makes of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Losses {
    /// Gradient of each image's own loss with respect to its logits, row-major `[batch, classes]`.
    pub gradient: Vec<f32>,
    /// For each image its loss, 1 if its largest logit is its label's (the first of equal ones
    /// counts; a NaN is never right) or else 0, and the margin `z_y - max_{j != y} z_j`; row-major
    /// `[batch, 3]`.
    pub scores: Vec<f32>,
}

/// Losses of a batch and their gradients.
///
/// # Shapes
/// - `logits`: row-major `[batch, classes]`, at least 2 classes
/// - `labels`: `[batch]`, each below `classes`
/// - `targets`: `[batch]`, each below `classes`, maybe with [`ONLY`] added, or [`NO_TARGET`]
///
/// # Panics
/// If the lengths do not fit, or a label or target is no class.
pub fn attack_loss(logits: &[f32], labels: &[u32], targets: &[u32], loss: Loss) -> Losses {
    let classes = logits.len() / labels.len().max(1);
    assert!(
        logits.len() == classes * labels.len() && labels.len() == targets.len() && classes >= 2,
        "{} logits, {} labels, {} targets",
        logits.len(),
        labels.len(),
        targets.len()
    );
    let mut gradient = vec![0.0; logits.len()];
    let mut scores = Vec::with_capacity(SCORES * labels.len());
    for (((z, g), &label), &target) in logits
        .chunks_exact(classes)
        .zip(gradient.chunks_exact_mut(classes))
        .zip(labels)
        .zip(targets)
    {
        let y = label as usize;
        let is_only = target != NO_TARGET && target & ONLY != 0;
        let t = (target != NO_TARGET).then_some((target & !ONLY) as usize);
        let value = match loss {
            Loss::CrossEntropy => cross_entropy(z, 1.0, y, t, g),
            Loss::Rescaled => cross_entropy(z, scale(z), y, t, g),
            Loss::Margin => margin(z, y, t, g),
            Loss::Dlr => dlr(z, y, t, g),
            Loss::Difference => difference(z, y, t, g),
        };
        // The class whose being the largest decides.
        let c = t.filter(|_| is_only).unwrap_or(y);
        let is_largest = (0..classes).all(|j| j == c || z[j] < z[c] || (z[j] == z[c] && j > c));
        let ahead = z[c] - z[largest_but(z, c)];
        let is_right = f32::from(u8::from(is_largest != is_only));
        scores.extend([value, is_right, if is_only { -ahead } else { ahead }]);
    }
    Losses { gradient, scores }
}

/// The factor that brings the logits to [`SPREAD`]; 1 where they are all equal.
fn scale(z: &[f32]) -> f32 {
    let high = z.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
    let low = z.iter().fold(f32::INFINITY, |a, &b| a.min(b));
    let spread = high - low;
    if spread > LEAST { SPREAD / spread } else { 1.0 }
}

/// Cross-entropy less `ln classes` of logits times `scale`: that of `y`, or minus that of `t`.
///
/// From the differences to the logit of the class: `ln(mean_j exp(d_j))` with
/// `d_j = scale (z_j - z_c)`, as `ln(1 + mean_j (exp(d_j) - 1))` where no difference is large, since
/// tiny logits would otherwise vanish beside the 1. The class's own part of the gradient is minus the
/// sum of the others', for the same reason where the class has nearly all of the weight.
fn cross_entropy(z: &[f32], scale: f32, y: usize, t: Option<usize>, g: &mut [f32]) -> f32 {
    let c = t.unwrap_or(y);
    let sign = if t.is_some() { -1.0 } else { 1.0 };
    let difference = |j: usize| scale * (z[j] - z[c]);
    let count = z.len() as f32;
    let most = (0..z.len()).fold(0.0_f32, |most, j| most.max(difference(j)));
    let sum: f32 = (0..z.len()).map(|j| (difference(j) - most).exp()).sum();
    let value = if most > FAR {
        most + (sum / count).ln()
    } else {
        let mean = (0..z.len()).map(|j| expm1(difference(j))).sum::<f32>() / count;
        ln1p(mean)
    };
    let mut others = 0.0;
    for (j, g) in g.iter_mut().enumerate() {
        if j != c {
            let weight = (difference(j) - most).exp() / sum;
            others += weight;
            *g = sign * weight;
        }
    }
    g[c] = -sign * others;
    sign * value
}

fn margin(z: &[f32], y: usize, t: Option<usize>, g: &mut [f32]) -> f32 {
    let (up, down) = match t {
        Some(t) => (t, largest_but(z, t)),
        None => (largest_but(z, y), y),
    };
    g[up] += 1.0;
    g[down] -= 1.0;
    z[up] - z[down]
}

fn difference(z: &[f32], y: usize, t: Option<usize>, g: &mut [f32]) -> f32 {
    let up = t.unwrap_or_else(|| largest_but(z, y));
    g[up] += 1.0;
    g[y] -= 1.0;
    z[up] - z[y]
}

fn dlr(z: &[f32], y: usize, t: Option<usize>, g: &mut [f32]) -> f32 {
    if z.len() == 2 {
        return margin(z, y, t, g);
    }
    let up = t.unwrap_or_else(|| largest_but(z, y));
    let rank = largest(z);
    // What the divisor takes away from the largest logit, and by which weights.
    let (third, fourth) = if t.is_some() && z.len() > 3 {
        (0.5, 0.5)
    } else {
        (1.0, 0.0)
    };
    let minus = |weight: f32, place: usize| weight * (z[rank[0]] - z[place]);
    let divisor = minus(third, rank[2]) + minus(fourth, rank[3]);
    let difference = z[up] - z[y];
    if divisor < LEAST {
        // Equal logits: every class is as good as another.
        g[up] += 1.0;
        g[y] -= 1.0;
        return 0.0;
    }
    let value = difference / divisor;
    g[up] += 1.0 / divisor;
    g[y] -= 1.0 / divisor;
    g[rank[0]] -= value / divisor;
    g[rank[2]] += third * value / divisor;
    g[rank[3]] += fourth * value / divisor;
    value
}

/// The class with the largest logit other than `but`; the first of equal ones.
fn largest_but(z: &[f32], but: usize) -> usize {
    let mut best = usize::from(but == 0);
    for j in 0..z.len() {
        if j != but && z[j] > z[best] {
            best = j;
        }
    }
    best
}

/// The classes of the four largest logits, the first of equal ones first; the third again where
/// there is no fourth.
fn largest(z: &[f32]) -> [usize; 4] {
    let mut rank = [0; 4];
    let mut taken = 0;
    for place in 0..4 {
        let mut best = None;
        for j in 0..z.len() {
            let is_taken = rank[..taken].contains(&j);
            if !is_taken && best.is_none_or(|best: usize| z[j] > z[best]) {
                best = Some(j);
            }
        }
        rank[place] = best.unwrap_or(rank[2]);
        taken = place + 1;
    }
    rank
}

/// `exp(x) - 1`, to float32's precision also near 0.
fn expm1(x: f32) -> f32 {
    if x.abs() < 0.35 {
        // The series up to x^7 / 7!, whose rest is below 2^-25 of it.
        let inner = 1.0 + x / 6.0 * (1.0 + x / 7.0);
        let inner = 1.0 + x / 4.0 * (1.0 + x / 5.0 * inner);
        x * (1.0 + x / 2.0 * (1.0 + x / 3.0 * inner))
    } else {
        x.exp() - 1.0
    }
}

/// `ln(1 + x)`, to float32's precision also near 0; `x > -1`.
fn ln1p(x: f32) -> f32 {
    if x.abs() < 0.35 {
        // 2 atanh(s), with |s| < 0.22.
        let s = x / (2.0 + x);
        let q = s * s;
        let series = 1.0 / 3.0 + q * (1.0 / 5.0 + q * (1.0 / 7.0 + q * (1.0 / 9.0 + q / 11.0)));
        2.0 * s * (1.0 + q * series)
    } else {
        (1.0 + x).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOSSES: [Loss; 5] = [
        Loss::CrossEntropy,
        Loss::Rescaled,
        Loss::Margin,
        Loss::Dlr,
        Loss::Difference,
    ];

    fn one(z: &[f32], y: u32, t: u32, loss: Loss) -> Losses {
        attack_loss(z, &[y], &[t], loss)
    }

    fn value(z: &[f32], y: u32, t: u32, loss: Loss) -> f32 {
        one(z, y, t, loss).scores[0]
    }

    #[test]
    fn series_join_their_functions() {
        for x in [
            -0.9_f32, -0.36, -0.349, -1e-3, -1e-9, 0.0, 1e-12, 0.1, 0.349, 0.36, 3.0,
        ] {
            let (wide, tiny) = (f64::from(x), f64::from(f32::EPSILON));
            for (found, exact) in [(expm1(x), wide.exp_m1()), (ln1p(x), wide.ln_1p())] {
                let off = (f64::from(found) - exact).abs();
                // Above the join the subtraction of 1 may cost a digit or two.
                assert!(
                    off <= 4.0 * tiny * exact.abs().max(if wide.abs() > 0.35 { 1.0 } else { 0.0 }),
                    "{x}: {found} {exact}"
                );
            }
        }
    }

    #[test]
    fn losses_are_their_formulas() {
        let z = [1.0, 3.0, 2.5, -1.0, 0.5];
        let sum: f32 = z.iter().map(|z: &f32| z.exp()).sum();
        let close = |found: f32, exact: f32| {
            assert!((found - exact).abs() < 1e-5, "{found} instead of {exact}");
        };
        close(
            value(&z, 2, NO_TARGET, Loss::CrossEntropy),
            sum.ln() - 2.5 - 5.0_f32.ln(),
        );
        close(
            value(&z, 2, 0, Loss::CrossEntropy),
            1.0 - sum.ln() + 5.0_f32.ln(),
        );
        close(value(&z, 2, NO_TARGET, Loss::Margin), 0.5);
        close(value(&z, 1, NO_TARGET, Loss::Margin), -0.5);
        close(value(&z, 2, 0, Loss::Margin), -2.0);
        close(value(&z, 1, NO_TARGET, Loss::Difference), -0.5);
        close(value(&z, 2, 0, Loss::Difference), -1.5);
        close(value(&z, 1, NO_TARGET, Loss::Dlr), -0.5 / 2.0);
        close(value(&z, 2, NO_TARGET, Loss::Dlr), 0.5 / 2.0);
        close(value(&z, 1, 3, Loss::Dlr), -4.0 / (3.0 - 0.75));
        // Three classes: the third stands in for the fourth. Two: the margin.
        close(value(&z[..3], 1, 0, Loss::Dlr), -2.0 / 2.0);
        close(value(&z[..2], 1, NO_TARGET, Loss::Dlr), -2.0);
        // Scaled to a spread of 10, whatever the size.
        for size in [1e-12_f32, 1.0, 1e6] {
            let scaled = z.map(|z| z * size);
            let to_ten = z.map(|z| z * 2.5);
            close(
                value(&scaled, 1, NO_TARGET, Loss::Rescaled),
                value(&to_ten, 1, NO_TARGET, Loss::CrossEntropy),
            );
        }
    }

    #[test]
    fn where_one_class_counts_it_decides() {
        let z = [1.0, 3.0, 2.5, -1.0];
        let scores = |y, t| one(&z, y, t, Loss::Margin).scores;
        assert_eq!(scores(2, 1)[1..], [0.0, -0.5]);
        assert_eq!(scores(2, 1 | ONLY)[1..], [0.0, -0.5]);
        // Wrong, but not taken for what counts: by 2 and by 4.
        assert_eq!(scores(2, 0)[1..], [0.0, -0.5]);
        assert_eq!(scores(2, ONLY)[1..], [1.0, 2.0]);
        assert_eq!(scores(1, 3 | ONLY)[1..], [1.0, 4.0]);
        // What is climbed is the same.
        for t in [0, 1, 3] {
            assert_eq!(
                one(&z, 2, t, Loss::Dlr).gradient,
                one(&z, 2, t | ONLY, Loss::Dlr).gradient
            );
            assert_eq!(scores(2, t)[0], scores(2, t | ONLY)[0]);
        }
    }

    #[test]
    fn gradients_are_finite_differences() {
        let z = [0.4_f32, 1.3, 1.1, -0.2, 0.7];
        for loss in LOSSES {
            for classes in 2..=z.len() {
                for (y, t) in [(1, NO_TARGET), (0, NO_TARGET), (1, 0), (0, 1)] {
                    let z = &z[..classes];
                    let factor = if loss == Loss::Rescaled {
                        scale(z)
                    } else {
                        1.0
                    };
                    let found = one(z, y, t, loss).gradient;
                    for j in 0..classes {
                        let at = |step: f32| {
                            let mut moved = z.to_vec();
                            moved[j] += step;
                            match loss {
                                // With the scale held.
                                Loss::Rescaled => {
                                    let scaled: Vec<f32> =
                                        moved.iter().map(|z| z * factor).collect();
                                    value(&scaled, y, t, Loss::CrossEntropy)
                                }
                                other => value(&moved, y, t, other),
                            }
                        };
                        let slope = (at(0.01) - at(-0.01)) / 0.02 / factor;
                        assert!(
                            (slope - found[j]).abs() < 2e-2 * (1.0 + slope.abs()),
                            "{loss:?}, {classes} classes, y {y}, t {t}, logit {j}: {slope} and {}",
                            found[j]
                        );
                    }
                }
            }
        }
    }

    /// Where a plain cross-entropy in float32 has lost every digit.
    #[test]
    fn tiny_and_huge_logits_keep_their_digits() {
        let z = [1e-9_f32, 3e-9, -2e-9];
        let loss = value(&z, 0, NO_TARGET, Loss::CrossEntropy);
        // To first order the mean of the logits less the label's own.
        let mean = (1e-9 + 3e-9 - 2e-9) / 3.0;
        assert!((loss - (mean - 1e-9)).abs() < 1e-14, "{loss}");
        let sure = [60.0_f32, 0.0, 1.0];
        let found = one(&sure, 0, NO_TARGET, Loss::CrossEntropy);
        assert!(
            found.gradient[0] < 0.0 && found.gradient[0] > -1e-20,
            "{found:?}"
        );
        let far = [-3e4_f32, 3e4, 0.0];
        let found = one(&far, 0, NO_TARGET, Loss::CrossEntropy);
        assert!(
            (found.scores[0] - (6e4 - 3.0_f32.ln())).abs() < 0.01,
            "{found:?}"
        );
        for loss in LOSSES {
            for z in [[0.0_f32; 4], [1e-38; 4], [-1e37, 1e37, 0.0, 1.0]] {
                for t in [NO_TARGET, 2] {
                    let found = one(&z, 1, t, loss);
                    let finite = |values: &[f32]| values.iter().all(|value| value.is_finite());
                    assert!(finite(&found.gradient), "{loss:?} {z:?} {found:?}");
                }
            }
        }
    }

    #[test]
    fn who_is_right() {
        let right = |z: &[f32], y| one(z, y, NO_TARGET, Loss::Margin).scores[1..].to_vec();
        assert_eq!(right(&[0.0, 2.0, 1.0], 1), [1.0, 1.0]);
        assert_eq!(right(&[0.0, 2.0, 1.0], 2), [0.0, -1.0]);
        // The first of equal ones is the prediction.
        assert_eq!(right(&[2.0, 2.0], 0), [1.0, 0.0]);
        assert_eq!(right(&[2.0, 2.0], 1), [0.0, 0.0]);
        assert_eq!(right(&[f32::NAN, 2.0], 1)[0], 0.0);
    }
}
