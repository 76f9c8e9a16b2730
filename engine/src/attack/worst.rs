//! [`Worst`]: the worst point of each image so far.

use burn::tensor::{Bool, Device, Tensor, TensorData};
use squeeze_shaders::attack_loss::SCORES;

use super::rows::{Rows, choose};

/// Places in a row of scores, as `squeeze_shaders::attack_loss` writes them.
pub mod score {
    /// Loss of the point.
    pub const LOSS: usize = 0;
    /// 1 if it is classified as its label, else 0; 2 where there is no point yet.
    pub const RIGHT: usize = 1;
    /// Margin `z_y - max_{j != y} z_j` there.
    pub const MARGIN: usize = 2;
}

/// The worst points of a batch: a wrong one before a right one, then the one with the higher loss.
#[derive(Clone)]
pub struct Worst {
    /// `[batch, channels, height, width]`
    pub points: Tensor<4>,
    /// `[batch, SCORES]`, see [`score`].
    pub scores: Tensor<2>,
}

/// Scores where there is no point, `[batch, SCORES]`: `right`, and a margin that is no news.
pub fn nothing(batch: usize, right: f32, device: &Device) -> Tensor<2> {
    let row = |place| match place {
        score::RIGHT => right,
        score::MARGIN => f32::INFINITY,
        _ => 0.0,
    };
    let row: Vec<f32> = (0..SCORES).map(row).collect();
    let row = Tensor::<2>::from_data(TensorData::new(row, [1, SCORES]), device);
    row.expand([batch, SCORES])
}

impl Worst {
    /// None yet, where `points` are what is shown as long as there are none.
    pub fn none(points: Tensor<4>) -> Self {
        let scores = nothing(points.dims()[0], 2.0, &points.device());
        Self { points, scores }
    }

    /// Takes the points that are worse, and says which.
    ///
    /// # Shapes
    /// - `points`: `[batch, channels, height, width]`
    /// - `scores`: `[batch, SCORES]`
    /// - output: `[batch, 1]`
    pub fn offer(&mut self, points: &Tensor<4>, scores: Tensor<2>) -> Tensor<2, Bool> {
        let of = |scores: &Tensor<2>, place| scores.clone().narrow(1, place, 1);
        let right = (of(&scores, score::RIGHT), of(&self.scores, score::RIGHT));
        let loss = (of(&scores, score::LOSS), of(&self.scores, score::LOSS));
        let is_same = right.0.clone().equal(right.1.clone());
        let is_worse = is_same
            .bool_and(loss.0.greater(loss.1))
            .bool_or(right.0.lower(right.1));
        self.take(&is_worse, points, scores);
        is_worse
    }

    /// Takes the points that the mask holds for.
    ///
    /// # Shapes
    /// - `mask`: `[batch, 1]`, the others as in [`Self::offer`]
    pub fn take(&mut self, mask: &Tensor<2, Bool>, points: &Tensor<4>, scores: Tensor<2>) {
        self.points = choose(mask, points.clone(), self.points.clone());
        let mask = mask.clone().expand(scores.dims());
        self.scores = self.scores.clone().mask_where(mask, scores);
    }

    /// Goes on with some of the images.
    pub fn keep(&mut self, rows: &Rows) {
        self.points = rows.of(self.points.clone());
        self.scores = rows.of(self.scores.clone());
    }
}
