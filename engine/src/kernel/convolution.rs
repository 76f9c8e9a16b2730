//! Launches `convolution.wgsl`, `convolution_weights.wgsl` and `convolution_weights_sum.wgsl`.

use burn::backend::tensor::FloatTensor;
use burn::backend::wgpu::{CubeBackend, CubeTensor};
use burn::cubecl::prelude::CubeCount;
use squeeze_shaders::convolution::{
    Convolution, PIXELS, SUM_WORKGROUP, WEIGHTS_SUM, WIDEST, WORKGROUP,
};

use super::{empty_like, launch_grid, shaped_kernel, wgsl_kernel, workgroups};
use crate::operation::convolution::geometry::Geometry;
use crate::operation::convolution::node::{ConvolutionGradients, ConvolutionOps};

shaped_kernel!(ConvolutionForward, Convolution, Convolution::forward);
shaped_kernel!(ConvolutionByImage, Convolution, Convolution::by_image);
shaped_kernel!(ConvolutionWeights, Convolution, Convolution::by_weights);
wgsl_kernel!(ConvolutionWeightsSum, WEIGHTS_SUM);

/// Workgroups that a GPU should have to do at least.
const BUSY: usize = 192;

/// Most workgroups along an axis (WebGPU's limit).
const MOST_WORKGROUPS: usize = 65_535;

/// Whether the kernels can make a convolution and its gradients.
pub fn is_fit([outputs, inputs, rows, columns]: [usize; 4]) -> bool {
    columns <= WIDEST && inputs * rows < MOST_WORKGROUPS && outputs <= MOST_WORKGROUPS
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
        let out = empty_like(&x, &[batch, sizes.outputs, height, width]);
        let grid = grid(batch * height * width, sizes.outputs / sizes.tile());
        let bindings = vec![x, weight, out.clone(), bias];
        launch_grid(ConvolutionForward(sizes), bindings, WORKGROUP, grid);
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
        let by_x = empty_like(&x, &x.meta.shape().clone());
        let [height, width] = sizes.image;
        let pixels = x.meta.shape()[0] * height * width;
        let grid = grid(pixels, sizes.inputs / sizes.image_tile());
        let bindings = vec![gradient, weight, by_x.clone()];
        launch_grid(ConvolutionByImage(sizes), bindings, WORKGROUP, grid);
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
        let tiles = sizes.outputs / sizes.tile();
        let rows = sizes.inputs * (sizes.kernel[0] / sizes.kernel_rows());
        let parts = BUSY.div_ceil(tiles * rows).min(batch);
        let by_weight = empty_like(&x, &weight.meta.shape().clone());
        let by_bias = empty_like(&x, &[sizes.outputs]);
        let count = by_weight.meta.num_elements() + sizes.outputs;
        let sums = empty_like(&x, &[parts, count]);
        let grid = CubeCount::Static(parts as u32, tiles as u32, rows as u32);
        let bindings = vec![x, gradient, sums.clone()];
        launch_grid(ConvolutionWeights(sizes), bindings, WORKGROUP, grid);
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

/// Workgroups for so many pixels, along the first and the last axis, and tiles of channels.
fn grid(pixels: usize, tiles: usize) -> CubeCount {
    let groups = pixels.div_ceil(PIXELS);
    let layers = groups.div_ceil(MOST_WORKGROUPS).max(1);
    CubeCount::Static(groups.div_ceil(layers) as u32, tiles as u32, layers as u32)
}
