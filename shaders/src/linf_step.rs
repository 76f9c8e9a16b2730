//! Reference of `wgsl/linf_step.wgsl`.

/// The kernel's text.
pub const WGSL: &str = include_str!("../wgsl/linf_step.wgsl");

/// Invocations of one workgroup.
pub const WORKGROUP: u32 = 256;

/// One l_inf PGD step: `clamp(x + step_size * sign(gradient), max(clean - epsilon, 0), min(clean + epsilon, 1))`
/// (Madry et al. 2018, arXiv:1706.06083, section 2.1), with `sign(0) = 0`.
///
/// # Shapes
/// All slices have the same length; pixels are in [0, 1], `step_size` and `epsilon` in pixel units.
///
/// # Panics
/// If the lengths differ.
pub fn linf_step(
    x: &[f32],
    gradient: &[f32],
    clean: &[f32],
    step_size: f32,
    epsilon: f32,
) -> Vec<f32> {
    assert!(
        x.len() == gradient.len() && x.len() == clean.len(),
        "x, gradient and clean differ in length: {}, {}, {}",
        x.len(),
        gradient.len(),
        clean.len()
    );
    x.iter()
        .zip(gradient)
        .zip(clean)
        .map(|((&x, &gradient), &clean)| {
            let sign = if gradient > 0.0 {
                1.0
            } else if gradient < 0.0 {
                -1.0
            } else {
                0.0
            };
            let low = (clean - epsilon).max(0.0);
            let high = (clean + epsilon).min(1.0);
            (x + step_size * sign).max(low).min(high)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_in_the_ball_and_in_the_image() {
        let clean = [0.0, 0.05, 0.5, 0.95, 1.0];
        for sign in [-1.0, 1.0] {
            let gradient = [sign; 5];
            let mut x = clean.to_vec();
            for _ in 0..50 {
                x = linf_step(&x, &gradient, &clean, 0.01, 0.1);
            }
            for (x, clean) in x.iter().zip(clean) {
                assert!((0.0..=1.0).contains(x));
                assert!((x - clean).abs() <= 0.1 + f32::EPSILON);
                // Fifty steps of 0.01 reach whichever bound comes first.
                let bound = if sign > 0.0 {
                    (clean + 0.1).min(1.0)
                } else {
                    (clean - 0.1).max(0.0)
                };
                assert_eq!(*x, bound);
            }
        }
    }

    #[test]
    fn zero_gradient_and_zero_epsilon_change_nothing() {
        let clean = [0.0, 0.3, 1.0];
        assert_eq!(linf_step(&clean, &[0.0; 3], &clean, 0.1, 0.3), clean);
        assert_eq!(
            linf_step(&clean, &[1.0, -1.0, 1.0], &clean, 0.1, 0.0),
            clean
        );
    }

    #[test]
    fn projecting_twice_is_projecting_once() {
        let clean = [0.2, 0.8];
        let once = linf_step(&[0.9, 0.1], &[0.0; 2], &clean, 0.1, 0.25);
        assert_eq!(linf_step(&once, &[0.0; 2], &clean, 0.1, 0.25), once);
    }
}
