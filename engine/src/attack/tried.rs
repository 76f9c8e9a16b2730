//! [`Tried`]: points that are asked about one after another, without gradients.

use burn::tensor::Tensor;

use super::climb::{Aims, Loss};
use super::iterates::Classify;
use super::rows::Rows;
use super::worst::Worst;

/// What attacks keep that ask the model for logits alone.
pub struct Tried {
    /// The clean images, `[batch, channels, height, width]`, without autodiff.
    pub clean: Tensor<4>,
    /// What is asked about next, of the same shape.
    pub x: Tensor<4>,
    /// What the images are, and what they are to be taken for.
    pub aims: Aims,
    /// The worst points so far.
    pub worst: Worst,
}

impl Tried {
    /// Nothing yet; `x` is asked about first.
    pub fn none(clean: Tensor<4>, x: Tensor<4>, aims: Aims) -> Self {
        Self {
            worst: Worst::none(clean.clone()),
            clean,
            x,
            aims,
        }
    }

    /// Asks about `x`; gives back its logits, `[batch, classes]`.
    pub fn ask(&mut self, classify: Classify) -> Tensor<2> {
        let (logits, scores) = self.aims.score(classify, &self.x, Loss::Margin);
        self.worst.offer(&self.x, scores);
        logits
    }

    /// Goes on with some of the images.
    pub fn keep(&mut self, rows: &Rows) {
        self.clean = rows.of(self.clean.clone());
        self.x = rows.of(self.x.clone());
        self.aims.keep(rows);
        self.worst.keep(rows);
    }
}
