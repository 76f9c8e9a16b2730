//! Square (Andriushchenko et al. 2020, arXiv:1912.00049): random search with perturbed squares that
//! become smaller. Needs the logits alone.

use burn::tensor::{Tensor, TensorData};

use super::ball::Ball;
use super::climb::Aims;
use super::iterates::{Classify, Iterates};
use super::rows::Rows;
use super::tried::Tried;
use super::worst::Worst;
use crate::config::Norm;
use crate::random::Stream;

/// Share of the pixels in the first square.
const FIRST_SHARE: f64 = 0.8;
/// After these queries the share is halved, as AutoAttack has it whatever the number of queries.
const HALVINGS: [usize; 9] = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000];
/// Least divisor of a length.
const LEAST: f64 = 1e-12;

/// The queries of one batch. Where a square lies is drawn for the whole batch.
pub struct Square {
    tried: Tried,
    ball: Ball,
    stream: Stream,
    /// Queries answered.
    queries: usize,
}

impl Square {
    /// Squares are drawn from `stream`.
    ///
    /// # Shapes
    /// - `clean`: `[batch, channels, height, width]`, without autodiff
    pub fn new(clean: Tensor<4>, aims: Aims, ball: Ball, mut stream: Stream) -> Self {
        let offsets = match ball.norm {
            Norm::Linf => stripes(&clean, ball.epsilon, &mut stream),
            Norm::L2 => tiles(&clean, ball.epsilon, &mut stream),
        };
        let first = (clean.clone() + offsets).clamp(0.0, 1.0);
        Self {
            tried: Tried::none(clean, first, aims),
            ball,
            stream,
            queries: 0,
        }
    }

    fn propose(&mut self) -> Tensor<4> {
        let [_, _, height, width] = self.tried.clean.dims();
        let share = FIRST_SHARE * share(self.queries - 1);
        let side = (share * (height * width) as f64).sqrt().round() as usize;
        match self.ball.norm {
            Norm::Linf => self.propose_linf(side.clamp(1, height.min(width))),
            Norm::L2 => self.propose_l2((side.max(3) | 1).min(height).min(width)),
        }
    }

    /// One square moves to the end of the ball, in a direction for each channel.
    fn propose_linf(&mut self, side: usize) -> Tensor<4> {
        let [_, channels, height, width] = self.tried.clean.dims();
        let corner = corner(side, [height, width], &mut self.stream);
        let window = window(side, corner, [height, width]);
        let mut signs = Vec::with_capacity(channels * window.len());
        for _ in 0..channels {
            let sign = sign(&mut self.stream);
            signs.extend(window.iter().map(|inside| sign * inside));
        }
        let shape = [1, channels, height, width];
        let offsets = self.image(signs, shape) * (2.0 * self.ball.epsilon);
        let moved = self.tried.worst.points.clone() + offsets;
        self.ball.project(&self.tried.clean, moved)
    }

    /// Two squares give up their perturbation, and the first one takes it with a new one of its own.
    fn propose_l2(&mut self, side: usize) -> Tensor<4> {
        let shape @ [batch, channels, height, width] = self.tried.clean.dims();
        let size = [height, width];
        let corners = [0, 1].map(|_| corner(side, size, &mut self.stream));
        let windows = corners.map(|corner| window(side, corner, size));
        let either = windows[0].iter().zip(&windows[1]);
        let either: Vec<f32> = either.map(|(a, b)| a.max(*b)).collect();
        let pattern = bump(side, &mut self.stream);
        let mut placed = vec![0.0; height * width];
        for (row, values) in pattern.chunks_exact(side).enumerate() {
            let at = (corners[0][0] + row) * width + corners[0][1];
            placed[at..at + side].copy_from_slice(values);
        }
        let signs = (0..batch * channels)
            .map(|_| sign(&mut self.stream))
            .collect();
        let signs = self.image(signs, [batch, channels, 1, 1]);
        let map = |values: Vec<f32>| self.image(values, [1, 1, height, width]).expand(shape);
        let [first, second] = windows.map(map);
        let (either, placed) = (map(either), map(placed));

        let now = self.tried.worst.points.clone() - self.tried.clean.clone();
        let in_first = now.clone() * first.clone();
        let spare = {
            let whole = squares(now.clone()).sum_dim(1);
            let unused = (whole.neg() + self.ball.epsilon.powi(2)).clamp_min(0.0);
            unused / channels as f64 + squares(now.clone() * either)
        };
        let length = squares(in_first.clone()).sqrt();
        let fresh = placed * signs + in_first / (length + LEAST);
        let fresh_length = squares(fresh.clone()).sqrt();
        let fresh = fresh / (fresh_length + LEAST) * spare.sqrt();
        let one = |window: &Tensor<4>| window.clone().neg() + 1.0;
        let next = now * one(&second) * one(&first) + fresh;
        let whole = squares(next.clone()).sum_dim(1).sqrt();
        let next = next / (whole + LEAST) * self.ball.epsilon;
        (self.tried.clean.clone() + next).clamp(0.0, 1.0)
    }

    fn image(&self, values: Vec<f32>, shape: [usize; 4]) -> Tensor<4> {
        Tensor::from_data(TensorData::new(values, shape), &self.tried.clean.device())
    }
}

/// Sums of the squares of each image's channels, `[batch, channels, 1, 1]`.
fn squares(x: Tensor<4>) -> Tensor<4> {
    (x.clone() * x).sum_dim(3).sum_dim(2)
}

fn share(query: usize) -> f64 {
    let halvings = HALVINGS.iter().filter(|&&after| query > after).count();
    0.5_f64.powi(halvings as i32)
}

fn sign(stream: &mut Stream) -> f32 {
    if stream.next_u32() & 1 == 0 {
        1.0
    } else {
        -1.0
    }
}

/// A place for a square: its first row and column. As in the published code, and not as in the paper, a
/// square that leaves room never lies at the far end of an axis.
fn corner(side: usize, size: [usize; 2], stream: &mut Stream) -> [usize; 2] {
    size.map(|length| stream.below((length - side).max(1) as u32) as usize)
}

/// 1 in the square, 0 elsewhere, row-major.
fn window(side: usize, corner: [usize; 2], size: [usize; 2]) -> Vec<f32> {
    let inside = |at: usize, axis: usize| (corner[axis]..corner[axis] + side).contains(&at);
    (0..size[0] * size[1])
        .map(|at| f32::from(u8::from(inside(at / size[1], 0) && inside(at % size[1], 1))))
        .collect()
}

/// In l_inf the search starts at columns that move to one end of the ball or the other.
fn stripes(clean: &Tensor<4>, epsilon: f64, stream: &mut Stream) -> Tensor<4> {
    let [batch, channels, _, width] = clean.dims();
    let signs: Vec<f32> = (0..batch * channels * width)
        .map(|_| sign(stream) * epsilon as f32)
        .collect();
    let data = TensorData::new(signs, [batch, channels, 1, width]);
    Tensor::from_data(data, &clean.device())
}

/// In l_2 it starts at a grid of bumps, five in a row.
fn tiles(clean: &Tensor<4>, epsilon: f64, stream: &mut Stream) -> Tensor<4> {
    let shape @ [batch, channels, height, width] = clean.dims();
    let side = (height.min(width) / 5).max(1);
    let first = [height, width].map(|length| (length % side) / 2);
    let grid = [height / side, width / side];
    let patterns: Vec<Vec<f32>> = (0..grid[0] * grid[1]).map(|_| bump(side, stream)).collect();
    let mut offsets = vec![0.0; batch * channels * height * width];
    for map in offsets.chunks_exact_mut(height * width) {
        for (place, pattern) in patterns.iter().enumerate() {
            let sign = sign(stream);
            let row = first[0] + place / grid[1] * side;
            let column = first[1] + place % grid[1] * side;
            for (y, values) in pattern.chunks_exact(side).enumerate() {
                let at = (row + y) * width + column;
                for (out, value) in map[at..at + side].iter_mut().zip(values) {
                    *out = sign * value;
                }
            }
        }
    }
    let offsets = Tensor::<4>::from_data(TensorData::new(offsets, shape), &clean.device());
    let length = squares(offsets.clone()).sum_dim(1).sqrt();
    offsets / (length + LEAST) * epsilon
}

/// The paper's eta (its section 3.4): one half of a square up and one down, each highest in its
/// middle; of length 1, lying or standing. Row-major `[side, side]`.
fn bump(side: usize, stream: &mut Stream) -> Vec<f32> {
    let upper = side / 2;
    let mut values = half(upper, side);
    values.extend(half(side - upper, side).iter().map(|value| -value));
    let values = of_length_one(values);
    if sign(stream) > 0.0 {
        return values;
    }
    (0..side * side)
        .map(|at| values[at % side * side + at / side])
        .collect()
}

/// Nested rectangles around the middle, each one weaker than the next one inside.
fn half(rows: usize, columns: usize) -> Vec<f32> {
    let middle = [rows / 2, columns / 2];
    let rings = middle[0].max(middle[1]);
    let values = (0..rows * columns).map(|at| {
        let distance = (at / columns)
            .abs_diff(middle[0])
            .max((at % columns).abs_diff(middle[1]));
        (distance..=rings)
            .map(|ring| 1.0 / ((ring + 1) as f32).powi(2))
            .sum()
    });
    of_length_one(values.collect())
}

fn of_length_one(values: Vec<f32>) -> Vec<f32> {
    let length = values.iter().map(|value| value * value).sum::<f32>().sqrt();
    let length = length.max(f32::MIN_POSITIVE);
    values.iter().map(|value| value / length).collect()
}

impl Iterates for Square {
    fn x(&self) -> Tensor<4> {
        self.tried.x.clone()
    }

    fn step(&mut self, classify: Classify) -> Tensor<2> {
        let logits = self.tried.ask(classify);
        self.queries += 1;
        self.tried.x = self.propose();
        logits
    }

    fn worst(&self) -> Worst {
        self.tried.worst.clone()
    }

    fn keep(&mut self, rows: &Rows) {
        self.tried.keep(rows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;

    #[test]
    fn squares_shrink_as_published() {
        let sides: Vec<f64> = [0, 10, 11, 51, 201, 501, 1001, 2001, 4001, 6001, 8001]
            .iter()
            .map(|&query| (FIRST_SHARE * share(query) * 784.0).sqrt().round())
            .collect();
        assert_eq!(
            sides,
            [25.0, 25.0, 18.0, 13.0, 9.0, 6.0, 4.0, 3.0, 2.0, 2.0, 1.0]
        );
    }

    #[test]
    fn bumps_have_length_one_and_two_opposite_halves() {
        let mut stream = Stream::new(3, Purpose::AttackWay, 0);
        for side in [1, 3, 5, 9, 25] {
            let (mut lying, mut standing) = (false, false);
            for _ in 0..20 {
                let bump = bump(side, &mut stream);
                let length: f32 = bump.iter().map(|value| value * value).sum();
                assert!((length - 1.0).abs() < 1e-5, "{side}: {length}");
                if side > 1 {
                    lying |= bump[side - 1] > 0.0;
                    standing |= bump[side - 1] < 0.0;
                    assert!(bump[0] > 0.0 && bump[side * side - 1] < 0.0);
                }
            }
            assert!(side == 1 || (lying && standing));
        }
        // By hand: the halves of a square of 3.
        let upper = half(1, 3);
        let expected = [0.25_f32, 1.25, 0.25];
        let length = expected
            .iter()
            .map(|value| value * value)
            .sum::<f32>()
            .sqrt();
        for (value, expected) in upper.iter().zip(expected) {
            assert!((value - expected / length).abs() < 1e-6);
        }
    }

    #[test]
    fn windows_reach_every_pixel_but_the_last() {
        let mut stream = Stream::new(3, Purpose::AttackWay, 0);
        let mut seen = [0.0; 30];
        for _ in 0..300 {
            let window = window(2, corner(2, [5, 6], &mut stream), [5, 6]);
            assert_eq!(window.iter().sum::<f32>(), 4.0);
            for (seen, inside) in seen.iter_mut().zip(window) {
                *seen += inside;
            }
        }
        for (at, seen) in seen.into_iter().enumerate() {
            let is_last = at / 6 == 4 || at % 6 == 5;
            assert_eq!(seen > 0.0, !is_last, "{at}");
        }
        assert_eq!(corner(5, [5, 5], &mut stream), [0, 0]);
    }
}
