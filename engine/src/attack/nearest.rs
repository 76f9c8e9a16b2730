//! [`Nearest`]: the nearest wrong point of each image so far.

use burn::tensor::{Bool, Tensor};

use super::ball::Ball;
use super::rows::{Rows, choose};
use super::worst::{Worst, nothing, score};

/// What attacks keep that look for the shortest perturbation, whatever the radius.
pub struct Nearest {
    clean: Tensor<4>,
    ball: Ball,
    points: Worst,
    /// `[batch, 1]`; infinite where there is none yet.
    distances: Tensor<2>,
}

impl Nearest {
    /// None yet.
    pub fn none(clean: Tensor<4>, ball: Ball) -> Self {
        let shape = [clean.dims()[0], 1];
        Self {
            distances: Tensor::full(shape, f32::INFINITY, &clean.device()),
            points: Worst::none(clean.clone()),
            clean,
            ball,
        }
    }

    /// Takes the points that are wrong and nearer; gives back which are wrong.
    ///
    /// # Shapes
    /// - `points`: `[batch, channels, height, width]`
    /// - `scores`: `[batch, SCORES]`
    /// - output: `[batch, 1]`
    pub fn offer(&mut self, points: &Tensor<4>, scores: Tensor<2>) -> Tensor<2, Bool> {
        let is_wrong = scores.clone().narrow(1, score::RIGHT, 1).equal_elem(0.0);
        let distances = self.distances_of(points);
        let is_nearer = is_wrong
            .clone()
            .bool_and(distances.clone().lower(self.distances.clone()));
        self.distances = self
            .distances
            .clone()
            .mask_where(is_nearer.clone(), distances);
        self.points.take(&is_nearer, points, scores);
        is_wrong
    }

    /// How far points are from the clean images, `[batch, 1]`.
    pub fn distances_of(&self, points: &Tensor<4>) -> Tensor<2> {
        self.ball.lengths(points.clone() - self.clean.clone())
    }

    /// The clean images.
    pub fn clean(&self) -> &Tensor<4> {
        &self.clean
    }

    /// The nearest points of the images for which there is one in the ball; the others are right.
    pub fn worst(&self) -> Worst {
        let is_inside = self
            .distances
            .clone()
            .lower_equal_elem(self.ball.epsilon as f32);
        let mut worst = Worst::none(self.clean.clone());
        let wide = is_inside.clone().expand(worst.scores.dims());
        worst.points = choose(&is_inside, self.points.points.clone(), worst.points);
        let [batch, _] = worst.scores.dims();
        worst.scores = nothing(batch, 1.0, &worst.scores.device())
            .mask_where(wide, self.points.scores.clone());
        worst
    }

    /// Goes on with some of the images.
    pub fn keep(&mut self, rows: &Rows) {
        self.clean = rows.of(self.clean.clone());
        self.distances = rows.of(self.distances.clone());
        self.points.keep(rows);
    }
}
