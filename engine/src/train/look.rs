//! What a run sees of its model at an evaluation, beside the accuracy: how the answers are spread, and
//! how a few images fare under a short attack.

use crate::attack::begin::{Batch, begin};
use crate::attack::worst::score;
use crate::config::{AttackConfig, AttackLoss, AttackMethod, Goal, RunConfig};
use crate::control::{Control, Wish, Yielder};
use crate::evaluate::{DeviceFailure, at_a_time, read};
use crate::event::{LookAttack, Spread};
use crate::model::Model;
use crate::objective::reference::{argmax, margin};
use crate::resident::{Resident, Source};
use squeeze_shaders::attack_loss::SCORES;

/// Parts of a [`Spread`].
const PARTS: usize = 48;

/// Shares below a [`Spread`]'s quantiles.
const SHARES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// Starts of the attack draw by numbers that no batch of an attack on the test set comes to.
const FIRST_START: usize = 1 << 30;

/// How numbers are spread; `values` must not be empty.
pub fn spread(mut values: Vec<f32>) -> Spread {
    values.sort_by(f32::total_cmp);
    let (low, high) = (values[0], values[values.len() - 1]);
    let width = f64::from(high) - f64::from(low);
    let mut counts = vec![0; PARTS];
    for &value in &values {
        let share = (f64::from(value) - f64::from(low)) / width;
        // Equal numbers all lie in the first part: 0 / 0 becomes 0.
        counts[((share * PARTS as f64) as usize).min(PARTS - 1)] += 1;
    }
    let at = |share: f64| values[(share * (values.len() - 1) as f64).round() as usize];
    Spread {
        low,
        high,
        counts,
        quantiles: SHARES.map(at),
    }
}

/// Margins of the logits `[images, classes]`.
pub fn margins(logits: &[f32], labels: &[u8]) -> Vec<f32> {
    let classes = logits.len() / labels.len().max(1);
    logits
        .chunks_exact(classes)
        .zip(labels)
        .map(|(logits, &label)| margin(logits, usize::from(label)))
        .collect()
}

/// Attacks the first of the held-out images, whose logits are given, as `training` has it; none if the
/// user stopped it.
///
/// # Errors
/// [`DeviceFailure`] if the device does not answer.
pub async fn attack(
    model: &Model,
    data: &Resident,
    config: &RunConfig,
    held_out: &[u32],
    logits: &[f32],
    control: &Control,
) -> Result<Option<LookAttack>, DeviceFailure> {
    let classes = data.data().classes.len();
    let images = config.training.robust_images.min(held_out.len());
    let attack = AttackConfig {
        method: AttackMethod::Pgd,
        loss: AttackLoss::Xent,
        goal: Goal::Untargeted,
        // 2.5 radii over all iterations.
        step_size: 0.0,
        iterations: config.training.robust_iterations,
        momentum: 0.0,
        draws: 1,
        ..config.attack.clone()
    };
    let mut yielder = Yielder::new();
    let mut correct = 0;
    // No more at a time than training has room for.
    let at_a_time = at_a_time(model, data).min(config.training.batch_size);
    let places = held_out[..images].chunks(at_a_time);
    for (index, (places, logits)) in places.zip(logits.chunks(at_a_time * classes)).enumerate() {
        let places = || places.iter().map(|&place| place as usize);
        let batch = Batch {
            clean: data.images(Source::Train, places()),
            labels: data.labels(Source::Train, places()),
            targets: Vec::new(),
            classes,
            seed: config.seed,
            index: FIRST_START + index,
            restart: 0,
        };
        let mut pgd = begin(&attack, &batch);
        for _ in 0..attack.iterations {
            if control.wish() == Wish::Stop {
                return Ok(None);
            }
            pgd.step(&|images| model.logits(images));
            yielder.breathe().await;
        }
        let worst = pgd.finish(&|images| model.logits(images));
        let scores = read(worst.scores).await?;
        let was_right = logits
            .chunks_exact(classes)
            .zip(&batch.labels)
            .map(|(logits, &label)| argmax(logits) == usize::from(label));
        correct += scores
            .chunks_exact(SCORES)
            .zip(was_right)
            .filter(|(scores, was_right)| *was_right && scores[score::RIGHT] != 0.0)
            .count();
    }
    Ok(Some(LookAttack {
        norm: attack.norm,
        epsilon: attack.epsilon,
        images,
        accuracy: correct as f64 / images.max(1) as f64,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_counted_in_equal_parts() {
        let values: Vec<f32> = (0..=96).rev().map(|value| value as f32 / 2.0).collect();
        let spread = spread(values);
        assert_eq!((spread.low, spread.high), (0.0, 48.0));
        // Parts are closed below and open above, but for the last.
        assert_eq!(spread.counts[..PARTS - 1], [2; PARTS - 1]);
        assert_eq!(spread.counts[PARTS - 1], 3);
        assert_eq!(spread.quantiles, [2.5, 12.0, 24.0, 36.0, 45.5]);
    }

    #[test]
    fn equal_numbers_are_all_in_one_part() {
        let spread = spread(vec![1.5; 7]);
        assert_eq!((spread.low, spread.high), (1.5, 1.5));
        assert_eq!(spread.counts.iter().sum::<u32>(), 7);
        assert_eq!(spread.counts[0], 7);
    }

    #[test]
    fn a_margin_is_below_zero_where_the_model_is_wrong() {
        let logits = [3.0, 1.0, 2.5, -1.0, -4.0, -1.5];
        assert_eq!(margins(&logits, &[0, 2]), [0.5, -0.5]);
    }
}
