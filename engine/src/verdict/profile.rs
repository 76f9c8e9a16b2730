//! What squeezing changes: logits, margins and gradients where nobody attacks.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use squeeze_shaders::attack_step::STATE;

use crate::attack::climb::{Aims, Loss, climb};
use crate::attack::run::{AttackError, Target};
use crate::config::{AttackConfig, Norm};
use crate::control::{Control, Wish, Yielder};
use crate::evaluate::read;
use crate::event::Spread;
use crate::objective::reference::{argmax, margin};
use crate::resident::Source;
use crate::train::look::spread;

/// How a model answers to test images, and how its answers change with their pixels.
///
/// Dividing all logits by a number divides norms, margins and the gradient by it and leaves
/// `distance` as it is: a model whose gradient is small may have been scaled down and no more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Images looked at, the first of the test set.
    pub images: usize,
    /// Share that is right, in [0, 1].
    pub accuracy: f64,
    /// Mean over images of the l_2 norm of their logits.
    pub logit_norm: f64,
    /// Mean of all logits: similarity moves it towards gamma.
    pub logit_mean: f64,
    /// Mean over images of the l_1 norm of the cross-entropy's gradient with respect to the pixels: what
    /// the loss rises by, to first order, under a perturbation of l_inf norm 1.
    pub gradient_l1: f64,
    /// The same in the l_2 norm.
    pub gradient_l2: f64,
    /// Median over the right images of margin / ||gradient of the margin||, in the norm dual to that of
    /// the attack: how far the boundary is to first order, in pixel units of the attack's norm. None if
    /// the gradient of half of them is zero.
    pub distance: Option<f64>,
    /// All logits.
    pub logits: Spread,
    /// Margins `z_y - max z_j`.
    pub margins: Spread,
}

/// Profile of the first `attack.images` test images; none if the user stopped it.
///
/// # Errors
/// If the device fails.
pub async fn profile(
    target: &Target<'_>,
    attack: &AttackConfig,
    control: &Control,
) -> Result<Option<Profile>, AttackError> {
    let data = target.data.data();
    let count = attack.images.min(data.test.len());
    let classify = &|x| target.model.logits(x);
    let mut yielder = Yielder::new();
    let mut sums = Sums::default();
    for first in (0..count).step_by(attack.batch_size) {
        if control.wish() == Wish::Stop {
            return Ok(None);
        }
        let places = || first..count.min(first + attack.batch_size);
        let labels = target.data.labels(Source::Test, places());
        let images = target.data.images(Source::Test, places());
        let device = images.device();
        let aims = Aims::untargeted(&labels, &device).asked(attack.draws);
        let at = |loss| {
            let states = Tensor::zeros([labels.len(), STATE], &device);
            climb(classify, images.clone(), &aims, loss, states)
        };
        let (of_loss, of_margin) = (at(Loss::CrossEntropy), at(Loss::Margin));
        let logits = read(of_loss.logits).await?;
        let gradients = read(of_loss.gradient).await?;
        let steepness = read(of_margin.gradient).await?;
        let images = labels
            .iter()
            .zip(logits.chunks_exact(data.classes.len()))
            .zip(gradients.chunks_exact(data.image_len()))
            .zip(steepness.chunks_exact(data.image_len()));
        for (((&label, logits), gradient), steepness) in images {
            sums.image(usize::from(label), logits, gradient);
            let steepness = match attack.norm {
                Norm::Linf => l1(steepness),
                Norm::L2 => l2(steepness),
            };
            sums.distance(usize::from(label), logits, steepness);
        }
        yielder.breathe().await;
    }
    Ok(Some(sums.mean()))
}

/// What is known of the images so far.
#[derive(Default)]
struct Sums {
    right: usize,
    logit_norm: f64,
    gradient_l1: f64,
    gradient_l2: f64,
    logits: Vec<f32>,
    margins: Vec<f32>,
    distances: Vec<f64>,
}

impl Sums {
    fn image(&mut self, label: usize, logits: &[f32], gradient: &[f32]) {
        self.right += usize::from(argmax(logits) == label);
        self.logit_norm += l2(logits);
        self.gradient_l1 += l1(gradient);
        self.gradient_l2 += l2(gradient);
        self.logits.extend(logits);
        self.margins.push(margin(logits, label));
    }

    fn distance(&mut self, label: usize, logits: &[f32], steepness: f64) {
        if argmax(logits) == label {
            // Infinite where nothing is steep.
            let margin = f64::from(margin(logits, label));
            self.distances.push(margin / steepness);
        }
    }

    fn mean(mut self) -> Profile {
        let images = self.margins.len();
        let of = |sum: f64| sum / images.max(1) as f64;
        self.distances.sort_by(f64::total_cmp);
        let middle = self.distances.get(self.distances.len() / 2).copied();
        Profile {
            images,
            accuracy: of(self.right as f64),
            logit_norm: of(self.logit_norm),
            logit_mean: self.logits.iter().copied().map(f64::from).sum::<f64>()
                / self.logits.len().max(1) as f64,
            gradient_l1: of(self.gradient_l1),
            gradient_l2: of(self.gradient_l2),
            distance: middle.filter(|distance| distance.is_finite()),
            logits: spread(self.logits),
            margins: spread(self.margins),
        }
    }
}

fn l1(row: &[f32]) -> f64 {
    row.iter().map(|&x| f64::from(x).abs()).sum()
}

fn l2(row: &[f32]) -> f64 {
    row.iter()
        .map(|&x| f64::from(x).powi(2))
        .sum::<f64>()
        .sqrt()
}
