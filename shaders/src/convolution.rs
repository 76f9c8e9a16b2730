//! References of `wgsl/convolution.wgsl`, `wgsl/convolution_weights.wgsl` and
//! `wgsl/convolution_weights_sum.wgsl`, and the kernels' texts for a shape.

use crate::repeated::repeated;

/// Invocations of a workgroup of the first two kernels.
pub const WORKGROUP: u32 = 64;

/// Pixels that each workgroup of `convolution.wgsl` makes.
pub const PIXELS: usize = 256;

/// Invocations of a workgroup of [`WEIGHTS_SUM`].
pub const SUM_WORKGROUP: u32 = 256;

/// Text of the kernel that adds up parts.
pub const WEIGHTS_SUM: &str = include_str!("../wgsl/convolution_weights_sum.wgsl");

/// The widest kernel whose weights' gradients fit into the memory of a workgroup.
pub const WIDEST: usize = 7;

/// Most channels that an invocation works on.
const MOST_CHANNELS: usize = 8;

/// Most sums that an invocation of `convolution_weights.wgsl` has.
const MOST_SUMS: usize = 40;

/// Parts of `convolution.wgsl` that do nothing without zeros between pixels. Not every device finds out
/// that a division by 1 is none.
const UNDILATED: [&str; 4] = [
    " / DILATION_Y",
    " / DILATION_X",
    " & (row * DILATION_Y == y)",
    " & (column * DILATION_X == across)",
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
    pub fn forward(&self) -> String {
        let weight = Weight {
            output: self.inputs * self.kernel_len(),
            input: self.kernel_len(),
            is_turned: false,
        };
        let padding = self.padding.map(|zeros| zeros as isize);
        self.text(self.stride, [1, 1], padding, &weight)
    }

    /// Text of the kernel that makes the gradient by the image; its image is the outputs' gradient.
    pub fn by_image(&self) -> String {
        let turned = Self {
            inputs: self.outputs,
            image: self.out,
            outputs: self.inputs,
            out: self.image,
            ..*self
        };
        let weight = Weight {
            output: self.kernel_len(),
            input: self.inputs * self.kernel_len(),
            is_turned: true,
        };
        let padding = [0, 1].map(|axis| {
            let reach = self.kernel[axis] as isize - 1;
            reach - self.padding[axis] as isize
        });
        let text = turned.text([1, 1], self.stride, padding, &weight);
        let lines = text.lines().filter(|line| !line.contains("bias"));
        lines.map(|line| line.to_owned() + "\n").collect()
    }

    /// Text of the kernel that makes the parts of the gradients by weights and bias.
    pub fn by_weights(&self) -> String {
        let padding = self.padding.map(|zeros| zeros as isize);
        let mut constants = self.constants(self.stride, padding);
        let rows = self.kernel_rows();
        constants += &format!("const ROWS: u32 = {rows};\n");
        let body = include_str!("../wgsl/convolution_weights.wgsl");
        constants
            + &repeated(
                &repeated(body, '$', self.tile()),
                '#',
                rows * self.kernel[1],
            )
    }

    /// Rows of the kernel that an invocation of `convolution_weights.wgsl` works on: they leave no
    /// rest, and their sums have room in a GPU's registers.
    pub fn kernel_rows(&self) -> usize {
        let [height, width] = self.kernel;
        let is_fit =
            |rows: &usize| height.is_multiple_of(*rows) && rows * width * self.tile() <= MOST_SUMS;
        (1..=height).rev().find(is_fit).unwrap_or(1)
    }

    /// Channels of the output that an invocation works on.
    pub fn tile(&self) -> usize {
        tile(self.outputs)
    }

    /// Channels of the image that an invocation works on, for the gradient by it.
    pub fn image_tile(&self) -> usize {
        tile(self.inputs)
    }

    /// Numbers of a kernel for one input and one output.
    pub fn kernel_len(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    fn text(
        &self,
        stride: [usize; 2],
        dilation: [usize; 2],
        padding: [isize; 2],
        weight: &Weight,
    ) -> String {
        let mut text = self.constants(stride, padding);
        text += &format!(
            "const DILATION_Y: u32 = {};\nconst DILATION_X: u32 = {};\n",
            dilation[0], dilation[1]
        );
        text += &format!(
            "const WEIGHT_OUTPUT: u32 = {};\nconst WEIGHT_INPUT: u32 = {};\n",
            weight.output, weight.input
        );
        text += &format!("const IS_TURNED: bool = {};\n", weight.is_turned);
        let mut body = include_str!("../wgsl/convolution.wgsl").to_owned();
        if dilation == [1, 1] {
            for part in UNDILATED {
                body = body.replace(part, "");
            }
        }
        text + &repeated(&body, '$', self.tile())
    }

    fn constants(&self, stride: [usize; 2], padding: [isize; 2]) -> String {
        let mut text = String::new();
        for (name, count) in [
            ("INPUTS", self.inputs),
            ("HEIGHT", self.image[0]),
            ("WIDTH", self.image[1]),
            ("OUTPUTS", self.outputs),
            ("OUT_HEIGHT", self.out[0]),
            ("OUT_WIDTH", self.out[1]),
            ("TILE", self.tile()),
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

/// So many channels leave no rest.
fn tile(channels: usize) -> usize {
    let divides = |count: &usize| channels.is_multiple_of(*count);
    (1..=MOST_CHANNELS).rev().find(divides).unwrap_or(1)
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
