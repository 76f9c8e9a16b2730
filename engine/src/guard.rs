//! What [`crate::config::GuardConfig`] does to images.

use burn::tensor::{Tensor, TensorData};

use crate::config::{Guard, GuardConfig};
#[cfg(feature = "cpu")]
use crate::operation::is_on_cpu;
use crate::random::Stream;

/// The images as the network behind the guard sees them.
///
/// # Shapes
/// - `images` and output: `[batch, channels, height, width]`
pub fn guard(config: &GuardConfig, images: Tensor<4>, stream: &mut Stream) -> Tensor<4> {
    match config.kind {
        Guard::None => images,
        Guard::Quantize => quantize(config.levels, images),
        Guard::Resize => quantize(config.levels, resize(config.least_size, images, stream)),
    }
}

fn quantize(levels: usize, images: Tensor<4>) -> Tensor<4> {
    let steps = (levels - 1) as f64;
    (images * steps).round() / steps
}

/// Each image `R x C` with matrices `R` and `C` that shrink rows and columns by the same factor and
/// put them at a random place: a bilinear resize whose gradient is exact.
fn resize(least: f64, images: Tensor<4>, stream: &mut Stream) -> Tensor<4> {
    let [batch, _, height, width] = images.dims();
    let mut rows = Vec::with_capacity(batch * height * height);
    let mut columns = Vec::with_capacity(batch * width * width);
    for _ in 0..batch {
        let size = least + (1.0 - least) * f64::from(stream.uniform());
        let small = [height, width].map(|length| ((size * length as f64).round() as usize).max(1));
        let [top, left] = [(height, small[0]), (width, small[1])]
            .map(|(length, small)| stream.below((length - small + 1) as u32) as usize);
        rows.extend(shrink(height, small[0], top));
        // The columns' matrix multiplies from the right.
        let matrix = shrink(width, small[1], left);
        columns.extend((0..width * width).map(|at| matrix[at % width * width + at / width]));
    }
    // Constants, on the device of the images and as they are with or without autodiff.
    let device = images.device();
    let matrix = |values: Vec<f32>, length: usize| {
        Tensor::<4>::from_data(TensorData::new(values, [batch, 1, length, length]), &device)
    };
    let smaller = product(matrix(rows, height), images);
    product(smaller, matrix(columns, width))
}

/// A matrix product for each image and channel.
///
/// # Shapes
/// - `left`: `[batch, channels or 1, rows, k]`
/// - `right`: `[batch, channels or 1, k, columns]`
/// - output: `[batch, channels, rows, columns]`
fn product(left: Tensor<4>, right: Tensor<4>) -> Tensor<4> {
    #[cfg(feature = "cpu")]
    if is_on_cpu(&left.device()) {
        return left.matmul(right);
    }
    // Burn's product for GPUs would take a third of what a visitor downloads for one.
    let products = left.unsqueeze_dim::<5>(4) * right.unsqueeze_dim::<5>(2);
    products.sum_dim(3).squeeze_dim(3)
}

/// The matrix that takes `length` pixels to `small` ones from `first` on, and black beside them.
/// Row-major `[length, length]`.
fn shrink(length: usize, small: usize, first: usize) -> Vec<f32> {
    let mut matrix = vec![0.0; length * length];
    let factor = length as f64 / small as f64;
    for at in 0..small {
        // Middles of pixels lie on middles.
        let from = ((at as f64 + 0.5) * factor - 0.5).clamp(0.0, (length - 1) as f64);
        let low = from.floor() as usize;
        let high = (low + 1).min(length - 1);
        let weight = (from - low as f64) as f32;
        let row = (first + at) * length;
        matrix[row + low] += 1.0 - weight;
        matrix[row + high] += weight;
    }
    matrix
}
