//! [`begin`]: one start of an attack, as its config has it.

use burn::tensor::{Device, Tensor};

use super::apgd::Apgd;
use super::ball::Ball;
use super::climb::Aims;
use super::fab::Fab;
use super::hop_skip_jump::HopSkipJump;
use super::iterates::Iterates;
use super::noise::Noise;
use super::pgd::{Method, Pgd};
use super::rows::Rows;
use super::spsa::Spsa;
use super::square::Square;
use crate::config::{AttackConfig, AttackMethod};
use crate::random::{Purpose, Stream, key};

/// The images of one start.
pub struct Batch {
    /// `[batch, channels, height, width]`, without autodiff.
    pub clean: Tensor<4>,
    /// Their classes.
    pub labels: Vec<u8>,
    /// Whereto each is driven; none if that does not matter.
    pub targets: Vec<u8>,
    /// Classes in all.
    pub classes: usize,
    /// The run's seed.
    pub seed: u64,
    /// A number that no other start of the attack has.
    pub index: usize,
    /// How often the same images have started before.
    pub restart: usize,
}

/// Begins.
pub fn begin(config: &AttackConfig, batch: &Batch) -> Box<dyn Iterates> {
    let ball = Ball {
        norm: config.norm,
        epsilon: config.epsilon,
    };
    let clean = || batch.clean.clone();
    let device = batch.clean.device();
    let towards = |targets: &[u8]| towards(config, &batch.labels, targets, &device);
    let aims = towards(&batch.targets).asked(config.draws);
    let random = |ball: Ball| {
        let stream = key(batch.seed, Purpose::AttackStart, batch.index);
        ball.random_start(clean(), stream)
    };
    let stream = Stream::new(batch.seed, Purpose::AttackWay, batch.index);
    let pgd = |start, step_size, momentum| {
        let method = Method {
            ball,
            step_size,
            momentum,
            loss: config.loss.into(),
        };
        (start, method)
    };
    match config.method {
        AttackMethod::Fgsm => {
            let (start, method) = pgd(clean(), config.epsilon, 0.0);
            Box::new(Pgd::new(clean(), start, aims, method))
        }
        AttackMethod::Pgd => {
            let (start, method) = pgd(random(ball), config.step_length(), config.momentum);
            Box::new(Pgd::new(clean(), start, aims, method))
        }
        AttackMethod::Apgd => Box::new(Apgd::new(
            clean(),
            random(ball),
            aims,
            ball,
            config.loss.into(),
            config.iterations,
        )),
        AttackMethod::Fab => {
            let start = if batch.restart == 0 {
                clean()
            } else {
                random(Ball {
                    epsilon: 0.5 * ball.epsilon,
                    ..ball
                })
            };
            let [first, others @ ..] = &*planes(batch) else {
                unreachable!("a batch has two classes or more")
            };
            let aims = |targets: &Vec<u8>| towards(targets).asked(config.draws);
            let others = others.iter().map(aims).collect();
            Box::new(Fab::new(clean(), start, aims(first), others, ball))
        }
        AttackMethod::Square => Box::new(Square::new(clean(), aims, ball, stream)),
        AttackMethod::Spsa => {
            let (rate, samples) = (config.step_length(), config.samples);
            Box::new(Spsa::new(clean(), aims, ball, rate, samples, stream))
        }
        AttackMethod::Noise => Box::new(Noise::new(clean(), aims, ball, stream)),
        AttackMethod::HopSkipJump => Box::new(HopSkipJump::new(clean(), aims, ball, stream)),
    }
}

/// What some images of a batch are, and what the attack wants them to be taken for.
pub fn aims(config: &AttackConfig, batch: &Batch, rows: &Rows) -> Aims {
    let mut aims = towards(config, &batch.labels, &batch.targets, &batch.clean.device());
    aims.keep(rows);
    aims
}

/// Away from the labels, towards targets if there are any.
fn towards(config: &AttackConfig, labels: &[u8], targets: &[u8], device: &Device) -> Aims {
    if targets.is_empty() {
        return Aims::untargeted(labels, device);
    }
    let aims = Aims::targeted(labels, targets, device);
    if config.goal().is_one_class() {
        aims.only()
    } else {
        aims
    }
}

/// The classes that FAB looks towards: that of each target, or every wrong one in turn.
fn planes(batch: &Batch) -> Vec<Vec<u8>> {
    if !batch.targets.is_empty() {
        return vec![batch.targets.clone()];
    }
    let other = |label: u8, by: usize| ((usize::from(label) + by) % batch.classes) as u8;
    (1..batch.classes.max(2))
        .map(|by| batch.labels.iter().map(|&label| other(label, by)).collect())
        .collect()
}
