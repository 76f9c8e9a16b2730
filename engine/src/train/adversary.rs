//! The images that an adversary puts in the place of a training batch.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::attack::ball::Ball;
use crate::attack::climb::{Aims, Loss};
use crate::attack::iterates::Iterates;
use crate::attack::pgd::{Method, Pgd};
use crate::attack::walk::{Keep, Walk};
use crate::config::{Adversary, AdversaryConfig, Norm, Precision};
use crate::network::Network;
use crate::noise;
use crate::objective::tensor;
use crate::random::StreamKey;

/// Standard deviation of TRADES' start around the clean image (its public code).
const TRADES_START: f64 = 1e-3;

/// Where [`pgd`] and [`trades`] start: uniform in the ball, and TRADES by a little noise. The others
/// do not come to be by steps.
///
/// # Shapes
/// - `images` and output: `[batch, channels, height, width]`, without autodiff, in [0, 1] but for the
///   noise
pub fn start(images: &Tensor<4>, config: &AdversaryConfig, stream: StreamKey) -> Option<Tensor<4>> {
    match config.kind {
        Adversary::None | Adversary::Free => None,
        Adversary::Pgd | Adversary::Fast => Some(ball(config).random_start(images.clone(), stream)),
        Adversary::Trades => {
            let noise = noise::normal(images.dims(), TRADES_START, stream, &images.device());
            Some(images.clone() + noise)
        }
    }
}

/// The k-step PGD point of a batch; one step of it is Fast's.
///
/// The network attacked is the one that is evaluated: batch normalisation takes its running
/// statistics.
///
/// # Shapes
/// - `images`, `start` and output: `[batch, channels, height, width]`, without autodiff, in [0, 1]
pub fn pgd(
    network: &Network,
    images: Tensor<4>,
    start: Tensor<4>,
    labels: &[u8],
    config: &AdversaryConfig,
    precision: Precision,
) -> Tensor<4> {
    let frozen = network.clone().no_grad();
    let ball = ball(config);
    let aims = Aims::untargeted(labels, &images.device());
    let method = Method {
        ball,
        step_size: config.step_size,
        momentum: 0.0,
        loss: Loss::CrossEntropy,
    };
    let mut pgd = Pgd::new(images, start, aims, method);
    let iterations = match config.kind {
        Adversary::Fast => 1,
        _ => config.iterations,
    };
    for _ in 0..iterations {
        pgd.step(&|images| frozen.forward_adversary(images, precision));
    }
    pgd.x()
}

/// The point in the ball that TRADES finds: where the prediction is furthest from that on the clean
/// image.
///
/// # Shapes
/// - `images` and output: `[batch, channels, height, width]`, without autodiff, in [0, 1]
/// - `start`: the same, around `images`
pub fn trades(
    network: &Network,
    images: Tensor<4>,
    start: Tensor<4>,
    config: &AdversaryConfig,
    precision: Precision,
) -> Tensor<4> {
    let frozen = network.clone().no_grad();
    let classify = |images| frozen.forward_adversary(images, precision);
    let clean = classify(images.clone().autodiff()).detach();
    let mut walk = Walk::new(images, start, ball(config), config.step_size, Keep::Loss);
    for _ in 0..config.iterations {
        let x = walk.x();
        let at = x.clone().autodiff().require_grad();
        let loss = tensor::divergence(clean.clone(), classify(at.clone()));
        let gradient = at.grad_remove(&mut loss.backward());
        // No gradient means that no path leads from the images to the loss: then it is zero.
        let gradient = gradient.unwrap_or_else(|| x.zeros_like());
        walk.step(gradient);
    }
    walk.x()
}

/// One step of the perturbation that "free" training keeps from batch to batch: up the gradient's
/// sign by epsilon, back into the ball.
///
/// # Shapes
/// - `perturbation`, `gradient` and output: `[batch, channels, height, width]`, without autodiff
pub fn free_step(perturbation: Tensor<4>, gradient: Tensor<4>, epsilon: f64) -> Tensor<4> {
    (perturbation + gradient.sign() * epsilon).clamp(-epsilon, epsilon)
}

fn ball(config: &AdversaryConfig) -> Ball {
    Ball {
        norm: Norm::Linf,
        epsilon: config.epsilon,
    }
}
