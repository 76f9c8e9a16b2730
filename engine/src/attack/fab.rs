//! FAB, the fast adaptive boundary attack (Croce and Hein 2020, arXiv:1907.02044), as AutoAttack has
//! it: it looks for the shortest perturbation that changes the class, whatever the radius.

#[cfg(feature = "gpu")]
use burn::backend::DispatchDevice;
use burn::tensor::{Tensor, TensorData};
use squeeze_shaders::attack_step::{STATE, state};
use squeeze_shaders::fab_step::{self, fab_step};

use super::ball::Ball;
use super::climb::{Aims, Climb, Loss, climb, numbers};
use super::iterates::{Classify, Iterates};
use super::nearest::Nearest;
use super::rows::{Rows, choose};
use super::worst::Worst;
use crate::config::Norm;

/// What is left of a perturbation that changed the class (the paper's beta).
const BACKWARD: f32 = 0.9;

/// The iterates of one batch.
pub struct Fab {
    x: Tensor<4>,
    aims: Aims,
    /// Towards other classes that may take over; each image goes towards the nearest.
    others: Vec<Aims>,
    norm: Norm,
    nearest: Nearest,
}

impl Fab {
    /// Starts at `start`: the paper starts at the clean images first, and at random points half a
    /// radius away then. Goes towards the targets of `aims`, or of any of `others` that is nearer.
    ///
    /// # Shapes
    /// - `clean`, `start`: `[batch, channels, height, width]`, without autodiff, in [0, 1]
    pub fn new(
        clean: Tensor<4>,
        start: Tensor<4>,
        aims: Aims,
        others: Vec<Aims>,
        ball: Ball,
    ) -> Self {
        Self {
            x: start,
            aims,
            others,
            norm: ball.norm,
            nearest: Nearest::none(clean, ball),
        }
    }

    /// The plane of the class that is nearest by the linearised differences.
    fn nearest_plane(&self, classify: Classify) -> Climb {
        let batch = self.x.dims()[0];
        let climb_to = |aims: &Aims| {
            let states = Tensor::zeros([batch, STATE], &self.x.device());
            climb(classify, self.x.clone(), aims, Loss::Difference, states)
        };
        let mut found = climb_to(&self.aims);
        if self.others.is_empty() {
            return found;
        }
        let mut distance = self.distance(&found);
        for aims in &self.others {
            let other = climb_to(aims);
            let away = self.distance(&other);
            let is_nearer = away.clone().lower(distance.clone());
            found.gradient = choose(&is_nearer, other.gradient, found.gradient);
            let wide = is_nearer.clone().expand(found.states.dims());
            found.states = found.states.mask_where(wide, other.states);
            distance = distance.mask_where(is_nearer, away);
        }
        found
    }

    /// How far the linearised boundary is, `[batch, 1]`: the difference over the dual norm of its
    /// gradient.
    fn distance(&self, found: &Climb) -> Tensor<2> {
        let [batch, channels, height, width] = found.gradient.dims();
        let rows = found
            .gradient
            .clone()
            .reshape([batch, channels * height * width]);
        // By the largest first, so that the squares of tiny numbers do not vanish.
        let largest = rows
            .clone()
            .abs()
            .max_dim(1)
            .clamp_min(f32::MIN_POSITIVE * 8.0);
        let rows = rows / largest.clone();
        let dual = match self.norm {
            Norm::Linf => rows.abs().sum_dim(1),
            Norm::L2 => (rows.clone() * rows).sum_dim(1).sqrt(),
        };
        let difference = found.states.clone().narrow(1, state::LOSS, 1).abs();
        difference / largest / dual.clamp_min(1e-12)
    }

    fn advance(&self, found: Climb) -> Tensor<4> {
        let shape @ [batch, channels, height, width] = self.x.dims();
        let params = fab_step::Params {
            batch: batch as u32,
            length: (channels * height * width) as u32,
            norm: self.norm.into(),
        };
        let device = self.x.device();
        let clean = self.nearest.clean().clone();
        #[cfg(feature = "gpu")]
        if let DispatchDevice::Cube(_) = device.as_dispatch() {
            let words = crate::kernel::words(&params.words(), &device);
            let Climb {
                gradient, states, ..
            } = found;
            let x = self.x.clone();
            return crate::kernel::fab_step::fab_step(x, clean, gradient, states, &words);
        }
        let next = fab_step(
            &numbers(self.x.clone()),
            &numbers(clean),
            &numbers(found.gradient),
            &numbers(found.states),
            &params,
        );
        Tensor::from_data(TensorData::new(next, shape), &device)
    }
}

impl Iterates for Fab {
    fn x(&self) -> Tensor<4> {
        self.x.clone()
    }

    fn step(&mut self, classify: Classify) -> Tensor<2> {
        let mut found = self.nearest_plane(classify);
        let logits = std::mem::replace(&mut found.logits, Tensor::empty([1, 1], &self.x.device()));
        let x = self.advance(found);
        let (_, scores) = self.aims.score(classify, &x, Loss::Margin);
        let is_wrong = self.nearest.offer(&x, scores);
        let clean = self.nearest.clean().clone();
        let back = clean.clone() + (x.clone() - clean) * BACKWARD;
        self.x = choose(&is_wrong, back, x);
        logits
    }

    fn worst(&self) -> Worst {
        self.nearest.worst()
    }

    fn keep(&mut self, rows: &Rows) {
        self.x = rows.of(self.x.clone());
        self.nearest.keep(rows);
        self.aims.keep(rows);
        for aims in &mut self.others {
            aims.keep(rows);
        }
    }
}
