//! Launches `linear.wgsl` and `relu_gradient.wgsl`.

use burn::backend::Backend;
use burn::backend::tensor::FloatTensor;
use burn::backend::wgpu::{CubeBackend, CubeTensor};
use burn::cubecl::prelude::CubeDim;
use burn::tensor::{DType, FloatDType};
use squeeze_shaders::float::Float;
use squeeze_shaders::linear::{Floats, LANES, Product, TILE, WORKGROUP, relu_gradient_text};

use super::{empty_of, float, is_software, launch_blocks, launch_into, shaped_kernel, workgroups};
use crate::operation::linear::node::{LinearGradients, LinearOps};

/// A product and its floats.
type Stored = (Product, Floats);

shaped_kernel!(LinearProduct, Stored, |(product, floats): &Stored| product
    .text(*floats));
shaped_kernel!(ReluGradient, Float, |stored: &Float| relu_gradient_text(
    *stored
));

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
        // What is no longer between layers, logits, has 32 bits.
        let dtype = if is_relu { x.dtype } else { DType::F32 };
        product(kind, x, weight, Some(bias), dtype)
    }
}

impl LinearGradients for CubeBackend {
    fn relu_gradient(out: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let by_x = empty_of(&out, &out.meta.shape().clone(), out.dtype);
        let count = out.meta.num_elements();
        let kernel = ReluGradient(float(&out));
        launch_into(kernel, vec![out, gradient], by_x, WORKGROUP, count)
    }

    fn x_gradient(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        dtype: DType,
    ) -> FloatTensor<Self> {
        let kind = plain(weight.meta.shape()[0], false);
        product(kind, gradient, transposed::<Self>(weight), None, dtype)
    }

    fn weight_gradient(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let kind = plain(gradient.meta.shape()[1], true);
        product(kind, x, gradient, None, DType::F32)
    }

    fn bias_gradient(gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let outputs = gradient.meta.shape()[1];
        let gradient = match gradient.dtype {
            DType::F32 => gradient,
            _ => widened::<Self>(gradient),
        };
        sums_of_columns::<Self>(gradient, outputs)
    }
}

fn transposed<B: Backend>(matrix: FloatTensor<B>) -> FloatTensor<B> {
    B::float_transpose(matrix)
}

fn widened<B: Backend>(matrix: FloatTensor<B>) -> FloatTensor<B> {
    B::float_cast(matrix, FloatDType::F32)
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
    dtype: DType,
) -> CubeTensor {
    let rows = left.meta.shape()[usize::from(kind.is_turned)];
    let out = empty_of(&left, &[rows, kind.columns], dtype);
    let [of_left, of_right, of_out] = [&left, &right, &out].map(float);
    let floats = Floats {
        left: of_left,
        right: of_right,
        out: of_out,
    };
    let invocations = kind.lanes() * rows.div_ceil(TILE);
    let grid = workgroups(invocations, LANES);
    let mut bindings = vec![left, right, out.clone()];
    bindings.extend(bias);
    let block = CubeDim::new_2d(LANES, kind.slices());
    launch_blocks(LinearProduct((kind, floats)), bindings, block, grid);
    out
}
