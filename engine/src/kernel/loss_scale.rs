//! Launches `loss_scale_check.wgsl`, `loss_scale_undo.wgsl` and `loss_scale_next.wgsl`.

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::wgpu::CubeBackend;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::{Int, Tensor};
use squeeze_shaders::loss_scale::{CHECK, UNDO, WORKGROUP, next_text};

use super::{empty_like, launch, launch_into, own, wgsl_kernel};

wgsl_kernel!(LossScaleCheck, CHECK);
wgsl_kernel!(LossScaleUndo, UNDO);
wgsl_kernel!(LossScaleNext, next_text());

#[backend_extension(Cube)]
trait LossScaleOps: Backend {
    fn loss_scale_check(gradient: FloatTensor<Self>, state: IntTensor<Self>) -> IntTensor<Self>;

    fn loss_scale_undo(gradient: FloatTensor<Self>, state: IntTensor<Self>) -> FloatTensor<Self>;

    fn loss_scale_next(state: IntTensor<Self>) -> (IntTensor<Self>, FloatTensor<Self>);
}

/// Notes down in the state that a gradient, `[n]`, holds a number that is not finite.
pub fn check(gradient: Tensor<1>, state: Tensor<1, Int>) -> Tensor<1, Int> {
    let state = <Dispatch as LossScaleOps>::loss_scale_check(
        gradient.into_dispatch(),
        state.into_dispatch(),
    );
    Tensor::from_dispatch(state)
}

/// A gradient, `[n]`, without the scale; 0 if the state says that the step is left out.
pub fn undo(gradient: Tensor<1>, state: &Tensor<1, Int>) -> Tensor<1> {
    Tensor::from_dispatch(<Dispatch as LossScaleOps>::loss_scale_undo(
        gradient.into_dispatch(),
        state.clone().into_dispatch(),
    ))
}

/// The state for the next step, and `[2]`: its scale, and whether this step counts, 1 or 0.
pub fn next(state: Tensor<1, Int>) -> (Tensor<1, Int>, Tensor<1>) {
    let (state, out) = <Dispatch as LossScaleOps>::loss_scale_next(state.into_dispatch());
    (Tensor::from_dispatch(state), Tensor::from_dispatch(out))
}

impl LossScaleOps for CubeBackend {
    fn loss_scale_check(gradient: FloatTensor<Self>, state: IntTensor<Self>) -> IntTensor<Self> {
        let state = own(state);
        let count = gradient.meta.num_elements();
        launch(LossScaleCheck, vec![gradient], &state, WORKGROUP, count);
        state
    }

    fn loss_scale_undo(gradient: FloatTensor<Self>, state: IntTensor<Self>) -> FloatTensor<Self> {
        let count = gradient.meta.num_elements();
        let out = empty_like(&gradient, &[count]);
        launch_into(LossScaleUndo, vec![gradient, state], out, WORKGROUP, count)
    }

    fn loss_scale_next(state: IntTensor<Self>) -> (IntTensor<Self>, FloatTensor<Self>) {
        let state = own(state);
        let out = empty_like(&state, &[2]);
        let out = launch_into(LossScaleNext, vec![state.clone()], out, 1, 1);
        (state, out)
    }
}
