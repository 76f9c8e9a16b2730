//! Random noise in the ball: what every other attack must beat.

use burn::tensor::Tensor;

use super::ball::Ball;
use super::climb::Aims;
use super::iterates::{Classify, Iterates};
use super::rows::Rows;
use super::tried::Tried;
use super::worst::Worst;
use crate::random::Stream;

/// The draws of one batch: each iteration tries one, independent of the last.
pub struct Noise {
    tried: Tried,
    ball: Ball,
    stream: Stream,
}

impl Noise {
    /// Draws from `stream`.
    ///
    /// # Shapes
    /// - `clean`: `[batch, channels, height, width]`, without autodiff
    pub fn new(clean: Tensor<4>, aims: Aims, ball: Ball, mut stream: Stream) -> Self {
        let first = ball.random_start(clean.clone(), stream.branch());
        Self {
            tried: Tried::none(clean, first, aims),
            ball,
            stream,
        }
    }
}

impl Iterates for Noise {
    fn x(&self) -> Tensor<4> {
        self.tried.x.clone()
    }

    fn step(&mut self, classify: Classify) -> Tensor<2> {
        let logits = self.tried.ask(classify);
        let clean = self.tried.clean.clone();
        self.tried.x = self.ball.random_start(clean, self.stream.branch());
        logits
    }

    fn worst(&self) -> Worst {
        self.tried.worst.clone()
    }

    fn keep(&mut self, rows: &Rows) {
        self.tried.keep(rows);
    }
}
