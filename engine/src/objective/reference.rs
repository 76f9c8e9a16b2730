//! The objective in plain float64.

use crate::config::{ObjectiveConfig, Squeeze};

/// The parts of the objective on one batch, and what its logits say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parts {
    /// Mean cross-entropy, labels smoothed as configured.
    pub cross_entropy: f64,
    /// The penalty on the logits, beta included.
    pub penalty: f64,
    /// Images whose largest logit is that of their label (the first of equal ones counts).
    pub correct: usize,
    /// Mean l_2 norm of an example's logits.
    pub logit_norm: f64,
}

impl Parts {
    /// The objective: cross-entropy plus penalty.
    pub fn loss(&self) -> f64 {
        self.cross_entropy + self.penalty
    }
}

/// The objective of a batch (`recipe.md`, "Training objectives"), for logits of either precision.
///
/// # Shapes
/// - `logits`: row-major `[batch, classes]`
/// - `labels`: `[batch]`, each below `classes`
///
/// # Panics
/// If `logits` is no multiple of `labels`, or a label is out of range.
pub fn objective<T: Copy + PartialOrd + Into<f64>>(
    logits: &[T],
    labels: &[u8],
    config: &ObjectiveConfig,
) -> Parts {
    let classes = rows(logits.len(), labels.len());
    let lambda = config.label_smoothing;
    let mut cross_entropy = 0.0;
    let mut correct = 0;
    let mut norm_sum = 0.0;
    let mut distance_sum = 0.0;
    let mut all = Norm::default();
    for (row, &label) in logits.chunks_exact(classes).zip(labels) {
        let label = label as usize;
        let largest = argmax(row);
        correct += usize::from(largest == label);
        let max = row[largest].into();
        let sum: f64 = row.iter().map(|&z| (z.into() - max).exp()).sum();
        let mean = row.iter().map(|&z| z.into()).sum::<f64>() / classes as f64;
        cross_entropy += max + sum.ln() - (1.0 - lambda) * row[label].into() - lambda * mean;
        let mut one = Norm::default();
        let mut distance = Norm::default();
        for &z in row {
            one.add(z.into());
            distance.add(z.into() - config.gamma);
            all.add(z.into() - config.gamma);
        }
        norm_sum += one.value();
        distance_sum += distance.value();
    }
    let batch = labels.len() as f64;
    let penalty = match config.squeeze {
        Squeeze::None => 0.0,
        Squeeze::Example => config.beta / batch * distance_sum,
        Squeeze::Batch => config.beta / batch * all.value(),
    };
    Parts {
        cross_entropy: cross_entropy / batch,
        penalty,
        correct,
        logit_norm: norm_sum / batch,
    }
}

/// Mean over the batch of KL(softmax(clean) || softmax(adversarial)), the divergence that TRADES adds
/// (Zhang et al. 2019, arXiv:1901.08573, equation 5 with the code's choice of divergence).
///
/// # Shapes
/// - `clean`, `adversarial`: row-major `[batch, classes]`
pub fn divergence<T: Copy + PartialOrd + Into<f64>>(
    clean: &[T],
    adversarial: &[T],
    classes: usize,
) -> f64 {
    let rows = clean
        .chunks_exact(classes)
        .zip(adversarial.chunks_exact(classes));
    let count = clean.len() / classes;
    let sum: f64 = rows
        .map(|(p, q)| {
            let (p, q) = (log_softmax(p), log_softmax(q));
            p.iter()
                .zip(&q)
                .map(|(p, q)| p.exp() * (p - q))
                .sum::<f64>()
        })
        .sum();
    sum / count as f64
}

fn log_softmax<T: Copy + PartialOrd + Into<f64>>(row: &[T]) -> Vec<f64> {
    let max = row[argmax(row)].into();
    let sum: f64 = row.iter().map(|&z| (z.into() - max).exp()).sum();
    row.iter().map(|&z| z.into() - max - sum.ln()).collect()
}

/// Softmax of each row.
///
/// # Shapes
/// - `logits`: row-major `[batch, classes]`; the result has the same shape
pub fn softmax(logits: &[f32], classes: usize) -> Vec<f32> {
    let mut probabilities = Vec::with_capacity(logits.len());
    for row in logits.chunks_exact(classes) {
        let max = f64::from(row[argmax(row)]);
        let sum: f64 = row.iter().map(|&z| (f64::from(z) - max).exp()).sum();
        probabilities.extend(
            row.iter()
                .map(|&z| ((f64::from(z) - max).exp() / sum) as f32),
        );
    }
    probabilities
}

/// Place of the largest number; the first of equal ones.
///
/// # Panics
/// If the row is empty.
pub fn argmax<T: PartialOrd>(row: &[T]) -> usize {
    let mut largest = 0;
    for (index, value) in row.iter().enumerate() {
        if value > &row[largest] {
            largest = index;
        }
    }
    largest
}

fn rows(logits: usize, batch: usize) -> usize {
    assert!(
        batch > 0 && logits > 0 && logits.is_multiple_of(batch),
        "{logits} logits are no rows of {batch} images"
    );
    logits / batch
}

/// A sum of squares that neither overflows nor underflows (as in BLAS' `nrm2`).
#[derive(Default)]
struct Norm {
    scale: f64,
    scaled_sum: f64,
}

impl Norm {
    fn add(&mut self, value: f64) {
        let value = value.abs();
        if value == 0.0 {
            return;
        }
        if value > self.scale {
            self.scaled_sum = 1.0 + self.scaled_sum * (self.scale / value).powi(2);
            self.scale = value;
        } else {
            self.scaled_sum += (value / self.scale).powi(2);
        }
    }

    fn value(&self) -> f64 {
        self.scale * self.scaled_sum.sqrt()
    }
}

/// `z_y - max_{j != y} z_j`: below 0 where the logits are wrong about the class `y`.
pub fn margin(logits: &[f32], label: usize) -> f32 {
    let others = logits
        .iter()
        .enumerate()
        .filter(|(class, _)| *class != label);
    let most = others.fold(f32::NEG_INFINITY, |most, (_, &z)| most.max(z));
    logits[label] - most
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(label_smoothing: f64, squeeze: Squeeze, beta: f64) -> ObjectiveConfig {
        ObjectiveConfig {
            label_smoothing,
            squeeze,
            beta,
            ..ObjectiveConfig::natural()
        }
    }

    #[test]
    fn hand_worked_values() {
        // Two images, two classes: logits (3, 4) with label 1 and (0, 0) with label 0.
        let logits = [3.0_f64, 4.0, 0.0, 0.0];
        let natural = objective(&logits, &[1, 0], &config(0.0, Squeeze::None, 9.0));
        let expected = ((1.0 + (-1.0_f64).exp()).ln() + 2.0_f64.ln()) / 2.0;
        assert!((natural.cross_entropy - expected).abs() < 1e-12);
        assert_eq!(natural.penalty, 0.0);
        assert_eq!(natural.correct, 2);
        assert_eq!(natural.logit_norm, 2.5);
        // Half of the target's weight moves onto the mean: each image loses (z_y - mean) / 2 of fit.
        let smooth = objective(&logits, &[1, 0], &config(0.5, Squeeze::None, 0.0));
        assert!((smooth.cross_entropy - (expected + 0.125)).abs() < 1e-12);
        let example = objective(&logits, &[1, 0], &config(0.0, Squeeze::Example, 3.0));
        assert!((example.penalty - 3.0 / 2.0 * 5.0).abs() < 1e-12);
        let batch = objective(
            &[3.0_f64, 0.0, 0.0, 4.0],
            &[0, 1],
            &config(0.0, Squeeze::Batch, 3.0),
        );
        assert!((batch.penalty - 3.0 / 2.0 * 5.0).abs() < 1e-12);
        // Drawn to 1, the same logits are 5 away after being moved by 1; their own norm stays.
        let similar = ObjectiveConfig {
            gamma: 1.0,
            ..config(0.0, Squeeze::Batch, 3.0)
        };
        let moved = objective(&[4.0_f64, 1.0, 1.0, 5.0], &[0, 1], &similar);
        assert!((moved.penalty - 3.0 / 2.0 * 5.0).abs() < 1e-12);
        let expected = (17.0_f64.sqrt() + 26.0_f64.sqrt()) / 2.0;
        assert!((moved.logit_norm - expected).abs() < 1e-12);
    }

    #[test]
    fn divergence_of_known_distributions() {
        let same = divergence(&[1.0_f64, 2.0, 0.0, 0.0], &[3.0, 4.0, 7.0, 7.0], 2);
        assert!(same.abs() < 1e-15, "{same}");
        // (1/2, 1/2) against (1/4, 3/4).
        let kl = divergence(&[0.0_f64, 0.0], &[0.0, 3.0_f64.ln()], 2);
        assert!((kl - (0.5 * 2.0_f64.ln() + 0.5 * (2.0_f64 / 3.0).ln())).abs() < 1e-12);
    }

    #[test]
    fn extreme_logits_stay_finite() {
        for scale in [1e-30_f32, 1e30] {
            let logits = [scale, -scale, 0.0, scale];
            let parts = objective(&logits, &[0, 0], &config(0.1, Squeeze::Batch, 1.0));
            assert!(parts.loss().is_finite(), "{scale}: {parts:?}");
            let norm = f64::from(scale) * 3.0_f64.sqrt();
            assert!((parts.penalty / (norm / 2.0) - 1.0).abs() < 1e-6);
            assert!(softmax(&logits, 2).iter().all(|p| p.is_finite()));
        }
    }

    #[test]
    fn softmax_rows_sum_to_one() {
        let p = softmax(&[1.0, 2.0, 3.0, -5.0, 0.0, 5.0], 3);
        for row in p.chunks(3) {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        }
        assert!((p[2] - 0.665_240_96).abs() < 1e-6);
    }
}
