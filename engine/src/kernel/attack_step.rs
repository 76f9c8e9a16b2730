//! Launches `attack_step.wgsl`.

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::wgpu::CubeBackend;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::{Int, Tensor};
use squeeze_shaders::attack_step::{WGSL, WORKGROUP};

use super::{empty_like, launch, own, wgsl_kernel};

wgsl_kernel!(AttackStep, WGSL);

#[backend_extension(Cube)]
trait AttackStepOps: Backend {
    #[allow(clippy::too_many_arguments)]
    fn attack_step(
        x: FloatTensor<Self>,
        previous: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        clean: FloatTensor<Self>,
        best: FloatTensor<Self>,
        states: FloatTensor<Self>,
        params: IntTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// What a step leaves.
pub struct Stepped {
    /// The next points, `[batch, channels, height, width]`.
    pub next: Tensor<4>,
    /// The best points so far, of the same shape.
    pub best: Tensor<4>,
    /// `[batch, STATE]`.
    pub states: Tensor<2>,
}

/// The points that a step begins from.
pub struct Points {
    /// Current points, `[batch, channels, height, width]`.
    pub x: Tensor<4>,
    /// Those before, of the same shape, or one number if `alpha` is 1.
    pub previous: Tensor<4>,
    /// Gradients at `x`.
    pub gradient: Tensor<4>,
    /// Images without perturbation.
    pub clean: Tensor<4>,
    /// The best points so far.
    pub best: Tensor<4>,
    /// `[batch, STATE]`.
    pub states: Tensor<2>,
}

/// One step on a GPU, see [`squeeze_shaders::attack_step::attack_step`].
pub fn attack_step(points: Points, params: &Tensor<1, Int>) -> Stepped {
    let (next, best, states) = <Dispatch as AttackStepOps>::attack_step(
        points.x.into_dispatch(),
        points.previous.into_dispatch(),
        points.gradient.into_dispatch(),
        points.clean.into_dispatch(),
        points.best.into_dispatch(),
        points.states.into_dispatch(),
        params.clone().into_dispatch(),
    );
    Stepped {
        next: Tensor::from_dispatch(next),
        best: Tensor::from_dispatch(best),
        states: Tensor::from_dispatch(states),
    }
}

impl AttackStepOps for CubeBackend {
    fn attack_step(
        x: FloatTensor<Self>,
        previous: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        clean: FloatTensor<Self>,
        best: FloatTensor<Self>,
        states: FloatTensor<Self>,
        params: IntTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let shape = x.meta.shape().clone();
        let next = empty_like(&x, &shape);
        let (best, states) = (own(best), own(states));
        let inputs = vec![
            x,
            previous,
            gradient,
            clean,
            best.clone(),
            states.clone(),
            params,
        ];
        let invocations = shape[0] * WORKGROUP as usize;
        launch(AttackStep, inputs, &next, WORKGROUP, invocations);
        (next, best, states)
    }
}
