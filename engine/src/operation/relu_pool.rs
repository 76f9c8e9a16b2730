//! ReLU, then the greatest of each square of 2 by 2.

use burn::tensor::{Tensor, activation, module::max_pool2d, ops::MaxPoolOptions};

/// # Shapes
/// - `x`: `[batch, channels, height, width]`
/// - output: `[batch, channels, height / 2, width / 2]`, a last row or column without a fellow being
///   left out
pub fn relu_pool(x: Tensor<4>) -> Tensor<4> {
    #[cfg(feature = "cpu")]
    if super::is_on_cpu(&x.device()) {
        return on_cpu::relu_pool(x);
    }
    plain(x)
}

/// The same of Burn's operations.
pub fn plain(x: Tensor<4>) -> Tensor<4> {
    max_pool2d(activation::relu(x), MaxPoolOptions::new([2, 2]))
}

#[cfg(feature = "cpu")]
mod on_cpu {
    use burn::backend::autodiff::NodeId;
    use burn::backend::autodiff::checkpoint::base::Checkpointer;
    use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
    use burn::backend::autodiff::grads::Gradients;
    use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
    use burn::backend::tensor::FloatTensor;
    use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
    use burn::tensor::Tensor;
    use macerator::Simd;

    use crate::operation::each::each_part;
    use crate::operation::{floats, tensor};

    pub fn relu_pool(x: Tensor<4>) -> Tensor<4> {
        Tensor::from_dispatch(<Dispatch as ReluPoolOps>::relu_pool(x.into_dispatch()))
    }

    #[backend_extension(Flex, Autodiff)]
    trait ReluPoolOps: Backend {
        fn relu_pool(x: FloatTensor<Self>) -> FloatTensor<Self>;
    }

    trait ReluPoolGradient: Backend {
        fn relu_pool_gradient(
            x: FloatTensor<Self>,
            gradient: FloatTensor<Self>,
        ) -> FloatTensor<Self>;
    }

    #[derive(Debug)]
    struct ReluPool;

    impl<B: ReluPoolGradient> Backward<B, 1> for ReluPool {
        type State = NodeId;

        fn backward(self, ops: Ops<NodeId, 1>, grads: &mut Gradients, states: &mut Checkpointer) {
            let gradient = grads.consume::<B>(&ops.node);
            if let [Some(node)] = ops.parents {
                let x: FloatTensor<B> = states.retrieve_node_output(ops.state);
                grads.register::<B>(node.id, B::relu_pool_gradient(x, gradient));
            }
        }
    }

    impl<B: ReluPoolOps + ReluPoolGradient, C: CheckpointStrategy> ReluPoolOps for Autodiff<B, C> {
        fn relu_pool(x: FloatTensor<Self>) -> FloatTensor<Self> {
            match ReluPool.prepare::<C>([x.node()]).compute_bound().stateful() {
                OpsKind::Tracked(mut tracked) => {
                    let state = tracked.checkpoint(&x);
                    tracked.finish(state, B::relu_pool(x.into_primitive()))
                }
                OpsKind::UnTracked(untracked) => untracked.finish(B::relu_pool(x.into_primitive())),
            }
        }
    }

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
        fn relu_pool_gradient(
            x: FloatTensor<Self>,
            gradient: FloatTensor<Self>,
        ) -> FloatTensor<Self> {
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

    /// The greater one, or what is no number.
    #[inline(always)]
    fn greater(a: f32, b: f32) -> f32 {
        if a > b || a.is_nan() { a } else { b }
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
}
