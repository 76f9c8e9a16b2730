//! Launches `objective_forward.wgsl` and `objective_backward.wgsl`.

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::wgpu::CubeBackend;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::{Int, Tensor};
use squeeze_shaders::objective::{BACKWARD, FORWARD, Params, WORKGROUP};

use super::{empty_like, launch_into, wgsl_kernel, words};

wgsl_kernel!(ObjectiveForward, FORWARD);
wgsl_kernel!(ObjectiveBackward, BACKWARD);

#[backend_extension(Cube)]
trait ObjectiveOps: Backend {
    fn objective_forward(
        logits: FloatTensor<Self>,
        labels: IntTensor<Self>,
        params: IntTensor<Self>,
    ) -> FloatTensor<Self>;

    fn objective_backward(
        logits: FloatTensor<Self>,
        labels: IntTensor<Self>,
        params: IntTensor<Self>,
        stats: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// What the kernels make of a batch.
pub struct Fused {
    /// `[batch + 1, 4]`, see `objective_forward.wgsl`; its last row holds cross-entropy and penalty.
    pub stats: Tensor<2>,
    /// Gradient of the objective with respect to the logits, `[batch, classes]`.
    pub gradient: Tensor<2>,
}

/// Objective and gradient of a batch.
///
/// # Shapes
/// - `logits`: `[batch, classes]`, on a GPU, without autodiff
/// - `labels`: `[batch]`
pub fn objective(logits: Tensor<2>, labels: &Tensor<1, Int>, params: &Params) -> Fused {
    let params = words(&params.words(), &logits.device());
    let stats = <Dispatch as ObjectiveOps>::objective_forward(
        logits.clone().into_dispatch(),
        labels.clone().into_dispatch(),
        params.clone().into_dispatch(),
    );
    let gradient = <Dispatch as ObjectiveOps>::objective_backward(
        logits.into_dispatch(),
        labels.clone().into_dispatch(),
        params.into_dispatch(),
        stats.clone(),
    );
    Fused {
        stats: Tensor::from_dispatch(stats),
        gradient: Tensor::from_dispatch(gradient),
    }
}

impl ObjectiveOps for CubeBackend {
    fn objective_forward(
        logits: FloatTensor<Self>,
        labels: IntTensor<Self>,
        params: IntTensor<Self>,
    ) -> FloatTensor<Self> {
        let rows = logits.meta.shape()[0] + 1;
        let stats = empty_like(&logits, &[rows, 4]);
        let inputs = vec![logits, labels, params];
        launch_into(ObjectiveForward, inputs, stats, WORKGROUP, 1)
    }

    fn objective_backward(
        logits: FloatTensor<Self>,
        labels: IntTensor<Self>,
        params: IntTensor<Self>,
        stats: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let count = logits.meta.num_elements();
        let gradient = empty_like(&logits, &logits.meta.shape().clone());
        let inputs = vec![logits, labels, params, stats];
        launch_into(ObjectiveBackward, inputs, gradient, WORKGROUP, count)
    }
}
