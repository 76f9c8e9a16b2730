//! Auto-PGD (Croce and Hein 2020, arXiv:2003.01690, algorithm 1): steps that carry on, and a step
//! size that each image halves for itself where it does not get on.

use burn::tensor::Tensor;
use squeeze_shaders::attack_loss::SCORES;
use squeeze_shaders::attack_step::state;

use super::ball::Ball;
use super::climb::{Aims, Loss};
use super::iterates::{Classify, Iterates};
use super::rows::{Rows, choose};
use super::walk::{Keep, Walk};
use super::worst::Worst;

/// Weight of the new point against the way that the last step went, from the second step on.
const ALPHA: f32 = 0.75;
/// First step size, in radii of the ball.
const FIRST_STEP: f64 = 2.0;
/// Least share of steps since the last check that must have raised the loss.
const RHO: f64 = 0.75;

/// The iterates of one batch.
pub struct Apgd {
    walk: Walk,
    aims: Aims,
    loss: Loss,
    checks: Checks,
    /// Points evaluated so far.
    evaluated: usize,
    /// Gradients at the points with the highest loss.
    at_best: Option<Tensor<4>>,
    worst: Worst,
    /// `[batch, 1]`, like all that follow.
    last_loss: Tensor<2>,
    /// How often the loss has risen since the last check.
    rises: Tensor<2>,
    /// Highest loss at the last check.
    best_at_check: Tensor<2>,
    /// 1 if the last check halved the step.
    was_halved: Tensor<2>,
}

impl Apgd {
    /// Starts at `start`, which must lie in the ball around `clean` and in [0, 1], for so many
    /// iterations.
    ///
    /// # Shapes
    /// - `clean`, `start`: `[batch, channels, height, width]`, without autodiff
    pub fn new(
        clean: Tensor<4>,
        start: Tensor<4>,
        aims: Aims,
        ball: Ball,
        loss: Loss,
        iterations: usize,
    ) -> Self {
        let (batch, device) = (clean.dims()[0], clean.device());
        let column = |value: f64| Tensor::full([batch, 1], value, &device);
        let step = FIRST_STEP * ball.epsilon;
        Self {
            walk: Walk::new(clean, start.clone(), ball, step, Keep::Loss),
            aims,
            loss,
            checks: Checks::new(iterations),
            evaluated: 0,
            at_best: None,
            worst: Worst::none(start),
            last_loss: column(0.0),
            rises: column(0.0),
            best_at_check: column(0.0),
            was_halved: column(1.0),
        }
    }

    /// Evaluates the current points; gives back their logits and the gradients to go on along.
    fn evaluate(&mut self, classify: Classify) -> (Tensor<2>, Tensor<4>) {
        let found = self.walk.climb(classify, &self.aims, self.loss);
        let x = self.walk.x();
        let of = |place: usize| found.states.clone().narrow(1, place, 1);
        let loss = of(state::LOSS);
        let scores = found.states.clone().narrow(1, state::LOSS, SCORES);
        self.worst.offer(&x, scores);

        let Some(at_best) = self.at_best.take() else {
            self.at_best = Some(found.gradient.clone());
            self.best_at_check = loss.clone();
            self.last_loss = loss;
            self.evaluated = 1;
            return (found.logits, found.gradient);
        };
        let is_better = loss.clone().greater(of(state::BEST_LOSS));
        let at_best = choose(&is_better, found.gradient.clone(), at_best);
        let best_loss = of(state::BEST_LOSS).max_pair(loss.clone());
        self.rises = self.rises.clone() + loss.clone().greater(self.last_loss.clone()).float();
        self.last_loss = loss;
        self.evaluated += 1;

        let mut gradient = found.gradient;
        if let Some(since) = self.checks.is_due(self.evaluated - 1) {
            let is_slow = self.rises.clone().lower_equal_elem(RHO * since as f64);
            let is_stuck = self
                .was_halved
                .clone()
                .equal_elem(0.0)
                .bool_and(self.best_at_check.clone().greater_equal(best_loss.clone()));
            let halve = is_slow.bool_or(is_stuck);
            self.was_halved = halve.clone().float();
            let step = of(state::STEP) / (self.was_halved.clone() + 1.0);
            self.walk.set_steps(step);
            // Back to the best point.
            let best = choose(&is_better, x.clone(), self.walk.best());
            self.walk.set_x(choose(&halve, best, x));
            gradient = choose(&halve, at_best.clone(), gradient);
            self.best_at_check = best_loss;
            self.rises = self.rises.zeros_like();
        }
        self.at_best = Some(at_best);
        (found.logits, gradient)
    }
}

impl Iterates for Apgd {
    fn x(&self) -> Tensor<4> {
        self.walk.x()
    }

    fn step(&mut self, classify: Classify) -> Tensor<2> {
        let (logits, gradient) = self.evaluate(classify);
        self.walk.step(gradient);
        self.walk.set_alpha(ALPHA);
        logits
    }

    fn worst(&self) -> Worst {
        self.worst.clone()
    }

    fn keep(&mut self, rows: &Rows) {
        self.walk.keep(rows);
        self.aims.keep(rows);
        self.worst.keep(rows);
        self.at_best = self.at_best.take().map(|at_best| rows.of(at_best));
        for column in [
            &mut self.last_loss,
            &mut self.rises,
            &mut self.best_at_check,
            &mut self.was_halved,
        ] {
            *column = rows.of(column.clone());
        }
    }

    fn finish(mut self: Box<Self>, classify: Classify) -> Worst {
        let (_, scores) = self.aims.score(classify, &self.walk.x(), self.loss);
        self.worst.offer(&self.walk.x(), scores);
        self.worst
    }
}

/// After which iterations the step sizes are looked at (the paper, section 3.1: the distances shrink
/// from 0.22 of the iterations by 0.03 of them each time, to 0.06).
struct Checks {
    due: Vec<usize>,
}

impl Checks {
    fn new(iterations: usize) -> Self {
        let share = |percent: usize| (percent * iterations / 100).max(1);
        let (mut distance, mut at) = (share(22), 0);
        let mut due = Vec::new();
        while at + distance <= iterations {
            at += distance;
            due.push(at);
            distance = distance.saturating_sub(share(3)).max(share(6));
        }
        Self { due }
    }

    /// Iterations since the last check, if one is due after so many.
    fn is_due(&self, iteration: usize) -> Option<usize> {
        let place = self.due.binary_search(&iteration).ok()?;
        let last = place.checked_sub(1).map_or(0, |last| self.due[last]);
        Some(iteration - last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_come_closer_together() {
        // The paper's p_j for 100 iterations.
        let checks = Checks::new(100);
        assert_eq!(checks.due, [22, 41, 57, 70, 80, 87, 93, 99]);
        assert_eq!(checks.is_due(22), Some(22));
        assert_eq!(checks.is_due(41), Some(19));
        assert_eq!(checks.is_due(40), None);
        assert_eq!(Checks::new(1).due, [1]);
        assert_eq!(Checks::new(3).due, [1, 2, 3]);
    }
}
