//! Reference of `wgsl/fab_step.wgsl`, and what CPUs run.

use crate::attack_step::{Norm, STATE, state};

/// The kernel's text.
pub const WGSL: &str = include_str!("../wgsl/fab_step.wgsl");

/// Invocations of the one workgroup that each image has.
pub const WORKGROUP: u32 = 256;

/// How far past the plane a step goes, in steps to it (Croce and Hein 2020, section 3.3).
const ETA: f32 = 1.05;
/// Most weight of the step from the clean image.
const MOST_ALPHA: f32 = 0.1;
/// Least length of a step where two of them are weighed.
const LEAST: f32 = 1e-8;
/// Least divisor of a gradient: below it float32 has no reciprocal.
const LEAST_GRADIENT: f32 = 1e-37;

/// Rounds in which the length of a step is found; each ends a stretch between two pixels that reach
/// the image range, and few are needed.
const ROUNDS: usize = 40;
/// Where the rest of the way is so small a part of it, float32 has nothing left to find.
const CLOSE: f32 = 1e-6;

/// What a step needs beside the points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Params {
    /// Images.
    pub batch: u32,
    /// Numbers of one image.
    pub length: u32,
    /// The norm.
    pub norm: Norm,
}

impl Params {
    /// As the kernel reads them.
    pub fn words(&self) -> [u32; 3] {
        [self.batch, self.length, self.norm as u32]
    }
}

/// One step of FAB (Croce and Hein 2020, arXiv:1907.02044, algorithm 1) for every image: to the
/// plane where the linearised difference of two logits is zero, from the current point and from the
/// clean image, and what lies between the two:
///
/// ```text
/// next = C((1 - alpha) (x + 1.05 d(x)) + alpha (clean + 1.05 d(clean)))
/// ```
///
/// with `d` from [`to_plane`], `alpha = min(|d(x)| / (|d(x)| + |d(clean)|), 0.1)` and `C` the cut to
/// [0, 1].
///
/// # Shapes
/// - `x`, `clean`: row-major `[batch, length]`, in [0, 1]
/// - `gradient`: of the difference at `x`, `[batch, length]`
/// - `states`: `[batch, STATE]`; [`state::LOSS`] is the difference at `x`
///
/// # Panics
/// If the lengths do not fit.
pub fn fab_step(
    x: &[f32],
    clean: &[f32],
    gradient: &[f32],
    states: &[f32],
    params: &Params,
) -> Vec<f32> {
    let (batch, length) = (params.batch as usize, params.length as usize);
    assert!(
        x.len() == batch * length
            && clean.len() == x.len()
            && gradient.len() == x.len()
            && states.len() == batch * STATE,
        "lengths do not fit"
    );
    let rows = x.chunks_exact(length).zip(clean.chunks_exact(length));
    let rows = rows.zip(gradient.chunks_exact(length));
    rows.zip(states.chunks_exact(STATE))
        .flat_map(|(((x, clean), gradient), state)| {
            let difference = state[state::LOSS];
            one_step(x, clean, gradient, difference, params.norm)
        })
        .collect()
}

fn one_step(x: &[f32], clean: &[f32], gradient: &[f32], difference: f32, norm: Norm) -> Vec<f32> {
    // Divided by the largest, so that tiny gradients and their squares do not vanish.
    let largest = gradient.iter().fold(0.0_f32, |most, w| most.max(w.abs()));
    let scale = if largest > LEAST_GRADIENT {
        1.0 / largest
    } else {
        0.0
    };
    let w: Vec<f32> = gradient.iter().map(|w| w * scale).collect();
    let way = -difference * scale;
    let offset: f32 = w
        .iter()
        .zip(x.iter().zip(clean))
        .map(|(w, (x, c))| w * (x - c))
        .sum();
    let steps = [
        to_plane(x, &w, way, norm),
        to_plane(clean, &w, way + offset, norm),
    ];
    let [from_x, from_clean] = steps.each_ref().map(|step| size(step, norm).max(LEAST));
    let alpha = (from_x / (from_x + from_clean)).min(MOST_ALPHA);
    (0..x.len())
        .map(|i| {
            let near = x[i] + ETA * steps[0][i];
            let far = clean[i] + ETA * steps[1][i];
            ((1.0 - alpha) * near + alpha * far).clamp(0.0, 1.0)
        })
        .collect()
}

/// The shortest step `d` from `t` with `w . d = way` and `t + d` in [0, 1]; where there is none, the
/// one that goes as far as the image range lets it.
///
/// Pixel `i` moves by `min(L v_i, room_i)`, with `v_i` 1 in l_inf and `|w_i|` in l_2, and `room_i` what
/// lies between it and the end of the range that it moves to. `sum |w_i| min(L v_i, room_i) = |way|`
/// is concave in `L` and made of straight pieces: Newton's method from 0 comes up to its root from
/// below and has it after finitely many rounds.
pub fn to_plane(t: &[f32], w: &[f32], way: f32, norm: Norm) -> Vec<f32> {
    let speed = |w: f32| match norm {
        Norm::Linf if w == 0.0 => 0.0,
        Norm::Linf => 1.0,
        Norm::L2 => w.abs(),
    };
    let is_up = |w: f32| (w > 0.0) == (way > 0.0);
    let room = |t: f32, w: f32| if is_up(w) { 1.0 - t } else { t };
    let mut far = 0.0_f32;
    for _ in 0..ROUNDS {
        let (mut gone, mut slope) = (0.0_f32, 0.0_f32);
        for (&t, &w) in t.iter().zip(w) {
            let moved = far * speed(w);
            if moved < room(t, w) {
                slope += w.abs() * speed(w);
                gone += w.abs() * moved;
            } else {
                gone += w.abs() * room(t, w);
            }
        }
        let rest = way.abs() - gone;
        if rest <= CLOSE * way.abs() {
            break;
        }
        if slope == 0.0 {
            // All that can move has moved as far as it can.
            break;
        }
        far += rest / slope;
    }
    t.iter()
        .zip(w)
        .map(|(&t, &w)| {
            let moved = (far * speed(w)).min(room(t, w));
            if is_up(w) { moved } else { -moved }
        })
        .collect()
}

fn size(step: &[f32], norm: Norm) -> f32 {
    match norm {
        Norm::Linf => step.iter().fold(0.0, |most, d| most.max(d.abs())),
        Norm::L2 => step.iter().map(|d| d * d).sum::<f32>().sqrt(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: [f32; 5] = [0.0, 0.2, 0.5, 0.9, 1.0];
    const W: [f32; 5] = [1.0, -0.5, 0.25, 0.0, -0.75];

    fn reached(step: &[f32]) -> f32 {
        step.iter().zip(W).map(|(d, w)| d * w).sum()
    }

    /// Against the sorted solution: between two kinks the way is linear in `L`.
    fn exact(t: &[f32], w: &[f32], way: f32, norm: Norm) -> Vec<f64> {
        let of = |far: f64| -> Vec<f64> {
            t.iter()
                .zip(w)
                .map(|(&t, &w)| {
                    let up = (w > 0.0) == (way > 0.0);
                    let room = f64::from(if up { 1.0 - t } else { t });
                    let speed = match norm {
                        Norm::Linf => f64::from(u8::from(w != 0.0)),
                        Norm::L2 => f64::from(w.abs()),
                    };
                    let moved = (far * speed).min(room);
                    if up { moved } else { -moved }
                })
                .collect()
        };
        let (mut low, mut high) = (0.0, 1e6);
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            let gone: f64 = of(middle)
                .iter()
                .zip(w)
                .map(|(d, &w)| d * f64::from(w))
                .sum();
            if gone.abs() < f64::from(way.abs()) {
                low = middle;
            } else {
                high = middle;
            }
        }
        of(high)
    }

    #[test]
    fn steps_reach_the_plane_and_are_the_shortest() {
        for norm in [Norm::Linf, Norm::L2] {
            for way in [1e-6, 0.1, 0.5, 1.0, 1.3, -1e-6, -0.05, -0.2] {
                let step = to_plane(&T, &W, way, norm);
                assert!((reached(&step) - way).abs() < 1e-6, "{norm:?} {way}");
                for (found, exact) in step.iter().zip(exact(&T, &W, way, norm)) {
                    assert!((f64::from(*found) - exact).abs() < 2e-6, "{norm:?} {way}");
                }
                for (t, d) in T.iter().zip(&step) {
                    assert!((0.0..=1.0).contains(&(t + d)), "{norm:?} {way}");
                }
            }
        }
    }

    #[test]
    fn where_the_plane_is_out_of_reach_the_step_goes_to_the_corner() {
        for norm in [Norm::Linf, Norm::L2] {
            let step = to_plane(&T, &W, 100.0, norm);
            assert_eq!(step, [1.0, -0.2, 0.5, 0.0, -1.0], "{norm:?}");
            assert_eq!(to_plane(&T, &[0.0; 5], 1.0, norm), [0.0; 5], "{norm:?}");
        }
    }

    /// Squeezed logits have tiny gradients; the plane is where it was.
    #[test]
    fn the_size_of_logits_does_not_matter() {
        let clean = [0.1, 0.3, 0.4, 0.8, 1.0];
        let mut states = [0.0; STATE];
        let step = |size: f32, states: &mut [f32; STATE], norm| {
            states[state::LOSS] = -0.4 * size;
            let gradient = W.map(|w| w * size);
            let params = Params {
                batch: 1,
                length: 5,
                norm,
            };
            fab_step(&T, &clean, &gradient, states, &params)
        };
        for norm in [Norm::Linf, Norm::L2] {
            let plain = step(1.0, &mut states, norm);
            for size in [1e-30, 1e-12, 1.0, 1e12] {
                for (a, b) in step(size, &mut states, norm).iter().zip(&plain) {
                    assert!((a - b).abs() < 1e-5, "{norm:?} {size}");
                }
            }
        }
    }
}
