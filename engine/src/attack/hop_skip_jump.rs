//! HopSkipJump (Chen, Jordan and Wainwright 2020, arXiv:1904.02144): needs the model's decisions
//! alone. From an image of another class it walks along the boundary towards the clean image.

use burn::tensor::{Bool, Tensor};

use super::ball::Ball;
use super::climb::{Aims, Loss};
use super::iterates::{Classify, Iterates};
use super::nearest::Nearest;
use super::rows::{Rows, choose};
use super::worst::{Worst, score};
use crate::config::Norm;
use crate::noise;
use crate::random::Stream;

/// Images of noise that are tried as the first wrong point.
const NOISE_STARTS: usize = 32;
/// Points that are looked at between a clean image and where its search starts.
const BLENDS: usize = 50;
/// Directions that the first gradient is estimated from (the paper's B_0), and most of any.
const FIRST_DIRECTIONS: f64 = 100.0;
const MOST_DIRECTIONS: f64 = 1e4;
/// Most often that a step is halved until it ends on the wrong side.
const HALVINGS: usize = 12;
/// Most rounds of a bisection: float32 has no more digits.
const MOST_ROUNDS: f64 = 24.0;
/// How far the points around the first one are, in pixel units; later it goes by the distance.
const FIRST_DELTA: f32 = 0.1;

/// The iterates of one batch. An image for which no wrong point is found to start at stays as it is.
pub struct HopSkipJump {
    /// On the wrong side of the boundary, near it.
    x: Tensor<4>,
    /// Whether they are, `[batch, 1]`; none before the first iteration.
    is_wrong: Option<Tensor<2, Bool>>,
    aims: Aims,
    norm: Norm,
    stream: Stream,
    steps: usize,
    nearest: Nearest,
}

impl HopSkipJump {
    /// Draws from `stream`.
    ///
    /// # Shapes
    /// - `clean`: `[batch, channels, height, width]`, without autodiff
    pub fn new(clean: Tensor<4>, aims: Aims, ball: Ball, stream: Stream) -> Self {
        Self {
            x: clean.clone(),
            is_wrong: None,
            aims,
            norm: ball.norm,
            stream,
            steps: 0,
            nearest: Nearest::none(clean, ball),
        }
    }

    /// Whether the model is wrong at some points, `[batch, 1]`.
    fn is_wrong(&self, classify: Classify, x: &Tensor<4>) -> Tensor<2, Bool> {
        let (_, scores) = self.aims.score(classify, x, Loss::Margin);
        scores.narrow(1, score::RIGHT, 1).equal_elem(0.0)
    }

    /// Wrong points: noise, or else another image of the batch.
    fn find_starts(&mut self, classify: Classify) {
        let clean = self.nearest.clean().clone();
        let shape @ [batch, ..] = clean.dims();
        let noise: Vec<_> = (0..NOISE_STARTS).map(|_| self.stream.branch()).collect();
        let noise = noise
            .iter()
            .map(|&stream| noise::uniform(shape, 0.0, 1.0, stream, &clean.device()));
        let others = (1..batch).map(|by| {
            let (head, tail) = (clean.clone().narrow(0, 0, by), batch - by);
            Tensor::cat(vec![clean.clone().narrow(0, by, tail), head], 0)
        });
        // An image that is wrong as it is needs none.
        let starts = std::iter::once(clean.clone()).chain(noise).chain(others);
        let (found, is_wrong) = self.first_wrong(classify, starts, self.x.clone());
        self.x = found;
        self.is_wrong = Some(is_wrong);
        self.blend(classify);
    }

    /// The first wrong one of each image's points, `otherwise` where none is; and which are wrong,
    /// `[batch, 1]`.
    fn first_wrong(
        &self,
        classify: Classify,
        points: impl Iterator<Item = Tensor<4>>,
        otherwise: Tensor<4>,
    ) -> (Tensor<4>, Tensor<2, Bool>) {
        let none = Tensor::<2>::zeros([otherwise.dims()[0], 1], &otherwise.device());
        let mut is_found = none.greater_elem(0.0);
        let mut found = otherwise;
        for point in points {
            let is_wrong = self.is_wrong(classify, &point);
            let is_new = is_wrong.bool_and(is_found.clone().bool_not());
            found = choose(&is_new, point, found);
            is_found = is_found.bool_or(is_new);
        }
        (found, is_found)
    }

    /// Back along the way from the clean images to the starts, to the first wrong point.
    fn blend(&mut self, classify: Classify) {
        let clean = self.nearest.clean().clone();
        let far = self.x.clone() - clean.clone();
        let points =
            (1..BLENDS).map(|step| clean.clone() + far.clone() * (step as f64 / BLENDS as f64));
        self.x = self.first_wrong(classify, points, self.x.clone()).0;
    }

    /// Towards the clean images, until just before the model is right again.
    fn to_boundary(&self, classify: Classify, x: Tensor<4>) -> Tensor<4> {
        let clean = self.nearest.clean();
        let [batch, channels, height, width] = x.dims();
        let count = (channels * height * width) as f64;
        let (rounds, full) = match self.norm {
            // Until the share of the way is found to 1 / (d sqrt(d)), in l_inf 1 / d^2.
            Norm::L2 => (1.5 * count.log2(), Tensor::ones([batch, 1], &x.device())),
            Norm::Linf => (2.0 * count.log2(), self.nearest.distances_of(&x)),
        };
        let blend = |share: &Tensor<2>| {
            let share = share.clone().reshape([batch, 1, 1, 1]);
            let offsets = x.clone() - clean.clone();
            clean.clone()
                + match self.norm {
                    Norm::L2 => offsets * share,
                    Norm::Linf => offsets.min_pair(share.clone()).max_pair(share.neg()),
                }
        };
        let (mut low, mut high) = (full.zeros_like(), full);
        for _ in 0..rounds.min(MOST_ROUNDS).ceil() as usize {
            let middle = (low.clone() + high.clone()) * 0.5;
            let is_wrong = self.is_wrong(classify, &blend(&middle));
            high = high.mask_where(is_wrong.clone(), middle.clone());
            low = low.mask_where(is_wrong.bool_not(), middle);
        }
        blend(&high)
    }

    /// The direction in which the boundary is left, from decisions around `x`: length 1 in l_2, signs
    /// in l_inf.
    fn direction(&mut self, classify: Classify, distances: &Tensor<2>) -> Tensor<4> {
        let shape @ [batch, channels, height, width] = self.x.dims();
        let count = (channels * height * width) as f64;
        let delta = if self.steps == 0 {
            distances.zeros_like().add_scalar(FIRST_DELTA)
        } else {
            // sqrt(d) theta in l_2 and d theta in l_inf, with the thresholds of the bisection.
            distances.clone() / count
        };
        let delta = delta.clamp_min(f32::MIN_POSITIVE).reshape([batch, 1, 1, 1]);
        let wanted = FIRST_DIRECTIONS * ((self.steps + 1) as f64).sqrt();
        let directions = wanted.min(MOST_DIRECTIONS) as usize;
        let device = self.x.device();
        let mut sums = [self.x.zeros_like(), self.x.zeros_like()];
        let mut balance = distances.zeros_like();
        for _ in 0..directions {
            let stream = self.stream.branch();
            let u = match self.norm {
                Norm::L2 => noise::normal(shape, 1.0, stream, &device),
                Norm::Linf => noise::uniform(shape, -1.0, 1.0, stream, &device),
            };
            let point = (self.x.clone() + of_length_one(u) * delta.clone()).clamp(0.0, 1.0);
            let u = (point.clone() - self.x.clone()) / delta.clone();
            let vote = self.is_wrong(classify, &point).float() * 2.0 - 1.0;
            balance = balance + vote.clone();
            let [plain, voted] = sums;
            sums = [
                plain + u.clone(),
                voted + u * vote.reshape([batch, 1, 1, 1]),
            ];
        }
        // Less the mean vote, which only adds noise; but not where all votes agree.
        let mean = balance / directions as f64;
        let is_one = mean.clone().abs().greater_equal_elem(1.0);
        let mean = mean.mask_fill(is_one, 0.0).reshape([batch, 1, 1, 1]);
        let [plain, voted] = sums;
        let gradient = voted - plain * mean;
        match self.norm {
            Norm::L2 => of_length_one(gradient),
            Norm::Linf => gradient.sign(),
        }
    }

    /// As far along the direction as the model stays wrong; half as far, and so on.
    fn jump(&self, classify: Classify, direction: &Tensor<4>, distances: &Tensor<2>) -> Tensor<4> {
        let [batch, ..] = self.x.dims();
        let far = distances.clone() / ((self.steps + 1) as f64).sqrt();
        let far = direction.clone() * far.reshape([batch, 1, 1, 1]);
        let points = (0..HALVINGS).map(|halving| {
            let offsets = far.clone() * 0.5_f64.powi(halving as i32);
            (self.x.clone() + offsets).clamp(0.0, 1.0)
        });
        self.first_wrong(classify, points, self.x.clone()).0
    }
}

fn of_length_one(x: Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let rows = x.clone().reshape([batch, channels * height * width]);
    let length = (rows.clone() * rows).sum_dim(1).sqrt();
    x / (length + 1e-12).reshape([batch, 1, 1, 1])
}

impl Iterates for HopSkipJump {
    fn x(&self) -> Tensor<4> {
        self.x.clone()
    }

    fn step(&mut self, classify: Classify) -> Tensor<2> {
        let (logits, scores) = self.aims.score(classify, &self.x, Loss::Margin);
        if self.is_wrong.is_none() {
            self.nearest.offer(&self.x, scores);
            self.find_starts(classify);
            self.x = self.to_boundary(classify, self.x.clone());
        }
        let distances = self.nearest.distances_of(&self.x);
        let direction = self.direction(classify, &distances);
        let landed = self.jump(classify, &direction, &distances);
        let landed = self.to_boundary(classify, landed);
        if let Some(is_wrong) = &self.is_wrong {
            self.x = choose(is_wrong, landed, self.x.clone());
        }
        let (_, scores) = self.aims.score(classify, &self.x, Loss::Margin);
        self.nearest.offer(&self.x, scores);
        self.steps += 1;
        logits
    }

    fn worst(&self) -> Worst {
        self.nearest.worst()
    }

    fn keep(&mut self, rows: &Rows) {
        self.x = rows.of(self.x.clone());
        self.is_wrong = self
            .is_wrong
            .take()
            .map(|mask| rows.of(mask.float()).greater_elem(0.5));
        self.aims.keep(rows);
        self.nearest.keep(rows);
    }
}
