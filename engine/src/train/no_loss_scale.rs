//! In the place of `loss_scale.rs` in builds without GPUs, where [`super::Trainer`] refuses mixed
//! precision.

use burn::module::Module;
use burn::tensor::{Device, Gradients, Tensor};
use squeeze_shaders::loss_scale::LossScale as Numbers;

use crate::evaluate::DeviceFailure;

/// There is none.
pub enum LossScale {}

impl LossScale {
    /// Never called.
    pub fn new(_: Numbers, _: &Device) -> Self {
        unreachable!("builds without GPUs refuse mixed precision")
    }

    /// Never called.
    pub fn scale(&self) -> Tensor<1> {
        match *self {}
    }

    /// Never called.
    pub fn undo(
        &mut self,
        _: &impl Module,
        _: &mut Gradients,
        _: &mut Option<Tensor<4>>,
    ) -> Tensor<1> {
        match *self {}
    }

    /// Never called.
    pub async fn numbers(&self) -> Result<Numbers, DeviceFailure> {
        match *self {}
    }
}
