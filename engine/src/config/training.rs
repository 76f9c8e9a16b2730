//! [`TrainingConfig`]: how long, in which batches, and what is looked at on the way.

use serde::{Deserialize, Serialize};

use super::check::{check, check_count};
use super::{ConfigError, Precision};

/// Most images of a step: more fit no device.
const MAX_BATCH: usize = 1 << 13;

/// Most images and iterations of the attack on the way: more is what `attack` is for.
pub const MAX_ROBUST: usize = 1000;

/// How long to train, in which batches, with which augmentation, and how often to evaluate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingConfig {
    /// Training steps (updates of the weights), at least 1.
    pub steps: usize,
    /// Images per step, at least 1.
    pub batch_size: usize,
    /// Of them, so many go through the network at once, and their gradients are summed: less memory for
    /// the same step. Batch normalisation sees these alone. 0 is all at once; at most `batch_size`.
    // Not written where it is 0: what was measured before there was such a setting stays as it is.
    #[serde(skip_serializing_if = "is_off")]
    pub micro_batch: usize,
    /// How many bits the numbers between the network's layers have.
    #[serde(skip_serializing_if = "Precision::is_full")]
    pub precision: Precision,
    /// Random crop: images are padded with this many black pixels on each side and cut back at a
    /// random place. 0 is off; at most 64.
    pub crop_padding: usize,
    /// Mirror half of the images, left to right.
    pub flip: bool,
    /// Training images, chosen by the seed, that are kept out of training and evaluated on the way.
    pub held_out: usize,
    /// Steps between two evaluations of the held-out images; 0 for none. The test set is evaluated
    /// once, at the end.
    pub eval_every: usize,
    /// Of the held-out images, so many are attacked by a short PGD at each evaluation, with norm and
    /// radius of `attack`, to see robustness come and go. 0 is off; at most [`MAX_ROBUST`].
    pub robust_images: usize,
    /// Iterations of that attack, from 1 to [`MAX_ROBUST`].
    pub robust_iterations: usize,
    /// Ends the run after this many evaluations in a row without a better held-out accuracy. 0 is
    /// off.
    pub patience: usize,
    /// The model of the run is the one with the best held-out accuracy, not the last one.
    pub keep_best: bool,
}

fn is_off(count: &usize) -> bool {
    *count == 0
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            steps: 2000,
            batch_size: 128,
            micro_batch: 0,
            precision: Precision::Full,
            crop_padding: 0,
            flip: false,
            held_out: 1000,
            eval_every: 100,
            robust_images: 64,
            robust_iterations: 10,
            patience: 0,
            keep_best: false,
        }
    }
}

impl TrainingConfig {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        check_count("training.steps", self.steps)?;
        check(
            (1..=MAX_BATCH).contains(&self.batch_size),
            "training.batch_size",
            self.batch_size,
            format!("a whole number from 1 to {MAX_BATCH}"),
        )?;
        check(
            self.micro_batch <= self.batch_size,
            "training.micro_batch",
            self.micro_batch,
            format!(
                "a number of images from 0 (all at once) to `training.batch_size`, {}",
                self.batch_size
            ),
        )?;
        check(
            self.crop_padding <= 64,
            "training.crop_padding",
            self.crop_padding,
            "a number of pixels from 0 (off) to 64",
        )?;
        check(
            self.robust_images <= MAX_ROBUST,
            "training.robust_images",
            self.robust_images,
            format!("a number of images from 0 (off) to {MAX_ROBUST}"),
        )?;
        check(
            (1..=MAX_ROBUST).contains(&self.robust_iterations),
            "training.robust_iterations",
            self.robust_iterations,
            format!("a whole number from 1 to {MAX_ROBUST}; `training.robust_images = 0` is off"),
        )?;
        let evaluates = self.held_out > 0 && self.eval_every > 0;
        let needs = "off, or `training.held_out` and `training.eval_every` above 0";
        check(
            self.patience == 0 || evaluates,
            "training.patience",
            self.patience,
            needs,
        )?;
        check(
            !self.keep_best || evaluates,
            "training.keep_best",
            self.keep_best,
            needs,
        )
    }
}
