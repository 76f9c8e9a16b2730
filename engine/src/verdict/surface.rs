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
/// minus to plus the radius. Points are not cut to the image range, which would bend the square.
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

    let offset = |at: usize| (2.0 * at as f64 / (SIDE - 1) as f64 - 1.0) * ball.epsilon;
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
        losses.extend(
            read(scores)
                .await?
                .chunks_exact(SCORES)
                .map(|row| row[0] + flat),
        );
    }
    Ok(Surface {
        place,
        side: SIDE,
        losses,
    })
}
