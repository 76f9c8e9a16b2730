//! ReLU with pooling on a CPU, plane by plane.

use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;
use macerator::Simd;
use squeeze_shaders::relu_pool::greater;

use super::node::{ReluPoolGradient, ReluPoolOps};
use crate::operation::each::each_part;
use crate::operation::{floats, tensor};

impl ReluPoolOps for Flex {
    fn relu_pool(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let [batch, channels, height, width] = x.layout().shape().dims();
        let x = x.to_contiguous();
        let pixels = floats(&x);
        let (len, out_len) = (height * width, (height / 2) * (width / 2));
        let mut out = vec![0.0; batch * channels * out_len];
        if out_len > 0 {
            let work = |(): &mut (), plane: usize, out: &mut [f32]| {
                pool(&pixels[plane * len..][..len], width, out);
            };
            each_part(&mut out, out_len, || (), work);
        }
        tensor(out, [batch, channels, height / 2, width / 2])
    }
}

impl ReluPoolGradient for Flex {
    fn relu_pool_gradient(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let [batch, channels, height, width] = x.layout().shape().dims();
        let (x, gradient) = (x.to_contiguous(), gradient.to_contiguous());
        let (pixels, gradients) = (floats(&x), floats(&gradient));
        let (len, out_len) = (height * width, (height / 2) * (width / 2));
        let mut by_x = vec![0.0; batch * channels * len];
        if out_len > 0 {
            let work = |(): &mut (), plane: usize, by_x: &mut [f32]| {
                let gradient = &gradients[plane * out_len..][..out_len];
                back(&pixels[plane * len..][..len], width, gradient, by_x);
            };
            each_part(&mut by_x, len, || (), work);
        }
        tensor(by_x, [batch, channels, height, width])
    }
}

// The attribute has this compiled for each kind of vectors, which `S` stands for.
#[allow(clippy::extra_unused_type_parameters)]
#[macerator::with_simd]
fn pool<S: Simd>(x: &[f32], width: usize, out: &mut [f32]) {
    let rows = x.chunks_exact(2 * width);
    for (pair, out) in rows.zip(out.chunks_exact_mut(width / 2)) {
        let (upper, lower) = pair.split_at(width);
        let squares = upper
            .as_chunks::<2>()
            .0
            .iter()
            .zip(lower.as_chunks::<2>().0);
        for (out, (upper, lower)) in out.iter_mut().zip(squares) {
            let greatest = greater(greater(upper[0], upper[1]), greater(lower[0], lower[1]));
            *out = greater(greatest, 0.0);
        }
    }
}

/// Each gradient goes to the first greatest of its square, if that is above 0.
#[allow(clippy::extra_unused_type_parameters)] // As above.
#[macerator::with_simd]
fn back<S: Simd>(x: &[f32], width: usize, gradient: &[f32], by_x: &mut [f32]) {
    let rows = x
        .chunks_exact(2 * width)
        .zip(by_x.chunks_exact_mut(2 * width));
    for ((pair, by_pair), gradient) in rows.zip(gradient.chunks_exact(width / 2)) {
        let (upper, lower) = pair.split_at(width);
        let (by_upper, by_lower) = by_pair.split_at_mut(width);
        let squares = upper
            .as_chunks::<2>()
            .0
            .iter()
            .zip(lower.as_chunks::<2>().0);
        let by_upper = by_upper.as_chunks_mut::<2>().0.iter_mut();
        let by_squares = by_upper.zip(by_lower.as_chunks_mut::<2>().0);
        for ((([a, b], [c, d]), (by_upper, by_lower)), &gradient) in
            squares.zip(by_squares).zip(gradient)
        {
            let greatest = greater(greater(*a, *b), greater(*c, *d));
            // As Burn's, gradients pass where there is no number: a network that has run away
            // must not look flat.
            let gradient = if greatest <= 0.0 { 0.0 } else { gradient };
            let is_a = *a == greatest;
            let is_b = !is_a & (*b == greatest);
            let is_c = !is_a & !is_b & (*c == greatest);
            let is_d = !is_a & !is_b & !is_c;
            let given = |is_it| if is_it { gradient } else { 0.0 };
            *by_upper = [given(is_a), given(is_b)];
            *by_lower = [given(is_c), given(is_d)];
        }
    }
}
