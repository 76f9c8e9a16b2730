//! References of `wgsl/convolution.wgsl`, `wgsl/convolution_weights.wgsl` and
//! `wgsl/convolution_weights_sum.wgsl`, and the kernels' texts for a shape.

use crate::float::{Float, aliases};
use crate::unrolled::unrolled;

/// Invocations of a workgroup of the first two kernels.
pub const WORKGROUP: u32 = 64;

/// Invocations of a workgroup of [`WEIGHTS_SUM`].
pub const SUM_WORKGROUP: u32 = 256;

/// Text of the kernel that adds up parts.
pub const WEIGHTS_SUM: &str = include_str!("../wgsl/convolution_weights_sum.wgsl");

/// The largest height or width of a kernel whose loops are written out.
pub const LARGEST: usize = 7;

/// Most columns of a block of pixels.
const MOST_COLUMNS: usize = 8;

/// Most channels and most pixels of a block of `convolution.wgsl`: its sums have room in the registers
/// of a GPU.
const MOST_CHANNELS: usize = 4;
const MOST_SUMS: usize = 64;

/// Most products that its text writes out.
const MOST_PRODUCTS: usize = 1600;

/// Most output channels, and most sums, of an invocation of `convolution_weights.wgsl`.
const MOST_WEIGHT_CHANNELS: usize = 8;
const MOST_WEIGHT_SUMS: usize = 100;

/// Parts of `convolution.wgsl` that do nothing without zeros between pixels. Not every device finds out
/// that a division by 1 is none.
const DILATED: [&str; 4] = [
    " / DILATION_Y",
    " / DILATION_X",
    " && (top + {y}u) % DILATION_Y == 0u",
    " && (left + {x}u) % DILATION_X == 0u",
];

/// A convolution, vertical sizes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Convolution {
    /// Channels of the image.
    pub inputs: usize,
    /// Height and width of the image.
    pub image: [usize; 2],
    /// Channels of the output.
    pub outputs: usize,
    /// Height and width of the output.
    pub out: [usize; 2],
    /// Height and width of the kernel.
    pub kernel: [usize; 2],
    /// Pixels between neighbouring outputs.
    pub stride: [usize; 2],
    /// Zeros on each of both sides.
    pub padding: [usize; 2],
}

impl Convolution {
    /// Text of the kernel that makes the output.
    pub fn forward(&self, stored: Float) -> String {
        let weight = Weight {
            output: self.inputs * self.kernel_len(),
            input: self.kernel_len(),
            is_turned: false,
        };
        let padding = self.padding.map(|zeros| zeros as isize);
        let body = include_str!("../wgsl/convolution.wgsl");
        aliases(&[("Stored", stored)]) + &self.text(body, [1, 1], padding, &weight)
    }

    /// Text of the kernel that makes the gradient by the image; its image is the outputs' gradient.
    pub fn by_image(&self, stored: Float) -> String {
        let weight = Weight {
            output: self.kernel_len(),
            input: self.inputs * self.kernel_len(),
            is_turned: true,
        };
        let padding = [0, 1].map(|axis| {
            let reach = self.kernel[axis] as isize - 1;
            reach - self.padding[axis] as isize
        });
        let body = include_str!("../wgsl/convolution.wgsl").lines();
        let body: String = body
            .filter(|line| !line.contains("bias"))
            .flat_map(|line| [line, "\n"])
            .collect();
        let text = self.turned().text(&body, self.stride, padding, &weight);
        aliases(&[("Stored", stored)]) + &text
    }

    /// Text of the kernel that makes the parts of the gradients by weights and bias. With 16 bits an image
    /// must have two outputs at least: what is bound is whole words of 32 bits, and the kernel counts images
    /// by it.
    pub fn by_weights(&self, stored: Float) -> String {
        let padding = self.padding.map(|zeros| zeros as isize);
        let columns = self.columns();
        let tile = self.weight_tile();
        let numbers = [
            ("o", tile),
            ("b", columns),
            ("u", self.kernel[0]),
            ("v", self.kernel[1]),
            ("x", seen(columns, self.stride[1], self.kernel[1])),
            ("SX", self.stride[1]),
            ("KX", self.kernel[1]),
        ];
        let body = include_str!("../wgsl/convolution_weights.wgsl");
        let constants = self.constants(self.stride, padding, tile, columns);
        aliases(&[("Stored", stored)]) + &constants + &unrolled(body, &numbers)
    }

    /// The convolution that gives the gradient by the image, but for its stride, which lies between
    /// the pixels, and its padding.
    fn turned(&self) -> Self {
        Self {
            inputs: self.outputs,
            image: self.out,
            outputs: self.inputs,
            out: self.image,
            stride: [1, 1],
            ..*self
        }
    }

    /// Blocks of an image's output, and tiles of its channels: what the invocations of the forward
    /// kernel make.
    pub fn blocks(&self) -> [usize; 2] {
        let [tile, rows, columns] = self.block();
        let blocks = self.out[0].div_ceil(rows) * self.out[1].div_ceil(columns);
        [blocks, self.outputs / tile]
    }

    /// The same of the gradient by the image.
    pub fn image_blocks(&self) -> [usize; 2] {
        self.turned().blocks()
    }

    /// Blocks of an image's output that gradients by weights are summed over.
    pub fn weight_blocks(&self) -> usize {
        self.out[0] * self.out[1].div_ceil(self.columns())
    }

    /// Output channels that an invocation of `convolution_weights.wgsl` works on.
    pub fn weight_tile(&self) -> usize {
        let most = MOST_WEIGHT_SUMS / self.kernel_len();
        tile(self.outputs, most.min(MOST_WEIGHT_CHANNELS))
    }

    /// Numbers of a kernel for one input and one output.
    pub fn kernel_len(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    fn columns(&self) -> usize {
        fitting(self.out[1], MOST_COLUMNS)
    }

    /// Channels, rows and columns of the output that an invocation makes.
    fn block(&self) -> [usize; 3] {
        let columns = self.columns();
        let most = MOST_SUMS.min(MOST_PRODUCTS / self.kernel_len()) / columns;
        let tile = tile(self.outputs, most.min(MOST_CHANNELS));
        let rows = fitting(self.out[0], most / tile);
        [tile, rows, columns]
    }

    fn text(
        &self,
        body: &str,
        dilation: [usize; 2],
        padding: [isize; 2],
        weight: &Weight,
    ) -> String {
        let [tile, rows, columns] = self.block();
        let mut text = self.constants(self.stride, padding, tile, columns);
        text += &format!(
            "const ROWS: u32 = {rows};\nconst DILATION_Y: u32 = {};\nconst DILATION_X: u32 = {};\n\
             const WEIGHT_OUTPUT: u32 = {};\nconst WEIGHT_INPUT: u32 = {};\n",
            dilation[0], dilation[1], weight.output, weight.input
        );
        let [first, step] = match weight.is_turned {
            true => [self.kernel_len() as isize - 1, -1],
            false => [0, 1],
        };
        text += &format!("const TAP_FIRST: i32 = {first};\nconst TAP_STEP: i32 = {step};\n");
        let mut body = body.to_owned();
        if dilation == [1, 1] {
            for part in DILATED {
                body = body.replace(part, "");
            }
        }
        let numbers = [
            ("o", tile),
            ("a", rows),
            ("b", columns),
            ("u", self.kernel[0]),
            ("v", self.kernel[1]),
            ("y", seen(rows, self.stride[0], self.kernel[0])),
            ("x", seen(columns, self.stride[1], self.kernel[1])),
            ("SY", self.stride[0]),
            ("SX", self.stride[1]),
            ("KX", self.kernel[1]),
        ];
        text + &unrolled(&body, &numbers)
    }

    fn constants(
        &self,
        stride: [usize; 2],
        padding: [isize; 2],
        tile: usize,
        columns: usize,
    ) -> String {
        let mut text = String::new();
        for (name, count) in [
            ("INPUTS", self.inputs),
            ("HEIGHT", self.image[0]),
            ("WIDTH", self.image[1]),
            ("OUTPUTS", self.outputs),
            ("OUT_HEIGHT", self.out[0]),
            ("OUT_WIDTH", self.out[1]),
            ("TILE", tile),
            ("COLUMNS", columns),
        ] {
            text += &format!("const {name}: u32 = {count};\n");
        }
        for (name, [y, x]) in [
            ("KERNEL", self.kernel.map(|len| len as isize)),
            ("STRIDE", stride.map(|step| step as isize)),
            ("PADDING", padding),
        ] {
            text += &format!("const {name}_Y: i32 = {y};\nconst {name}_X: i32 = {x};\n");
        }
        text
    }
}

/// The most channels, up to so many, that leave no rest.
fn tile(channels: usize, most: usize) -> usize {
    let divides = |count: &usize| channels.is_multiple_of(*count);
    (1..=most).rev().find(divides).unwrap_or(1)
}

/// Rows or columns of a block, up to so many: those that reach least beyond the image.
fn fitting(length: usize, most: usize) -> usize {
    let most = most.min(length).max(1);
    let reach = |count: &usize| length.next_multiple_of(*count);
    (most / 2 + 1..=most).rev().min_by_key(reach).unwrap_or(1)
}

/// Rows or columns that so many neighbouring pixels see.
fn seen(pixels: usize, stride: usize, kernel: usize) -> usize {
    (pixels - 1) * stride + kernel
}

/// Where the weights of an output and an input are, and whether kernels are read from their end.
struct Weight {
    output: usize,
    input: usize,
    is_turned: bool,
}

/// The output of a convolution, by its definition. Reference of `convolution.wgsl`.
///
/// # Shapes
/// - `x`: `[batch, inputs, height, width]`
/// - `weight`: `[outputs, inputs, kernel height, kernel width]`
/// - `bias`: `[outputs]`
pub fn convolution(sizes: &Convolution, x: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    let mut out: Vec<f32> = sizes.batch_of(x).flat_map(|_| sizes.biases(bias)).collect();
    sizes.each_product(x.len(), |pixel, tap, output| {
        out[output] += x[pixel] * weight[tap];
    });
    out
}

/// The gradient by the image, where `gradient` is that by the output.
pub fn convolution_by_image(
    sizes: &Convolution,
    images: usize,
    weight: &[f32],
    gradient: &[f32],
) -> Vec<f32> {
    let mut by_x = vec![0.0; images * sizes.image_len()];
    sizes.each_product(by_x.len(), |pixel, tap, output| {
        by_x[pixel] += gradient[output] * weight[tap];
    });
    by_x
}

/// The gradients by weights and bias. Reference of `convolution_weights.wgsl` and
/// `convolution_weights_sum.wgsl`.
pub fn convolution_weights(
    sizes: &Convolution,
    x: &[f32],
    gradient: &[f32],
) -> (Vec<f32>, Vec<f32>) {
    let mut by_weight = vec![0.0; sizes.outputs * sizes.inputs * sizes.kernel_len()];
    sizes.each_product(x.len(), |pixel, tap, output| {
        by_weight[tap] += gradient[output] * x[pixel];
    });
    let mut by_bias = vec![0.0; sizes.outputs];
    let plane = sizes.out[0] * sizes.out[1];
    for (place, gradient) in gradient.iter().enumerate() {
        by_bias[place / plane % sizes.outputs] += gradient;
    }
    (by_weight, by_bias)
}

impl Convolution {
    fn image_len(&self) -> usize {
        self.inputs * self.image[0] * self.image[1]
    }

    fn batch_of(&self, x: &[f32]) -> std::ops::Range<usize> {
        0..x.len() / self.image_len()
    }

    fn biases<'a>(&self, bias: &'a [f32]) -> impl Iterator<Item = f32> + use<'a> {
        let plane = self.out[0] * self.out[1];
        bias.iter()
            .flat_map(move |&bias| (0..plane).map(move |_| bias))
    }

    /// Goes through all that is multiplied and added up: places of a pixel, a weight and an output.
    fn each_product(&self, pixels: usize, mut visit: impl FnMut(usize, usize, usize)) {
        let [height, width] = self.image;
        let [rows, columns] = self.kernel;
        let images = pixels / self.image_len();
        let mut place = 0;
        for image in 0..images {
            for output in 0..self.outputs {
                for i in 0..self.out[0] {
                    for j in 0..self.out[1] {
                        for tap in 0..self.inputs * rows * columns {
                            let (input, u, v) =
                                (tap / (rows * columns), tap / columns % rows, tap % columns);
                            let y = (i * self.stride[0] + u).checked_sub(self.padding[0]);
                            let x = (j * self.stride[1] + v).checked_sub(self.padding[1]);
                            if let (Some(y), Some(x)) = (y, x)
                                && y < height
                                && x < width
                            {
                                let pixel =
                                    ((image * self.inputs + input) * height + y) * width + x;
                                visit(pixel, output * self.inputs * rows * columns + tap, place);
                            }
                        }
                        place += 1;
                    }
                }
            }
        }
    }
}
