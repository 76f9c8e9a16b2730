//! Launches `attack_loss.wgsl`.

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::wgpu::CubeBackend;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::{Int, Tensor};
use squeeze_shaders::attack_loss::{Loss, WGSL, WORKGROUP};
use squeeze_shaders::attack_step::STATE;

use super::{empty_like, launch, own, wgsl_kernel, words};

wgsl_kernel!(AttackLoss, WGSL);

#[backend_extension(Cube)]
trait AttackLossOps: Backend {
    fn attack_loss(
        logits: FloatTensor<Self>,
        labels: IntTensor<Self>,
        targets: IntTensor<Self>,
        params: IntTensor<Self>,
        states: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// Gradient of each image's loss with respect to its logits, and the states with loss, right and
/// margin set.
///
/// # Shapes
/// - `logits` and gradient: `[batch, classes]`, on a GPU, without autodiff
/// - `labels`, `targets`: `[batch]`
/// - `states`: `[batch, STATE]`
pub fn attack_loss(
    logits: Tensor<2>,
    labels: &Tensor<1, Int>,
    targets: &Tensor<1, Int>,
    loss: Loss,
    states: Tensor<2>,
) -> (Tensor<2>, Tensor<2>) {
    let [batch, classes] = logits.dims();
    let params = [batch as u32, classes as u32, loss as u32, STATE as u32];
    let params = words(&params, &logits.device());
    let (gradient, states) = <Dispatch as AttackLossOps>::attack_loss(
        logits.into_dispatch(),
        labels.clone().into_dispatch(),
        targets.clone().into_dispatch(),
        params.into_dispatch(),
        states.into_dispatch(),
    );
    (
        Tensor::from_dispatch(gradient),
        Tensor::from_dispatch(states),
    )
}

impl AttackLossOps for CubeBackend {
    fn attack_loss(
        logits: FloatTensor<Self>,
        labels: IntTensor<Self>,
        targets: IntTensor<Self>,
        params: IntTensor<Self>,
        states: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let shape = logits.meta.shape().clone();
        let gradient = empty_like(&logits, &shape);
        let states = own(states);
        let inputs = vec![logits, labels, targets, params, states.clone()];
        launch(AttackLoss, inputs, &gradient, WORKGROUP, shape[0]);
        (gradient, states)
    }
}
