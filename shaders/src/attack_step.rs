//! Reference of `wgsl/attack_step.wgsl`, and what CPUs run.

/// The kernel's text.
pub const WGSL: &str = include_str!("../wgsl/attack_step.wgsl");

/// Invocations of the one workgroup that each image has.
pub const WORKGROUP: u32 = 64;

/// Numbers that an attack keeps of each image beside its pixels.
pub const STATE: usize = 8;

/// Places in the row of [`STATE`] numbers of an image.
pub mod state {
    /// Loss at the current point.
    pub const LOSS: usize = 0;
    /// 1 if the current point is classified as its label, else 0.
    pub const RIGHT: usize = 1;
    /// Margin `z_y - max_{j != y} z_j` at the current point.
    pub const MARGIN: usize = 2;
    /// Loss at the best point.
    pub const BEST_LOSS: usize = 3;
    /// Whether the best point is right; 2 as long as there is none.
    pub const BEST_RIGHT: usize = 4;
    /// Margin at the best point.
    pub const BEST_MARGIN: usize = 5;
    /// Length of the image's next step, in pixel units.
    pub const STEP: usize = 6;
    /// 1 if the current point became the best one, else 0.
    pub const TAKEN: usize = 7;
}

/// The norm that a perturbation is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Norm {
    /// The largest change of a pixel.
    Linf = 0,
    /// The Euclidean length of the change.
    L2 = 1,
}

/// Which point is kept as the best one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Keep {
    /// A wrong one before a right one, then the one with the higher loss: the worst case.
    Worst = 0,
    /// The one with the higher loss.
    Loss = 1,
}

/// What a step needs beside the points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Params {
    /// Images.
    pub batch: u32,
    /// Numbers of one image.
    pub length: u32,
    /// The norm.
    pub norm: Norm,
    /// Radius of the ball around the clean image.
    pub epsilon: f32,
    /// Weight of the new point against the way that the last step went, in (0, 1]: `alpha` of APGD
    /// (Croce and Hein 2020, algorithm 1, line 7); 1 for PGD.
    pub alpha: f32,
    /// Which point is kept.
    pub keep: Keep,
}

impl Params {
    /// As the kernel reads them.
    pub fn words(&self) -> [u32; 6] {
        [
            self.batch,
            self.length,
            self.norm as u32,
            self.epsilon.to_bits(),
            self.alpha.to_bits(),
            self.keep as u32,
        ]
    }
}

/// The points of a batch, each row-major `[batch, length]`.
#[derive(Clone, Copy, Debug)]
pub struct Points<'a> {
    /// Current points.
    pub x: &'a [f32],
    /// Those before; not read if `alpha` is 1, and may be empty then.
    pub previous: &'a [f32],
    /// Gradients of the loss at `x`.
    pub gradient: &'a [f32],
    /// Images without perturbation, in [0, 1].
    pub clean: &'a [f32],
}

/// One step of every image, and its bookkeeping: keeps `x` in `best` if it is better, with its
/// scores, and gives the next points
///
/// ```text
/// z    = P(x + step * s(gradient))
/// next = P(x + alpha (z - x) + (1 - alpha) (x - previous))
/// ```
///
/// with `s` the steepest ascent of length 1 in the norm (the sign in l_inf, `g / ||g||` in l_2, 0 for
/// 0) and `P` the projection into the ball and then the image range. Clean images lie in the image
/// range, so cutting to it moves no pixel away from them and the result is in both.
///
/// # Shapes
/// - `best`: row-major `[batch, length]`
/// - `states`: row-major `[batch, STATE]`, see [`state`]
///
/// # Panics
/// If the lengths do not fit.
pub fn attack_step(
    points: Points,
    best: &mut [f32],
    states: &mut [f32],
    params: &Params,
) -> Vec<f32> {
    let length = params.length as usize;
    let count = length * params.batch as usize;
    assert!(
        points.x.len() == count
            && points.gradient.len() == count
            && points.clean.len() == count
            && best.len() == count
            && states.len() == STATE * params.batch as usize,
        "points and states do not fit {params:?}"
    );
    let mut next = Vec::with_capacity(count);
    for (image, state) in states.chunks_exact_mut(STATE).enumerate() {
        let of = |all| row(all, image, length);
        let x = of(points.x);
        let is_better = is_better(state, params.keep);
        state[state::TAKEN] = f32::from(u8::from(is_better));
        if is_better {
            best[image * length..][..length].copy_from_slice(x);
            state.copy_within(state::LOSS..=state::MARGIN, state::BEST_LOSS);
        }
        let (clean, gradient) = (of(points.clean), of(points.gradient));
        let step = state[state::STEP];
        let up = ascent(gradient, params.norm);
        let mut z: Vec<f32> = x.iter().zip(&up).map(|(x, up)| x + step * up).collect();
        project(&mut z, clean, params.norm, params.epsilon);
        if params.alpha != 1.0 {
            for ((z, x), previous) in z.iter_mut().zip(x).zip(of(points.previous)) {
                *z = x + params.alpha * (*z - x) + (1.0 - params.alpha) * (x - previous);
            }
            project(&mut z, clean, params.norm, params.epsilon);
        }
        next.extend(z);
    }
    next
}

fn row(all: &[f32], image: usize, length: usize) -> &[f32] {
    &all[image * length..][..length]
}

fn is_better(state: &[f32], keep: Keep) -> bool {
    let (right, best_right) = (state[state::RIGHT], state[state::BEST_RIGHT]);
    let is_higher = state[state::LOSS] > state[state::BEST_LOSS];
    match keep {
        _ if best_right > 1.5 => true,
        Keep::Worst => right < best_right || (right == best_right && is_higher),
        Keep::Loss => is_higher,
    }
}

/// The direction of length 1 in the norm along which a linear function rises most; zeros for zeros.
///
/// In l_2 numbers are divided by the largest first, so that the squares of tiny ones do not vanish.
pub fn ascent(gradient: &[f32], norm: Norm) -> Vec<f32> {
    let sign = |g: f32| {
        if g > 0.0 {
            1.0
        } else if g < 0.0 {
            -1.0
        } else {
            0.0
        }
    };
    match norm {
        Norm::Linf => gradient.iter().map(|&g| sign(g)).collect(),
        Norm::L2 => {
            let largest = gradient.iter().fold(0.0_f32, |most, g| most.max(g.abs()));
            if largest == 0.0 {
                return vec![0.0; gradient.len()];
            }
            let scaled = gradient.iter().map(|g| g / largest);
            let length = scaled.clone().map(|g| g * g).sum::<f32>().sqrt();
            scaled.map(|g| g / length).collect()
        }
    }
}

/// Brings a point into the ball around `clean` and into [0, 1]: to the nearest point of the ball, then
/// to the nearest of the image range.
pub fn project(x: &mut [f32], clean: &[f32], norm: Norm, epsilon: f32) {
    match norm {
        Norm::Linf => {
            for (x, clean) in x.iter_mut().zip(clean) {
                let low = (clean - epsilon).max(0.0);
                let high = (clean + epsilon).min(1.0);
                *x = x.max(low).min(high);
            }
        }
        Norm::L2 => {
            let squares = x.iter().zip(clean).map(|(x, clean)| (x - clean).powi(2));
            let length = squares.sum::<f32>().sqrt();
            let factor = if length > epsilon {
                epsilon / length
            } else {
                1.0
            };
            for (x, clean) in x.iter_mut().zip(clean) {
                *x = (clean + (*x - clean) * factor).clamp(0.0, 1.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NORMS: [Norm; 2] = [Norm::Linf, Norm::L2];

    /// Numbers in [-1, 1], the same each time.
    fn numbers(seed: u64, count: usize) -> Vec<f32> {
        let mut state = seed;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }

    fn image(seed: u64) -> Vec<f32> {
        numbers(seed, 40).iter().map(|x| 0.5 + 0.5 * x).collect()
    }

    fn distance(a: &[f32], b: &[f32], norm: Norm) -> f32 {
        let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
        match norm {
            Norm::Linf => differences.fold(0.0, f32::max),
            Norm::L2 => differences.map(|d| d * d).sum::<f32>().sqrt(),
        }
    }

    #[test]
    fn a_projection_is_inside_and_changes_nothing_inside() {
        for norm in NORMS {
            for (seed, epsilon) in [(1, 0.1), (2, 0.7), (3, 3.0), (4, 0.0)] {
                let clean = image(seed);
                let mut x: Vec<f32> = numbers(seed + 9, 40).iter().map(|x| 2.0 * x).collect();
                project(&mut x, &clean, norm, epsilon);
                assert!(x.iter().all(|x| (0.0..=1.0).contains(x)));
                assert!(distance(&x, &clean, norm) <= epsilon * 1.000_001 + 1e-7);
                let once = x.clone();
                project(&mut x, &clean, norm, epsilon);
                assert!(distance(&x, &once, Norm::Linf) < 1e-6);
            }
        }
    }

    /// No point of the ball is nearer than the projection, where the image range is out of the way.
    #[test]
    fn a_projection_is_the_nearest_point_of_the_ball() {
        let clean = vec![0.5; 40];
        let far: Vec<f32> = numbers(5, 40).iter().map(|x| 0.5 + 0.4 * x).collect();
        for norm in NORMS {
            let epsilon = 0.2;
            let mut nearest = far.clone();
            project(&mut nearest, &clean, norm, epsilon);
            let least = distance(&nearest, &far, Norm::L2);
            for seed in 0..200 {
                let mut other: Vec<f32> = nearest
                    .iter()
                    .zip(numbers(seed, 40))
                    .map(|(x, d)| x + 0.02 * d)
                    .collect();
                project(&mut other, &clean, norm, epsilon);
                assert!(distance(&other, &far, Norm::L2) >= least - 1e-6);
            }
        }
    }

    /// The steepest ascent has length 1 and rises by the dual norm, which nothing of length 1 exceeds.
    #[test]
    fn the_ascent_is_the_steepest() {
        let inner = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let origin = vec![0.0; 40];
        for norm in NORMS {
            for size in [1.0, 1e-30, 1e30] {
                let plain = numbers(7, 40);
                let gradient: Vec<f32> = plain.iter().map(|g| g * size).collect();
                let up = ascent(&gradient, norm);
                assert!((distance(&up, &origin, norm) - 1.0).abs() < 1e-5, "{size}");
                let most = inner(&plain, &up);
                for seed in 0..200 {
                    let mut other = numbers(seed, 40);
                    let length = distance(&other, &origin, norm);
                    other.iter_mut().for_each(|d| *d /= length);
                    assert!(inner(&plain, &other) <= most + 1e-5);
                }
            }
            assert_eq!(ascent(&[0.0; 40], norm), origin);
        }
    }

    #[test]
    fn steps_climb_to_the_edge_and_the_best_point_is_kept() {
        // A loss that rises until a step goes too far, and then falls.
        let clean = vec![0.5; 4];
        let points = [0.5_f32, 0.55, 0.6];
        let mut best = vec![0.0; 4];
        let mut states = vec![0.0; STATE];
        states[state::BEST_RIGHT] = 2.0;
        states[state::STEP] = 0.4;
        let params = Params {
            batch: 1,
            length: 4,
            norm: Norm::Linf,
            epsilon: 0.1,
            alpha: 1.0,
            keep: Keep::Worst,
        };
        let mut next = Vec::new();
        for (x, (loss, right)) in points.into_iter().zip([(1.0, 1.0), (0.5, 0.0), (3.0, 1.0)]) {
            states[state::LOSS] = loss;
            states[state::RIGHT] = right;
            let points = Points {
                x: &[x; 4],
                previous: &[],
                gradient: &[1.0, -1.0, 2.0, 0.0],
                clean: &clean,
            };
            next = attack_step(points, &mut best, &mut states, &params);
        }
        // The wrong one, whatever the loss.
        assert_eq!(best, [0.55; 4]);
        assert_eq!(states[state::BEST_LOSS..=state::BEST_RIGHT], [0.5, 0.0]);
        assert_eq!(states[state::TAKEN], 0.0);
        assert_eq!(next, [0.6, 0.4, 0.6, 0.6]);
    }
}
