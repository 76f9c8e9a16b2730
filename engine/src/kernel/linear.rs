//! Launches `linear.wgsl` and `relu_gradient.wgsl`.

use burn::backend::Backend;
use burn::backend::tensor::FloatTensor;
use burn::backend::wgpu::{CubeBackend, CubeTensor};
use burn::cubecl::prelude::CubeDim;
use squeeze_shaders::linear::{LANES, Product, RELU_GRADIENT, TILE, WORKGROUP};

use super::{
    empty_like, is_software, launch_blocks, launch_into, shaped_kernel, wgsl_kernel, workgroups,
};
use crate::operation::linear::node::{LinearGradients, LinearOps};

shaped_kernel!(LinearProduct, Product, Product::text);
wgsl_kernel!(ReluGradient, RELU_GRADIENT);

impl LinearOps for CubeBackend {
    fn linear_layer(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        is_relu: bool,
    ) -> FloatTensor<Self> {
        let kind = Product {
            columns: weight.meta.shape()[1],
            is_turned: false,
            has_bias: true,
            is_relu,
            is_shared: !is_software(),
        };
        product(kind, x, weight, Some(bias))
    }
}

impl LinearGradients for CubeBackend {
    fn relu_gradient(out: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let by_x = empty_like(&out, &out.meta.shape().clone());
        let count = out.meta.num_elements();
        launch_into(ReluGradient, vec![out, gradient], by_x, WORKGROUP, count)
    }

    fn x_gradient(weight: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let kind = plain(weight.meta.shape()[0], false);
        product(kind, gradient, transposed::<Self>(weight), None)
    }

    fn weight_gradient(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let kind = plain(gradient.meta.shape()[1], true);
        product(kind, x, gradient, None)
    }

    fn bias_gradient(gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let outputs = gradient.meta.shape()[1];
        sums_of_columns::<Self>(gradient, outputs)
    }
}

fn transposed<B: Backend>(matrix: FloatTensor<B>) -> FloatTensor<B> {
    B::float_transpose(matrix)
}

fn sums_of_columns<B: Backend>(matrix: FloatTensor<B>, columns: usize) -> FloatTensor<B> {
    B::float_reshape(B::float_sum_dim(matrix, 0), [columns].into())
}

fn plain(columns: usize, is_turned: bool) -> Product {
    Product {
        columns,
        is_turned,
        has_bias: false,
        is_relu: false,
        is_shared: !is_software(),
    }
}

fn product(
    kind: Product,
    left: CubeTensor,
    right: CubeTensor,
    bias: Option<CubeTensor>,
) -> CubeTensor {
    let rows = left.meta.shape()[usize::from(kind.is_turned)];
    let out = empty_like(&left, &[rows, kind.columns]);
    let invocations = kind.lanes() * rows.div_ceil(TILE);
    let grid = workgroups(invocations, LANES);
    let mut bindings = vec![left, right, out.clone()];
    bindings.extend(bias);
    let block = CubeDim::new_2d(LANES, kind.slices());
    launch_blocks(LinearProduct(kind), bindings, block, grid);
    out
}
