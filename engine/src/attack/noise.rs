//! Random noise in the ball: what every other attack must beat.

use burn::tensor::Tensor;

use super::ball::Ball;
use super::climb::{Aims, Loss};
use super::iterates::{Classify, Iterates};
use super::rows::Rows;
use super::worst::Worst;
use crate::random::Stream;

/// The draws of one batch: each iteration tries one, independent of the last.
pub struct Noise {
    clean: Tensor<4>,
    x: Tensor<4>,
    aims: Aims,
    ball: Ball,
    stream: Stream,
    worst: Worst,
}

impl Noise {
    /// Draws from `stream`.
    ///
    /// # Shapes
    /// - `clean`: `[batch, channels, height, width]`, without autodiff
    pub fn new(clean: Tensor<4>, aims: Aims, ball: Ball, mut stream: Stream) -> Self {
        Self {
            x: ball.random_start(clean.clone(), stream.branch()),
            worst: Worst::none(clean.clone()),
            clean,
            aims,
            ball,
            stream,
        }
    }
}

impl Iterates for Noise {
    fn x(&self) -> Tensor<4> {
        self.x.clone()
    }

    fn step(&mut self, classify: Classify) -> Tensor<2> {
        let (logits, scores) = self.aims.score(classify, &self.x, Loss::Margin);
        self.worst.offer(&self.x, scores);
        self.x = self
            .ball
            .random_start(self.clean.clone(), self.stream.branch());
        logits
    }

    fn worst(&self) -> Worst {
        self.worst.clone()
    }

    fn keep(&mut self, rows: &Rows) {
        for tensor in [&mut self.clean, &mut self.x] {
            *tensor = rows.of(tensor.clone());
        }
        self.aims.keep(rows);
        self.worst.keep(rows);
    }
}
