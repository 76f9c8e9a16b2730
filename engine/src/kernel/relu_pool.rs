//! Launches `relu_pool.wgsl` and `relu_pool_gradient.wgsl`.

use burn::backend::tensor::FloatTensor;
use burn::backend::wgpu::CubeBackend;
use squeeze_shaders::float::Float;
use squeeze_shaders::relu_pool::{Plane, WORKGROUP};

use super::{empty_of, float, launch_into, shaped_kernel};
use crate::operation::relu_pool::node::{ReluPoolGradient, ReluPoolOps};

/// A plane and its floats.
type Stored = (Plane, Float);

shaped_kernel!(ReluPool, Stored, |(plane, stored): &Stored| plane
    .forward(*stored));
shaped_kernel!(ReluPoolBackward, Stored, |(plane, stored): &Stored| plane
    .gradient(*stored));

impl ReluPoolOps for CubeBackend {
    fn relu_pool(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let [batch, channels, height, width] = x.meta.shape().dims();
        let shape = [batch, channels, height / 2, width / 2];
        let out = empty_of(&x, &shape, x.dtype);
        let count = shape.iter().product();
        let kernel = ReluPool((Plane([height, width]), float(&x)));
        launch_into(kernel, vec![x], out, WORKGROUP, count)
    }
}

impl ReluPoolGradient for CubeBackend {
    fn relu_pool_gradient(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let shape @ [batch, channels, height, width] = x.meta.shape().dims();
        let by_x = empty_of(&x, &shape, x.dtype);
        let count = batch * channels * height.div_ceil(2) * width.div_ceil(2);
        let kernel = ReluPoolBackward((Plane([height, width]), float(&x)));
        launch_into(kernel, vec![x, gradient], by_x, WORKGROUP, count)
    }
}
