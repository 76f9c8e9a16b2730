//! Projected gradient descent (Madry et al. 2018, arXiv:1706.06083), with momentum if asked
//! (Dong et al. 2018, arXiv:1710.06081).

use burn::tensor::Tensor;

use super::ball::Ball;
use super::climb::{Aims, Loss};
use super::iterates::{Classify, Iterates};
use super::rows::Rows;
use super::walk::{Keep, Walk};
use super::worst::Worst;

/// How an attack goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Method {
    /// How far.
    pub ball: Ball,
    /// Length of a step, in pixel units.
    pub step_size: f64,
    /// What share of the gathered gradient is kept from step to step: 0 for plain steps.
    pub momentum: f64,
    /// What is climbed.
    pub loss: Loss,
}

/// The iterates of one batch.
pub struct Pgd {
    walk: Walk,
    aims: Aims,
    method: Method,
    gathered: Option<Tensor<4>>,
}

impl Pgd {
    /// Starts at `start`, which must lie in the ball around `clean` and in [0, 1].
    ///
    /// # Shapes
    /// - `clean`, `start`: `[batch, channels, height, width]`, without autodiff
    pub fn new(clean: Tensor<4>, start: Tensor<4>, aims: Aims, method: Method) -> Self {
        let Method {
            ball, step_size, ..
        } = method;
        Self {
            walk: Walk::new(clean, start, ball, step_size, Keep::Worst),
            aims,
            method,
            gathered: None,
        }
    }

    /// `g_{t+1} = momentum g_t + gradient / mean |gradient|`. The paper divides by the sum of the
    /// magnitudes; the mean points the same way and is of the size of 1.
    fn gather(&mut self, gradient: Tensor<4>) -> Tensor<4> {
        if self.method.momentum == 0.0 {
            return gradient;
        }
        let [batch, channels, height, width] = gradient.dims();
        let flat = [batch, 1, 1, channels * height * width];
        // By the largest first, so that the mean of tiny numbers does not vanish.
        let rows = gradient.reshape(flat);
        let largest = rows.clone().abs().max_dim(3);
        let largest = largest.clone().mask_fill(largest.equal_elem(0.0), 1.0);
        let rows = rows / largest;
        let mean = rows.clone().abs().mean_dim(3);
        let mean = mean.clone().mask_fill(mean.equal_elem(0.0), 1.0);
        let fresh = (rows / mean).reshape([batch, channels, height, width]);
        let gathered = match self.gathered.take() {
            Some(gathered) => gathered * self.method.momentum + fresh,
            None => fresh,
        };
        self.gathered = Some(gathered.clone());
        gathered
    }
}

impl Iterates for Pgd {
    fn x(&self) -> Tensor<4> {
        self.walk.x()
    }

    fn step(&mut self, classify: Classify) -> Tensor<2> {
        let found = self.walk.climb(classify, &self.aims, self.method.loss);
        let direction = self.gather(found.gradient);
        self.walk.step(direction);
        found.logits
    }

    fn worst(&self) -> Worst {
        self.walk.worst()
    }

    fn keep(&mut self, rows: &Rows) {
        self.walk.keep(rows);
        self.aims.keep(rows);
        self.gathered = self.gathered.take().map(|gathered| rows.of(gathered));
    }

    fn finish(self: Box<Self>, classify: Classify) -> Worst {
        self.walk.finish(classify, &self.aims, self.method.loss)
    }
}
