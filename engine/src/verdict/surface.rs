//! The loss around an image.

use burn::tensor::{Tensor, TensorData};
use squeeze_shaders::attack_loss::SCORES;
use squeeze_shaders::attack_step::STATE;

use super::report::Surface;
use crate::attack::ball::Ball;
use crate::attack::climb::{Aims, Loss, climb};
use crate::attack::run::{AttackError, Target};
use crate::config::Norm;
use crate::evaluate::read;
use crate::random::{Purpose, Stream};
use crate::resident::Source;

/// Steps along each direction: an odd number, so that the image itself is one of them.
const SIDE: usize = 25;

/// The cross-entropy on the square that the steepest ascent and a random direction span, each from
/// minus to plus the radius; what lies beyond the radius, in its corners, is no number. Points are not cut
/// to the image range, which would bend the square.
pub async fn surface(
    target: &Target<'_>,
    place: usize,
    ball: Ball,
) -> Result<Surface, AttackError> {
    let one = || std::iter::once(place);
    let label = target.data.labels(Source::Test, one());
    let image = target.data.images(Source::Test, one());
    let [_, channels, height, width] = image.dims();
    let device = image.device();
    let classify = &|x| target.model.logits(x);
    let states = Tensor::zeros([1, STATE], &device);
    let aims = Aims::untargeted(&label, &device);
    let found = climb(classify, image.clone(), &aims, Loss::CrossEntropy, states);
    let along =
        squeeze_shaders::attack_step::ascent(&read(found.gradient).await?, ball.norm.into());
    let pixels = read(image).await?;
    let mut stream = Stream::new(target.seed, Purpose::Rung, 1);
    let mut aside = vec![0.0; pixels.len()];
    stream.fill_normal(&mut aside);
    let aside = match ball.norm {
        Norm::Linf => aside.iter().map(|x| x.signum()).collect(),
        Norm::L2 => squeeze_shaders::attack_step::ascent(&aside, ball.norm.into()),
    };

    let offset = |at: usize| place_of(at) * ball.epsilon;
    let mut losses = Vec::with_capacity(SIDE * SIDE);
    for row in 0..SIDE {
        let (a, mut points) = (offset(row) as f32, Vec::with_capacity(SIDE * pixels.len()));
        for column in 0..SIDE {
            let b = offset(column) as f32;
            let ways = along.iter().zip(&aside);
            points.extend(pixels.iter().zip(ways).map(|(x, (u, v))| x + a * u + b * v));
        }
        let shape = [SIDE, channels, height, width];
        let points = Tensor::from_data(TensorData::new(points, shape), &device);
        let aims = Aims::untargeted(&[label[0]; SIDE], &device);
        let (_, scores) = aims.score(classify, &points, Loss::CrossEntropy);
        // The kernel's loss is less that of equal logits.
        let flat = (target.data.data().classes.len() as f32).ln();
        let scores = read(scores).await?;
        let line = scores.chunks_exact(SCORES).map(|scores| scores[0] + flat);
        losses.extend(line.enumerate().map(|(column, loss)| {
            let within = is_within(ball.norm, place_of(row), place_of(column));
            if within { loss } else { f32::NAN }
        }));
    }
    Ok(Surface {
        place,
        side: SIDE,
        losses,
    })
}

/// Where a step lies, from -1 to 1.
fn place_of(step: usize) -> f64 {
    2.0 * step as f64 / (SIDE - 1) as f64 - 1.0
}

/// Whether a point of the square lies within the radius, which is 1. In l_inf both directions move every pixel
/// by the same, so that the worst pixel moves by their sum.
fn is_within(norm: Norm, along: f64, aside: f64) -> bool {
    let far = match norm {
        Norm::Linf => along.abs() + aside.abs(),
        Norm::L2 => along.hypot(aside),
    };
    far <= 1.0 + 1e-9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_both_directions_are_within_the_radius_and_the_corners_are_not() {
        let steps = || (0..SIDE).map(place_of);
        let count = |norm| {
            let points = steps().flat_map(|along| steps().map(move |aside| (along, aside)));
            let within = points.filter(|&(along, aside)| is_within(norm, along, aside));
            within.count()
        };
        // A diamond and a disc of radius 12 on a grid.
        assert_eq!(count(Norm::Linf), 2 * 12 * 13 + 1);
        assert_eq!(count(Norm::L2), 441);
        for norm in [Norm::Linf, Norm::L2] {
            assert!(is_within(norm, 1.0, 0.0) && is_within(norm, 0.0, -1.0));
            assert!(!is_within(norm, 1.0, 1.0));
        }
    }
}
