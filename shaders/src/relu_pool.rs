//! References of `wgsl/relu_pool.wgsl` and `wgsl/relu_pool_gradient.wgsl`, and the kernels' texts for
//! a shape.

use crate::float::{Float, aliases};

/// Invocations of a workgroup of both kernels.
pub const WORKGROUP: u32 = 64;

/// Height and width of the planes that are pooled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Plane(pub [usize; 2]);

impl Plane {
    /// Text of the kernel that pools.
    pub fn forward(&self, stored: Float) -> String {
        self.text(stored, include_str!("../wgsl/relu_pool.wgsl"))
    }

    /// Text of the kernel that makes the gradient.
    pub fn gradient(&self, stored: Float) -> String {
        self.text(stored, include_str!("../wgsl/relu_pool_gradient.wgsl"))
    }

    fn text(&self, stored: Float, body: &str) -> String {
        let Self([height, width]) = self;
        let constants = format!("const HEIGHT: u32 = {height}u;\nconst WIDTH: u32 = {width}u;\n");
        let greater = include_str!("../wgsl/include/greater.wgsl");
        aliases(&[("Stored", stored)]) + &constants + greater + body
    }
}

/// The greater one, or what is no number.
pub fn greater(a: f32, b: f32) -> f32 {
    if a > b || a.is_nan() { a } else { b }
}

/// The greatest of each square of 2 by 2, at least 0.
///
/// # Shapes
/// - `x`: `[planes, height, width]`
/// - output: `[planes, height / 2, width / 2]`
pub fn relu_pool(plane: Plane, x: &[f32]) -> Vec<f32> {
    let squares = plane.squares(x.len());
    let greatest = squares.map(|square| {
        square
            .map(|at| x[at])
            .into_iter()
            .fold(0.0, |a, b| greater(b, a))
    });
    greatest.collect()
}

/// Each gradient at the first greatest of its square, if that is above 0 or no number.
///
/// # Shapes
/// - `gradient`: `[planes, height / 2, width / 2]`
/// - `x` and output: `[planes, height, width]`
pub fn relu_pool_gradient(plane: Plane, x: &[f32], gradient: &[f32]) -> Vec<f32> {
    let mut by_x = vec![0.0; x.len()];
    for (square, &gradient) in plane.squares(x.len()).zip(gradient) {
        let [a, b, c, d] = square.map(|at| x[at]);
        let greatest = greater(greater(a, b), greater(c, d));
        let first = square.into_iter().find(|&at| x[at] == greatest);
        if greatest > 0.0 || greatest.is_nan() {
            by_x[first.unwrap_or(square[3])] = gradient;
        }
    }
    by_x
}

impl Plane {
    /// Places of each whole square's numbers.
    fn squares(self, count: usize) -> impl Iterator<Item = [usize; 4]> {
        let Self([height, width]) = self;
        let planes = count / (height * width);
        let rows = (0..planes)
            .flat_map(move |plane| (0..height / 2).map(move |row| plane * height + 2 * row));
        rows.flat_map(move |row| {
            (0..width / 2).map(move |column| {
                let at = row * width + 2 * column;
                [at, at + 1, at + width, at + width + 1]
            })
        })
    }
}
