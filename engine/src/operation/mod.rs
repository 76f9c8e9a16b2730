//! Operations of networks whose form is ours: one pass over memory where Burn's take several. Each is
//! an operation of Burn, with its gradient, so that networks are written as ever.

#[cfg(feature = "gpu")]
pub mod balanced_gradient;
pub mod convolution;
#[cfg(feature = "cpu")]
mod each;
pub mod given_gradient;
pub mod linear;
pub mod relu_pool;

#[cfg(feature = "cpu")]
use burn::backend::Flex;
#[cfg(feature = "cpu")]
use burn::backend::tensor::FloatTensor;
#[cfg(feature = "cpu")]
use burn::tensor::TensorData;

/// Whether tensors of a device, with autodiff or without, are the CPU backend's.
#[cfg(all(feature = "cpu", feature = "gpu"))]
pub(crate) fn is_on_cpu(device: &burn::tensor::Device) -> bool {
    let plain = device.clone().inner();
    matches!(plain.as_dispatch(), burn::backend::DispatchDevice::Flex(_))
}

/// A build has one backend at least.
#[cfg(not(all(feature = "cpu", feature = "gpu")))]
pub(crate) fn is_on_cpu(_: &burn::tensor::Device) -> bool {
    cfg!(feature = "cpu")
}

/// The numbers of a tensor of 32-bit floats, which all of this engine's are, behind `to_contiguous`.
#[cfg(feature = "cpu")]
fn floats(tensor: &FloatTensor<Flex>) -> &[f32] {
    debug_assert!(tensor.is_contiguous() && tensor.layout().start_offset() == 0);
    tensor.storage()
}

#[cfg(feature = "cpu")]
fn tensor<const D: usize>(floats: Vec<f32>, shape: [usize; D]) -> FloatTensor<Flex> {
    FloatTensor::<Flex>::from_data(TensorData::new(floats, shape))
}
