//! The geometry of the l_inf ball.

#[cfg(feature = "gpu")]
use burn::backend::DispatchDevice;
use burn::tensor::Tensor;

use crate::noise;
use crate::random::StreamKey;

/// A start uniform in the l_inf ball around each image, cut to the image range: every pixel moves by
/// its own uniform number in `±epsilon`.
///
/// # Shapes
/// - `clean` and output: `[batch, channels, height, width]`, without autodiff; pixels in [0, 1]
pub fn random_start(clean: Tensor<4>, epsilon: f64, stream: StreamKey) -> Tensor<4> {
    let offsets = noise::uniform(clean.dims(), -epsilon, epsilon, stream, &clean.device());
    (clean + offsets).clamp(0.0, 1.0)
}

/// One PGD step: up the gradient's sign, then back into the ball and the image range (see
/// `shaders/wgsl/linf_step.wgsl`). One kernel on a GPU, plain tensor operations elsewhere.
///
/// # Shapes
/// - `x`, `gradient`, `clean` and output: `[batch, channels, height, width]`, without autodiff
/// - `budget`: `[2]`, the step size and epsilon again, on the device
pub fn linf_step(
    x: Tensor<4>,
    gradient: Tensor<4>,
    clean: Tensor<4>,
    budget: &Budget,
) -> Tensor<4> {
    #[cfg(feature = "gpu")]
    if let DispatchDevice::Cube(_) = x.device().as_dispatch() {
        return crate::kernel::linf_step::linf_step(x, gradient, clean, budget.on_device.clone());
    }
    let low = (clean.clone() - budget.epsilon).clamp_min(0.0);
    let high = (clean + budget.epsilon).clamp_max(1.0);
    (x + gradient.sign() * budget.step_size)
        .max_pair(low)
        .min_pair(high)
}

/// Step size and epsilon of an l_inf attack, in pixel units.
#[derive(Clone, Debug)]
pub struct Budget {
    /// Length of a step.
    pub step_size: f32,
    /// Radius of the ball.
    pub epsilon: f32,
    /// Both of them where the kernel can read them.
    #[cfg(feature = "gpu")]
    on_device: Tensor<1>,
}

impl Budget {
    /// A budget on a plain device.
    #[cfg_attr(not(feature = "gpu"), allow(unused_variables))]
    pub fn new(step_size: f32, epsilon: f32, device: &burn::tensor::Device) -> Self {
        Self {
            step_size,
            epsilon,
            #[cfg(feature = "gpu")]
            on_device: Tensor::from_floats([step_size, epsilon], device),
        }
    }
}
