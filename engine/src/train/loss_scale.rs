//! Mixed precision: the loss is scaled, so that 16 bits hold its small gradients, and a step whose
//! gradients are too large for them is left out. The scale finds its size by itself, on the device: no
//! step waits for it.
//!
//! A step that is left out changes neither weights nor moments. It counts as an update for the
//! correction of Adam's bias, which is the host's, and running statistics take what they saw.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Int, Tensor, TensorData};
use squeeze_shaders::loss_scale::LossScale as Numbers;

use crate::evaluate::{DeviceFailure, read_words};
use crate::kernel::{loss_scale, words};

/// The loss scale of a run, on its GPU.
pub struct LossScale {
    state: Tensor<1, Int>,
    scale: Tensor<1>,
}

impl LossScale {
    /// A scale that goes on from these numbers.
    pub fn new(numbers: Numbers, device: &Device) -> Self {
        let scale = TensorData::new(vec![numbers.scale], [1]);
        Self {
            state: words(&numbers.words(), device),
            scale: Tensor::from_data(scale, device),
        }
    }

    /// What the loss is multiplied by, `[1]`, without autodiff.
    pub fn scale(&self) -> Tensor<1> {
        self.scale.clone()
    }

    /// Takes the scale out of a network's gradients and of those by the images, where they are wanted,
    /// sees to the next step's, and tells by 1 or 0, `[1]`, whether this step counts. If it does not, all
    /// gradients are 0.
    pub fn undo(
        &mut self,
        network: &impl Module,
        gradients: &mut Gradients,
        by_images: &mut Option<Tensor<4>>,
    ) -> Tensor<1> {
        if let Some(gradient) = by_images {
            self.state = loss_scale::check(flat(gradient.clone()), self.state.clone());
        }
        network.visit(&mut Check {
            gradients,
            state: &mut self.state,
        });
        network.visit(&mut Undo {
            gradients,
            state: &self.state,
        });
        if let Some(gradient) = by_images.take() {
            let shape = gradient.shape();
            *by_images = Some(loss_scale::undo(flat(gradient), &self.state).reshape(shape));
        }
        let (state, numbers) = loss_scale::next(self.state.clone());
        self.state = state;
        self.scale = numbers.clone().narrow(0, 0, 1);
        numbers.narrow(0, 1, 1)
    }

    /// Its numbers, read from the device.
    ///
    /// # Errors
    /// [`DeviceFailure`] if the device does not answer.
    pub async fn numbers(&self) -> Result<Numbers, DeviceFailure> {
        let words = read_words(self.state.clone()).await?;
        // The state has as many words as it was made of.
        let mut words = words.into_iter();
        Ok(Numbers::from_words(std::array::from_fn(|_| {
            words.next().unwrap_or_default()
        })))
    }
}

/// Looks for a number that is not finite.
struct Check<'a> {
    gradients: &'a Gradients,
    state: &'a mut Tensor<1, Int>,
}

impl ModuleVisitor for Check<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad(self.gradients) {
            *self.state = loss_scale::check(flat(gradient), self.state.clone());
        }
    }
}

/// Takes the scale out.
struct Undo<'a> {
    gradients: &'a mut Gradients,
    state: &'a Tensor<1, Int>,
}

impl ModuleVisitor for Undo<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        if let Some(gradient) = value.grad_remove(self.gradients) {
            let shape = gradient.shape();
            let undone = loss_scale::undo(flat(gradient), self.state);
            value.grad_replace(self.gradients, undone.reshape(shape));
        }
    }
}

fn flat<const D: usize>(gradient: Tensor<D>) -> Tensor<1> {
    let count = gradient.shape().num_elements();
    gradient.reshape([count])
}
