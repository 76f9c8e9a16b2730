//! What gradients and logits look like where the model is right.

use burn::tensor::{Tensor, TensorData};
use squeeze_shaders::attack_loss::SCORES;
use squeeze_shaders::attack_step::{STATE, state};

use crate::attack::ball::Ball;
use crate::attack::climb::{Aims, Climb, Loss, climb};
use crate::attack::run::{AttackError, Target};
use crate::attack::worst::score;
use crate::config::Norm;
use crate::evaluate::read;
use crate::resident::Source;

/// Logits whose largest and smallest differ by less are one number beside 1 in float32.
const RESOLUTION: f32 = f32::EPSILON;

/// A short step, as a share of the radius.
const SHORT: f64 = 0.02;

/// Counts of images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Probe {
    /// Looked at.
    pub images: usize,
    /// Gradient zero in every pixel.
    pub vanishing: usize,
    /// Logits within [`RESOLUTION`].
    pub unresolved: usize,
    /// Loss lower after a short step up the gradient, of those that have one.
    pub downhill: usize,
}

/// Looks at the test images at `places`, a batch of them.
pub async fn probe(
    target: &Target<'_>,
    places: &[usize],
    ball: Ball,
    draws: usize,
) -> Result<Probe, AttackError> {
    let labels = target.data.labels(Source::Test, places.iter().copied());
    let images = target.data.images(Source::Test, places.iter().copied());
    let device = images.device();
    let aims = Aims::untargeted(&labels, &device).asked(draws);
    let classify = &|x| target.model.logits(x);
    let states = Tensor::zeros([places.len(), STATE], &device);
    let found = climb(classify, images.clone(), &aims, Loss::CrossEntropy, states);
    let Climb {
        logits,
        gradient,
        states,
    } = found;
    let classes = target.data.data().classes.len();
    let before = read(states).await?;
    let logits = read(logits).await?;
    let length = target.data.data().image_len();
    let gradients = read(gradient).await?;

    // Up the gradient by a short step, on the host: it is a few images.
    let pixels = read(images.clone()).await?;
    let step = (SHORT * ball.epsilon) as f32;
    let moved: Vec<f32> = pixels
        .chunks_exact(length)
        .zip(gradients.chunks_exact(length))
        .flat_map(|(pixels, gradient)| {
            let way = squeeze_shaders::attack_step::ascent(gradient, ball.norm.into());
            pixels
                .iter()
                .zip(way)
                .map(|(x, way)| (x + step * way).clamp(0.0, 1.0))
                .collect::<Vec<_>>()
        })
        .collect();
    let moved = Tensor::from_data(TensorData::new(moved, images.dims()), &device);
    let (_, after) = aims.score(classify, &moved, Loss::CrossEntropy);
    let after = read(after).await?;

    let mut probe = Probe {
        images: places.len(),
        ..Probe::default()
    };
    let rows = logits
        .chunks_exact(classes)
        .zip(gradients.chunks_exact(length));
    let losses = before
        .chunks_exact(STATE)
        .map(|row| row[state::LOSS])
        .zip(after.chunks_exact(SCORES).map(|row| row[score::LOSS]));
    for ((logits, gradient), (before, after)) in rows.zip(losses) {
        let high = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let low = logits.iter().copied().fold(f32::INFINITY, f32::min);
        probe.unresolved += usize::from(high - low < RESOLUTION);
        let is_zero = gradient.iter().all(|&g| g == 0.0);
        probe.vanishing += usize::from(is_zero);
        probe.downhill += usize::from(!is_zero && after < before);
    }
    Ok(probe)
}

/// The largest radius that means anything: any image can become any other.
pub fn largest_radius(norm: Norm, numbers: usize) -> f64 {
    match norm {
        Norm::Linf => 1.0,
        Norm::L2 => (numbers as f64).sqrt(),
    }
}
