//! Launches `relu_pool.wgsl` and `relu_pool_gradient.wgsl`.

use burn::backend::tensor::FloatTensor;
use burn::backend::wgpu::CubeBackend;
use squeeze_shaders::relu_pool::{Plane, WORKGROUP};

use super::{empty_like, launch_into, shaped_kernel};
use crate::operation::relu_pool::node::{ReluPoolGradient, ReluPoolOps};

shaped_kernel!(ReluPool, Plane, Plane::forward);
shaped_kernel!(ReluPoolBackward, Plane, Plane::gradient);

impl ReluPoolOps for CubeBackend {
    fn relu_pool(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let [batch, channels, height, width] = x.meta.shape().dims();
        let shape = [batch, channels, height / 2, width / 2];
        let out = empty_like(&x, &shape);
        let count = shape.iter().product();
        launch_into(
            ReluPool(Plane([height, width])),
            vec![x],
            out,
            WORKGROUP,
            count,
        )
    }
}

impl ReluPoolGradient for CubeBackend {
    fn relu_pool_gradient(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let shape @ [batch, channels, height, width] = x.meta.shape().dims();
        let by_x = empty_like(&x, &shape);
        let count = batch * channels * height.div_ceil(2) * width.div_ceil(2);
        let kernel = ReluPoolBackward(Plane([height, width]));
        launch_into(kernel, vec![x, gradient], by_x, WORKGROUP, count)
    }
}
