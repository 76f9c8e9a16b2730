//! Launches `convolution.wgsl`, `convolution_weights.wgsl` and `convolution_weights_sum.wgsl`.

use burn::backend::tensor::FloatTensor;
use burn::backend::wgpu::{CubeBackend, CubeTensor};
use burn::cubecl::prelude::CubeCount;
use squeeze_shaders::convolution::{Convolution, LARGEST, SUM_WORKGROUP, WEIGHTS_SUM, WORKGROUP};

use squeeze_shaders::float::Float;

use super::{empty_like, empty_of, float, launch_grid, shaped_kernel, wgsl_kernel, workgroups};
use crate::operation::convolution::geometry::Geometry;
use crate::operation::convolution::node::{ConvolutionGradients, ConvolutionOps};

/// A convolution, and the floats of its image and its output.
type Stored = (Convolution, Float);

shaped_kernel!(ConvolutionForward, Stored, |(sizes, stored): &Stored| {
    sizes.forward(*stored)
});
shaped_kernel!(ConvolutionByImage, Stored, |(sizes, stored): &Stored| {
    sizes.by_image(*stored)
});
shaped_kernel!(ConvolutionWeights, Stored, |(sizes, stored): &Stored| {
    sizes.by_weights(*stored)
});
wgsl_kernel!(ConvolutionWeightsSum, WEIGHTS_SUM);

/// Invocations that gradients by weights are shared between, if there are not more sums than that.
const BUSY: usize = 16_384;

/// Most parts that a sum is made of.
const MOST_PARTS: usize = 256;

/// Most workgroups along an axis (WebGPU's limit).
const MOST_WORKGROUPS: usize = 65_535;

/// Whether the kernels can make a convolution and its gradients.
pub fn is_fit([outputs, inputs, rows, columns]: [usize; 4]) -> bool {
    rows.max(columns) <= LARGEST && inputs.max(outputs) <= MOST_WORKGROUPS
}

impl ConvolutionOps for CubeBackend {
    fn convolution(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        geometry: Geometry,
    ) -> FloatTensor<Self> {
        let sizes = sizes(&x, &weight, geometry);
        let batch = x.meta.shape()[0];
        let [height, width] = sizes.out;
        let out = empty_of(&x, &[batch, sizes.outputs, height, width], x.dtype);
        let grid = grid(batch, sizes.blocks());
        let kernel = ConvolutionForward((sizes, float(&x)));
        let bindings = vec![x, weight, out.clone(), bias];
        launch_grid(kernel, bindings, WORKGROUP, grid);
        out
    }
}

impl ConvolutionGradients for CubeBackend {
    fn x_gradient(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        geometry: Geometry,
    ) -> FloatTensor<Self> {
        let sizes = sizes(&x, &weight, geometry);
        let by_x = empty_of(&x, &x.meta.shape().clone(), x.dtype);
        let grid = grid(x.meta.shape()[0], sizes.image_blocks());
        let kernel = ConvolutionByImage((sizes, float(&x)));
        let bindings = vec![gradient, weight, by_x.clone()];
        launch_grid(kernel, bindings, WORKGROUP, grid);
        by_x
    }

    fn parameter_gradients(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        geometry: Geometry,
        _wanted: [bool; 2],
    ) -> [Option<FloatTensor<Self>>; 2] {
        let sizes = sizes(&x, &weight, geometry);
        let batch = x.meta.shape()[0];
        let tiles = sizes.outputs / sizes.weight_tile();
        let most = (batch * sizes.weight_blocks()).clamp(1, MOST_PARTS);
        let parts = (BUSY / (tiles * sizes.inputs)).clamp(1, most);
        let by_weight = empty_like(&x, &weight.meta.shape().clone());
        let by_bias = empty_like(&x, &[sizes.outputs]);
        let count = by_weight.meta.num_elements() + sizes.outputs;
        let sums = empty_like(&x, &[parts, count]);
        let groups = (parts * sizes.inputs).div_ceil(WORKGROUP as usize);
        let grid = CubeCount::Static(groups as u32, tiles as u32, 1);
        let kernel = ConvolutionWeights((sizes, float(&x)));
        let bindings = vec![x, gradient, sums.clone()];
        launch_grid(kernel, bindings, WORKGROUP, grid);
        let bindings = vec![sums, by_weight.clone(), by_bias.clone()];
        let grid = workgroups(count, SUM_WORKGROUP);
        launch_grid(ConvolutionWeightsSum, bindings, SUM_WORKGROUP, grid);
        [Some(by_weight), Some(by_bias)]
    }
}

fn sizes(x: &CubeTensor, weight: &CubeTensor, geometry: Geometry) -> Convolution {
    let [_, inputs, height, width] = x.meta.shape().dims();
    let [outputs, kernel_inputs, rows, columns] = weight.meta.shape().dims();
    assert_eq!(
        kernel_inputs, inputs,
        "channels of the kernel and of the image"
    );
    Convolution {
        inputs,
        image: [height, width],
        outputs,
        out: geometry.output([height, width], [rows, columns]),
        kernel: [rows, columns],
        stride: geometry.stride,
        padding: geometry.padding,
    }
}

/// Workgroups for the blocks of so many images, along the first and the last axis, and for tiles of
/// channels.
fn grid(images: usize, [blocks, tiles]: [usize; 2]) -> CubeCount {
    let groups = (images * blocks).div_ceil(WORKGROUP as usize);
    let layers = groups.div_ceil(MOST_WORKGROUPS).max(1);
    CubeCount::Static(groups.div_ceil(layers) as u32, tiles as u32, layers as u32)
}
