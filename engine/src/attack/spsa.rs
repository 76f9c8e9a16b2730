//! SPSA (Uesato et al. 2018, arXiv:1802.05666): the gradient of the margin from differences along
//! random directions, followed by Adam. Needs the logits alone.

use burn::tensor::Tensor;

use super::ball::Ball;
use super::climb::{Aims, Loss};
use super::iterates::{Classify, Iterates};
use super::rows::Rows;
use super::tried::Tried;
use super::worst::{Worst, score};
use crate::noise;
use crate::random::Stream;

/// Half the distance between the two points of a difference, in pixel units.
const DELTA: f64 = 0.01;
/// Adam's decay rates and the least of its divisors.
const BETA: [f64; 2] = [0.9, 0.999];
const LEAST: f64 = 1e-8;

/// The iterates of one batch.
pub struct Spsa {
    tried: Tried,
    ball: Ball,
    /// Adam's rate, in pixel units.
    rate: f64,
    /// Differences of an iteration, each of two points.
    pairs: usize,
    stream: Stream,
    steps: i32,
    moments: [Tensor<4>; 2],
    /// Largest number of each image's first slope, `[batch, 1, 1, 1]`: slopes are measured in it, so
    /// that those of tiny logits do not vanish beside [`LEAST`].
    unit: Option<Tensor<4>>,
}

impl Spsa {
    /// Starts at the clean images, with steps of about `rate` a pixel, each from the logits at `samples`
    /// points; directions come from `stream`.
    ///
    /// # Shapes
    /// - `clean`: `[batch, channels, height, width]`, without autodiff
    pub fn new(
        clean: Tensor<4>,
        aims: Aims,
        ball: Ball,
        rate: f64,
        samples: usize,
        stream: Stream,
    ) -> Self {
        let zeros = clean.zeros_like();
        Self {
            tried: Tried::none(clean.clone(), clean, aims),
            ball,
            rate,
            pairs: samples.div_ceil(2),
            stream,
            steps: 0,
            moments: [zeros.clone(), zeros],
            unit: None,
        }
    }

    /// The mean over directions of the difference of the margin along each, times the direction.
    fn slope(&mut self, classify: Classify) -> Tensor<4> {
        let shape @ [batch, ..] = self.tried.x.dims();
        let mut sum = self.tried.x.zeros_like();
        for _ in 0..self.pairs {
            let stream = self.stream.branch();
            let direction = noise::uniform(shape, -1.0, 1.0, stream, &self.tried.x.device()).sign();
            let margin = |side: f64| {
                // Not cut to the image range, which would bend the difference.
                let x = self.tried.x.clone() + direction.clone() * (side * DELTA);
                let (_, scores) = self.tried.aims.score(classify, &x, Loss::Margin);
                scores.narrow(1, score::LOSS, 1)
            };
            let difference = (margin(1.0) - margin(-1.0)).reshape([batch, 1, 1, 1]);
            sum = sum + direction * difference;
        }
        sum / (self.pairs as f64 * 2.0 * DELTA)
    }
}

impl Iterates for Spsa {
    fn x(&self) -> Tensor<4> {
        self.tried.x.clone()
    }

    fn step(&mut self, classify: Classify) -> Tensor<2> {
        let logits = self.tried.ask(classify);
        let slope = self.slope(classify);
        let unit = self.unit.get_or_insert_with(|| {
            let [batch, ..] = slope.dims();
            let largest = slope.clone().abs().reshape([batch as i32, -1]).max_dim(1);
            let largest = largest.clone().mask_fill(largest.equal_elem(0.0), 1.0);
            largest.reshape([batch, 1, 1, 1])
        });
        let slope = slope / unit.clone();
        self.steps += 1;
        let [first, second] = &mut self.moments;
        *first = first.clone() * BETA[0] + slope.clone() * (1.0 - BETA[0]);
        *second = second.clone() * BETA[1] + slope.clone() * slope * (1.0 - BETA[1]);
        let unbiased =
            |moment: &Tensor<4>, beta: f64| moment.clone() / (1.0 - beta.powi(self.steps));
        let spread = unbiased(second, BETA[1]).sqrt() + LEAST;
        let step = unbiased(first, BETA[0]) / spread * self.rate;
        let Tried { clean, x, .. } = &mut self.tried;
        *x = self.ball.project(clean, x.clone() + step);
        logits
    }

    fn worst(&self) -> Worst {
        self.tried.worst.clone()
    }

    fn keep(&mut self, rows: &Rows) {
        for moment in &mut self.moments {
            *moment = rows.of(moment.clone());
        }
        self.unit = self.unit.take().map(|unit| rows.of(unit));
        self.tried.keep(rows);
    }

    fn finish(mut self: Box<Self>, classify: Classify) -> Worst {
        self.tried.ask(classify);
        self.tried.worst
    }
}
