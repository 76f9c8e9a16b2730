//! Convolution on a CPU: the images are laid out as planes (`planes.rs`), and vectors go along them
//! (`tap_sums.rs`, `tap_dots.rs`). Nothing is unfolded into columns, and each image stays near while
//! all channels are made from it.

use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;

use super::geometry::Geometry;
use super::node::{ConvolutionGradients, ConvolutionOps};
use super::planes::{LANES, Planes, reach, whole};
use super::tap_dots::{ROWS, Runs, tap_dots};
use super::tap_sums::{Weights, tap_sums};
use crate::operation::each::{each, each_part};
use crate::operation::{floats, tensor};

/// Sizes of a convolution.
struct Sizes {
    batch: usize,
    inputs: usize,
    image: [usize; 2],
    outputs: usize,
    kernel: [usize; 2],
    out: [usize; 2],
    geometry: Geometry,
}

impl Sizes {
    fn new(x: &FloatTensor<Flex>, weight: &FloatTensor<Flex>, geometry: Geometry) -> Self {
        let [batch, inputs, height, width] = x.layout().shape().dims();
        let [outputs, kernel_inputs, kernel_height, kernel_width] = weight.layout().shape().dims();
        assert_eq!(
            kernel_inputs, inputs,
            "channels of the kernel and of the image"
        );
        let kernel = [kernel_height, kernel_width];
        Self {
            batch,
            inputs,
            image: [height, width],
            outputs,
            kernel,
            out: geometry.output([height, width], kernel),
            geometry,
        }
    }

    fn image_len(&self) -> usize {
        self.inputs * self.image[0] * self.image[1]
    }

    fn out_len(&self) -> usize {
        self.outputs * self.out[0] * self.out[1]
    }

    fn kernel_len(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    fn input_planes(&self) -> Planes {
        Planes::of_input(self.inputs, self.image, self.kernel, self.geometry)
    }
}

impl ConvolutionOps for Flex {
    fn convolution(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        geometry: Geometry,
    ) -> FloatTensor<Self> {
        let sizes = Sizes::new(&x, &weight, geometry);
        let (x, weight, bias) = (
            x.to_contiguous(),
            weight.to_contiguous(),
            bias.to_contiguous(),
        );
        let out = convolve(&sizes, floats(&x), floats(&weight), floats(&bias));
        let [height, width] = sizes.out;
        tensor(out, [sizes.batch, sizes.outputs, height, width])
    }
}

impl ConvolutionGradients for Flex {
    fn x_gradient(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        geometry: Geometry,
    ) -> FloatTensor<Self> {
        let sizes = Sizes::new(&x, &weight, geometry);
        let (weight, gradient) = (weight.to_contiguous(), gradient.to_contiguous());
        let by_x = gradient_by_x(&sizes, floats(&weight), floats(&gradient));
        let [height, width] = sizes.image;
        tensor(by_x, [sizes.batch, sizes.inputs, height, width])
    }

    fn parameter_gradients(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        geometry: Geometry,
        wanted: [bool; 2],
    ) -> [Option<FloatTensor<Self>>; 2] {
        let sizes = Sizes::new(&x, &weight, geometry);
        let (x, gradient) = (x.to_contiguous(), gradient.to_contiguous());
        let by_weight = wanted[0].then(|| {
            let by_weight = gradient_by_weight(&sizes, floats(&x), floats(&gradient));
            let [height, width] = sizes.kernel;
            tensor(by_weight, [sizes.outputs, sizes.inputs, height, width])
        });
        let by_bias = wanted[1].then(|| {
            let sums = sums(floats(&gradient), sizes.out[0] * sizes.out[1]);
            let by_bias = (0..sizes.outputs).map(|output| {
                let of_images = (0..sizes.batch).map(|image| sums[image * sizes.outputs + output]);
                of_images.sum()
            });
            tensor(by_bias.collect(), [sizes.outputs])
        });
        [by_weight, by_bias]
    }
}

/// The sum of each run of `len` numbers, always in the same order.
fn sums(numbers: &[f32], len: usize) -> Vec<f32> {
    let mut sums = vec![0.0; numbers.len() / len];
    each_part(
        &mut sums,
        1,
        || (),
        |(), at, sum| {
            let (vectors, rest) = numbers[at * len..][..len].as_chunks::<LANES>();
            let mut lanes = [0.0; LANES];
            for vector in vectors {
                for (lane, number) in lanes.iter_mut().zip(vector) {
                    *lane += number;
                }
            }
            sum[0] = lanes.iter().chain(rest).sum();
        },
    );
    sums
}

fn convolve(sizes: &Sizes, x: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    let planes = sizes.input_planes();
    let offsets = planes.taps(sizes.kernel);
    let taps = offsets.len();
    assert_eq!(
        bias.len(),
        sizes.outputs,
        "biases and channels of the output"
    );
    let weights = Weights::new(sizes.outputs, taps, |sum, tap| weight[sum * taps + tap]);
    let [height, width] = sizes.out;
    let length = (height - 1) * planes.width() + width;
    let mut out = vec![0.0; sizes.batch * sizes.out_len()];
    let scratch = || {
        (
            vec![0.0; planes.len()],
            vec![0.0; sizes.outputs * whole(length)],
        )
    };
    each_part(
        &mut out,
        sizes.out_len(),
        scratch,
        |(source, sums), image, out| {
            planes.fill(&x[image * sizes.image_len()..][..sizes.image_len()], source);
            tap_sums(source, &offsets, &weights, length, sums);
            let channels = out.chunks_exact_mut(height * width);
            for ((out, sums), bias) in channels.zip(sums.chunks_exact(whole(length))).zip(bias) {
                let rows = sums.chunks(planes.width());
                for (out, sums) in out.chunks_exact_mut(width).zip(rows) {
                    for (out, sum) in out.iter_mut().zip(sums) {
                        *out = sum + bias;
                    }
                }
            }
        },
    );
    out
}

/// Rows (or columns) of an input that have the same remainder by the stride.
#[derive(Clone, Copy)]
struct Phase {
    /// The first weight of the kernel that sees them; the next ones are a stride further each.
    first: usize,
    /// The first such row of the image; the next ones are a stride further each.
    pixel: usize,
    /// Its number among the rows of this remainder of the padded image.
    step: usize,
    /// How many there are, those that no output sees left out.
    count: usize,
}

impl Phase {
    fn new(sizes: &Sizes, axis: usize, first: usize) -> Self {
        let stride = sizes.geometry.stride[axis];
        let padding = sizes.geometry.padding[axis];
        let step = padding.saturating_sub(first).div_ceil(stride);
        let seen = sizes.out[axis] + reach(sizes.kernel, sizes.geometry.stride)[axis];
        // The image's end, in steps.
        let end = (sizes.image[axis] + padding)
            .saturating_sub(first)
            .div_ceil(stride);
        Self {
            first,
            pixel: step * stride + first - padding,
            step,
            count: end.min(seen).saturating_sub(step),
        }
    }

    /// The weights of the kernel that see them.
    fn weights(&self, sizes: &Sizes, axis: usize) -> impl Iterator<Item = usize> + use<> {
        (self.first..sizes.kernel[axis]).step_by(sizes.geometry.stride[axis])
    }
}

/// The sums for the pixels of two phases.
struct Part {
    rows: Phase,
    columns: Phase,
    offsets: Vec<usize>,
    weights: Weights,
    length: usize,
}

impl Part {
    fn new(sizes: &Sizes, planes: &Planes, weight: &[f32], rows: Phase, columns: Phase) -> Self {
        let stride = sizes.geometry.stride;
        let halo = reach(sizes.kernel, stride);
        let mut offsets = Vec::new();
        let mut places = Vec::new();
        for channel in 0..sizes.outputs {
            for y in rows.weights(sizes, 0) {
                for x in columns.weights(sizes, 1) {
                    let row = rows.step + halo[0] - y / stride[0];
                    let column = columns.step + halo[1] - x / stride[1];
                    offsets.push(planes.at(channel, [0, 0], row, column));
                    let kernel = channel * sizes.inputs * sizes.kernel_len();
                    places.push(kernel + y * sizes.kernel[1] + x);
                }
            }
        }
        let weights = Weights::new(sizes.inputs, offsets.len(), |sum, tap| {
            weight[places[tap] + sum * sizes.kernel_len()]
        });
        Self {
            length: (rows.count - 1) * planes.width() + columns.count,
            rows,
            columns,
            offsets,
            weights,
        }
    }
}

fn gradient_by_x(sizes: &Sizes, weight: &[f32], gradient: &[f32]) -> Vec<f32> {
    let stride = sizes.geometry.stride;
    let planes = Planes::of_gradient(sizes.outputs, sizes.out, reach(sizes.kernel, stride));
    // Rows that no weight sees have no gradient.
    let phases = |axis: usize| {
        let seen = 0..stride[axis].min(sizes.kernel[axis]);
        seen.map(move |first| Phase::new(sizes, axis, first))
            .filter(|phase| phase.count > 0)
    };
    let parts: Vec<Part> = phases(0)
        .flat_map(|rows| phases(1).map(move |columns| (rows, columns)))
        .map(|(rows, columns)| Part::new(sizes, &planes, weight, rows, columns))
        .collect();
    let longest = parts.iter().map(|part| whole(part.length)).max();
    let mut by_x = vec![0.0; sizes.batch * sizes.image_len()];
    let scratch = || {
        (
            vec![0.0; planes.len()],
            vec![0.0; sizes.inputs * longest.unwrap_or(0)],
        )
    };
    each_part(
        &mut by_x,
        sizes.image_len(),
        scratch,
        |(source, sums), image, out| {
            planes.fill(
                &gradient[image * sizes.out_len()..][..sizes.out_len()],
                source,
            );
            for part in &parts {
                let length = whole(part.length);
                let sums = &mut sums[..sizes.inputs * length];
                tap_sums(source, &part.offsets, &part.weights, part.length, sums);
                let channels = out.chunks_exact_mut(sizes.image[0] * sizes.image[1]);
                for (out, sums) in channels.zip(sums.chunks_exact(length)) {
                    for row in 0..part.rows.count {
                        let y = part.rows.pixel + row * stride[0];
                        let out = &mut out[y * sizes.image[1]..][..sizes.image[1]];
                        let sums = &sums[row * planes.width()..][..part.columns.count];
                        let out = out[part.columns.pixel..].iter_mut().step_by(stride[1]);
                        for (out, sum) in out.zip(sums) {
                            *out = *sum;
                        }
                    }
                }
            }
        },
    );
    by_x
}

fn gradient_by_weight(sizes: &Sizes, x: &[f32], gradient: &[f32]) -> Vec<f32> {
    let planes = sizes.input_planes();
    let offsets = planes.taps(sizes.kernel);
    let taps = offsets.len();
    if sizes.batch == 0 {
        return vec![0.0; sizes.outputs * taps];
    }
    let [height, width] = sizes.out;
    let length = whole((height - 1) * planes.width() + width);
    let mut source = vec![0.0; sizes.batch * planes.len()];
    each_part(
        &mut source,
        planes.len(),
        || (),
        |(), image, source| {
            planes.fill(&x[image * sizes.image_len()..][..sizes.image_len()], source);
        },
    );
    // The same rows, with zeros where there is no output.
    let gradient_len = sizes.outputs * length;
    let mut gradients = vec![0.0; sizes.batch * gradient_len];
    each_part(
        &mut gradients,
        gradient_len,
        || (),
        |(), image, out| {
            let gradient = &gradient[image * sizes.out_len()..][..sizes.out_len()];
            let channels = out.chunks_exact_mut(length);
            for (out, gradient) in channels.zip(gradient.chunks_exact(height * width)) {
                let rows = out.chunks_mut(planes.width());
                for (out, gradient) in rows.zip(gradient.chunks_exact(width)) {
                    out[..width].copy_from_slice(gradient);
                }
            }
        },
    );
    // Work for several threads, shared in the same way by any number of them: sums are then the same.
    const TASKS: usize = 64;
    let blocks = sizes.outputs.div_ceil(ROWS);
    let groups = TASKS.div_ceil(blocks).min(sizes.batch);
    let together = sizes.batch.div_ceil(groups);
    let groups = sizes.batch.div_ceil(together);
    let parts = each(blocks * groups, |task| {
        let (block, group) = (task / groups, task % groups);
        let images = group * together..((group + 1) * together).min(sizes.batch);
        tap_dots(Runs {
            gradients: &gradients[images.start * gradient_len..images.end * gradient_len],
            gradient_len,
            row: block * ROWS,
            rows: ROWS.min(sizes.outputs - block * ROWS),
            source: &source[images.start * planes.len()..images.end * planes.len()],
            source_len: planes.len(),
            offsets: &offsets,
            length,
        })
    });
    let mut by_weight = Vec::with_capacity(sizes.outputs * taps);
    for parts in parts.chunks(groups) {
        let start = by_weight.len();
        by_weight.extend_from_slice(&parts[0]);
        for more in &parts[1..] {
            for (sum, more) in by_weight[start..].iter_mut().zip(more) {
                *sum += more;
            }
        }
    }
    by_weight
}
