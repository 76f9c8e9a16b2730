//! Operators on windows of pixels: convolution and pooling.

use burn::tensor::ops::{ConvOptions, MaxPoolOptions};

use super::Call;
use super::pieces::padded;
use crate::onnx::read::array::{Array, Data};
use crate::onnx::read::attributes::MOST;
use crate::onnx::read::error::{Problem, fail};
use crate::onnx::read::operation::{Binary, Operation, Reduction};
use crate::onnx::read::plan::{Planned, Planner};

type Outputs = Result<Vec<Planned>, Problem>;

/// How windows lie on the pixels.
struct Windows {
    kernel: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
    /// Before and after, in height and width. In ceil mode the last window may need more after.
    pads: [(usize, usize); 2],
    /// Those that the model asks for.
    declared: [(usize, usize); 2],
    /// How many there are, in height and width.
    output: [usize; 2],
}

impl Windows {
    /// # Errors
    /// [`Problem`] if no window fits, or attributes make no sense.
    fn new(call: &Call, size: [usize; 2], kernel: [usize; 2]) -> Result<Self, Problem> {
        let stride = call.attributes.pair("strides", 1, 1)?;
        let dilation = call.attributes.pair("dilations", 1, 1)?;
        let ceil = call.attributes.flag("ceil_mode", false);
        let declared = match call.attributes.text("auto_pad").as_deref() {
            None | Some("" | "NOTSET") => pads(call)?,
            Some("VALID") => [(0, 0); 2],
            Some("SAME_UPPER") => same(size, kernel, stride, dilation),
            Some("SAME_LOWER") => {
                same(size, kernel, stride, dilation).map(|(less, more)| (more, less))
            }
            Some(other) => fail!("`auto_pad` is `{other}`, which is unknown"),
        };
        let mut windows = Self {
            kernel,
            stride,
            dilation,
            pads: declared,
            declared,
            output: [0; 2],
        };
        for axis in 0..2 {
            let reach = windows.reach(axis);
            let (before, after) = declared[axis];
            let padded = size[axis] + before + after;
            let Some(span) = padded.checked_sub(reach) else {
                fail!(
                    "a window of {reach} pixels does not fit {} pixels padded by {before} and {after}",
                    size[axis]
                );
            };
            let mut count = span / stride[axis] + 1;
            if ceil && span % stride[axis] != 0 && count * stride[axis] < size[axis] + before {
                // One more window that starts before the padding at the end.
                windows.pads[axis].1 = count * stride[axis] + reach - size[axis] - before;
                count += 1;
            }
            windows.output[axis] = count;
        }
        Ok(windows)
    }

    /// Pixels from the first to the last of a window.
    fn reach(&self, axis: usize) -> usize {
        (self.kernel[axis] - 1) * self.dilation[axis] + 1
    }

    fn symmetric(&self) -> bool {
        self.pads.iter().all(|(before, after)| before == after)
    }

    /// Every window sees a pixel.
    fn check_pool(&self) -> Result<(), Problem> {
        for axis in 0..2 {
            let (before, after) = self.declared[axis];
            if before.max(after) >= self.reach(axis) {
                fail!(
                    "pads {:?} leave windows of nothing but padding",
                    self.declared
                );
            }
        }
        Ok(())
    }

    /// Numbers before and after each of the axes `[batch, channels, height, width]`.
    fn all_pads(&self) -> [(usize, usize); 4] {
        let [height, width] = self.pads;
        [(0, 0), (0, 0), height, width]
    }
}

/// `pads` are before height, before width, after height, after width.
fn pads(call: &Call) -> Result<[(usize, usize); 2], Problem> {
    let Some(values) = call.attributes.ints("pads") else {
        return Ok([(0, 0); 2]);
    };
    let read = |&value: &i64| usize::try_from(value).ok().filter(|&pad| pad <= MOST);
    let pads: Option<Vec<usize>> = values.iter().map(read).collect();
    match pads.as_deref() {
        Some(&[top, left, bottom, right]) => Ok([(top, bottom), (left, right)]),
        _ => fail!("`pads` are {values:?}, not four numbers of at least 0"),
    }
}

/// Pads with which there are `size / stride` windows, rounded up; the larger half after.
fn same(
    size: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
) -> [(usize, usize); 2] {
    std::array::from_fn(|axis| {
        let reach = (kernel[axis] - 1) * dilation[axis] + 1;
        let windows = size[axis].div_ceil(stride[axis]);
        let all = ((windows - 1) * stride[axis] + reach).saturating_sub(size[axis]);
        (all / 2, all - all / 2)
    })
}

fn images(x: &Planned) -> Result<[usize; 4], Problem> {
    match x.shape[..] {
        [batch, channels, height, width] if !x.shape.contains(&0) => {
            Ok([batch, channels, height, width])
        }
        _ => fail!(
            "it takes a value of shape {:?}, not one with four axes that are not empty",
            x.shape
        ),
    }
}

pub fn conv(call: &Call, planner: &mut Planner) -> Outputs {
    let (x, weight) = (call.input(0)?, call.input(1)?);
    let [batch, channels, height, width] = images(x)?;
    let [filters, each, rows, columns] = images(weight)?;
    let kernel = call.attributes.pair("kernel_shape", 1, 0)?;
    if (kernel != [0; 2] && kernel != [rows, columns]) || rows.max(columns) > MOST {
        fail!(
            "its weight has shape {:?}, its `kernel_shape` is {kernel:?}",
            weight.shape
        );
    }
    let group = call.attributes.int("group", 1);
    let groups = usize::try_from(group).unwrap_or_default();
    if groups == 0 || filters % groups != 0 || each.checked_mul(groups) != Some(channels) {
        fail!(
            "a weight of shape {:?} in {group} groups does not fit {channels} channels",
            weight.shape
        );
    }
    let windows = Windows::new(call, [height, width], [rows, columns])?;
    let Windows {
        stride,
        pads,
        dilation,
        ..
    } = windows;
    let options = ConvOptions::new_with_padding(stride, pads, dilation, groups);
    let mut inputs = vec![x, weight];
    if let Some(bias) = call.optional(2) {
        if bias.shape != [filters] {
            fail!("its bias has shape {:?}, not [{filters}]", bias.shape);
        }
        inputs.push(bias);
    }
    let [rows, columns] = windows.output;
    let shape = vec![batch, filters, rows, columns];
    Ok(vec![planner.push(
        Operation::Conv(options),
        &inputs,
        shape,
    )?])
}

fn kernel(call: &Call) -> Result<[usize; 2], Problem> {
    if !call.attributes.has("kernel_shape") {
        fail!("it lacks `kernel_shape`");
    }
    call.attributes.pair("kernel_shape", 1, 1)
}

pub fn max_pool(call: &Call, planner: &mut Planner) -> Outputs {
    call.only_first_output()?;
    let x = call.input(0)?;
    let [batch, channels, height, width] = images(x)?;
    let windows = Windows::new(call, [height, width], kernel(call)?)?;
    windows.check_pool()?;
    let options = MaxPoolOptions::new(windows.kernel)
        .with_stride(windows.stride)
        .with_dilation(windows.dilation);
    let shape = vec![batch, channels, windows.output[0], windows.output[1]];
    if windows.symmetric() {
        let options = options.with_padding_pairs(windows.pads);
        return Ok(vec![planner.push(
            Operation::MaxPool(options),
            &[x],
            shape,
        )?]);
    }
    // Less than any pixel, and yet finite, which shaders can write.
    let x = padded(planner, x, &windows.all_pads(), f32::MIN)?;
    Ok(vec![planner.push(
        Operation::MaxPool(options),
        &[&x],
        shape,
    )?])
}

pub fn average_pool(call: &Call, planner: &mut Planner) -> Outputs {
    let x = call.input(0)?;
    let [batch, channels, height, width] = images(x)?;
    let windows = Windows::new(call, [height, width], kernel(call)?)?;
    windows.check_pool()?;
    if windows.dilation != [1; 2] {
        fail!("`dilations` of means are not supported");
    }
    let with_pads = call.attributes.flag("count_include_pad", false);
    let zero_padded = padded(planner, x, &windows.all_pads(), 0.0)?;
    let [rows, columns] = windows.output;
    let operation = Operation::AveragePool {
        kernel: windows.kernel,
        stride: windows.stride,
    };
    let shape = vec![batch, channels, rows, columns];
    let means = planner.push(operation, &[&zero_padded], shape)?;
    // Each mean counted all of its window: now only what is to be counted.
    let shares = [0, 1].map(|axis| {
        let size = [height, width][axis];
        let (before, after) = windows.declared[axis];
        let (first, end) = if with_pads {
            (0, before + size + after)
        } else {
            (before, before + size)
        };
        let kernel = windows.kernel[axis];
        let share = |window: usize| {
            let start = window * windows.stride[axis];
            let counted = (start + kernel).min(end).saturating_sub(start.max(first));
            kernel as f32 / counted.max(1) as f32
        };
        (0..windows.output[axis]).map(share).collect::<Vec<f32>>()
    });
    let mut result = means;
    for (shares, shape) in shares.into_iter().zip([vec![rows, 1], vec![1, columns]]) {
        if shares.iter().any(|&share| share != 1.0) {
            let data = Data::Floats(shares);
            let shares = Planned::known(Array { shape, data });
            result = planner.binary(Binary::Mul, &result, &shares)?;
        }
    }
    Ok(vec![result])
}

/// Pooling of all pixels of a channel.
pub fn global(call: &Call, planner: &mut Planner, reduction: Reduction) -> Outputs {
    let x = call.input(0)?;
    if x.rank() < 3 {
        fail!(
            "it takes a value of shape {:?}, which has no pixels",
            x.shape
        );
    }
    let axes: Vec<usize> = (2..x.rank()).collect();
    Ok(vec![planner.reduce(reduction, x, &axes)?])
}
