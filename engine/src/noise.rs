//! Tensors of random numbers.

use burn::tensor::{Device, Tensor, TensorData};
use squeeze_shaders::random_fill::{Distribution, Fill, random_fill};

use crate::random::StreamKey;

/// Independent numbers, uniform between `low` and `high`, made on the device where it is a GPU.
///
/// # Shapes
/// - output: `shape`
pub fn uniform(
    shape: [usize; 4],
    low: f64,
    high: f64,
    stream: StreamKey,
    device: &Device,
) -> Tensor<4> {
    let fill = Fill {
        distribution: Distribution::Uniform,
        scale: (high - low) as f32,
        offset: low as f32,
        stream,
    };
    filled(&fill, shape, device)
}

/// Independent normal numbers of mean 0, made on the device where it is a GPU.
///
/// # Shapes
/// - output: `shape`
pub fn normal(shape: [usize; 4], deviation: f64, stream: StreamKey, device: &Device) -> Tensor<4> {
    let fill = Fill {
        distribution: Distribution::Normal,
        scale: deviation as f32,
        offset: 0.0,
        stream,
    };
    filled(&fill, shape, device)
}

fn filled(fill: &Fill, shape: [usize; 4], device: &Device) -> Tensor<4> {
    let length = shape.iter().product();
    #[cfg(feature = "gpu")]
    if let burn::backend::DispatchDevice::Cube(_) = device.as_dispatch() {
        return crate::kernel::random_fill::random_fill(fill, length, device).reshape(shape);
    }
    let mut numbers = vec![0.0; length];
    random_fill(fill, &mut numbers);
    Tensor::from_data(TensorData::new(numbers, shape), device)
}
