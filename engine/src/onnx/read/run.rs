//! Runs a [`Plan`].

use crate::operation::convolution::conv2d;
use burn::tensor::{Slice, Tensor, activation, module, ops};

use super::array::Data;
use super::operation::{Binary, Operation, Reduction, Unary};
use super::plan::Plan;
use super::ranked::{Ranked, at_rank, axes, with_tensor};

/// The logits of a batch. The constants are without autodiff, so they stay constants beside images
/// with it.
///
/// # Shapes
/// - `images`: `[plan.batch, channels, height, width]`
/// - output: `[plan.batch, plan.classes]`
pub fn run(plan: &Plan, constants: &[Ranked], images: Tensor<4>) -> Tensor<2> {
    let device = images.device().without_autodiff();
    let mut slots: Vec<Option<Ranked>> = vec![None; plan.slots];
    // Slot 0 is that of the images.
    for (slot, constant) in slots.iter_mut().skip(1).zip(constants) {
        *slot = Some(constant.clone());
    }
    for (slot, array) in &plan.literals {
        if let Data::Floats(values) = &array.data {
            slots[*slot] = Some(Ranked::new(values.clone(), &array.shape, &device));
        }
    }
    slots[0] = Some(Ranked::R4(images));
    for step in &plan.steps {
        let inputs = step.inputs.iter().filter_map(|&slot| slots[slot].clone());
        let inputs: Vec<Ranked> = inputs.collect();
        // An operation may then work in place.
        for &slot in &step.last_used {
            slots[slot] = None;
        }
        slots[step.output] = Some(compute(&step.operation, inputs));
    }
    match slots.swap_remove(plan.output) {
        Some(logits) => logits.into(),
        None => unreachable!("a plan computes its output"),
    }
}

fn compute(operation: &Operation, inputs: Vec<Ranked>) -> Ranked {
    if let Operation::Concat(axis) = operation {
        return concat(inputs, *axis);
    }
    let mut inputs = inputs.into_iter();
    let Some(x) = inputs.next() else {
        unreachable!("a planned operation has its operands")
    };
    match (operation, inputs.next()) {
        (Operation::Binary(operation), Some(y)) => binary(*operation, x, y),
        (Operation::MatMul, Some(y)) => at_rank!(x.dims().len(), D => {
            Tensor::<D>::from(x).matmul(Tensor::<D>::from(y)).into()
        }),
        (Operation::Conv(options), Some(weight)) => {
            let bias = inputs.next().map(Tensor::<1>::from);
            let (x, weight) = (Tensor::<4>::from(x), Tensor::<4>::from(weight));
            conv2d(x, weight, bias, options.clone()).into()
        }
        (Operation::MaxPool(options), None) => {
            module::max_pool2d(Tensor::<4>::from(x), options.clone()).into()
        }
        (Operation::AveragePool { kernel, stride }, None) => {
            let options = ops::AvgPoolOptions::new(*kernel).with_stride(*stride);
            module::avg_pool2d(Tensor::<4>::from(x), options).into()
        }
        (Operation::Reshape(shape), None) => x.reshape(shape),
        (Operation::Unary(operation), None) => {
            with_tensor!(x, x => unary(*operation, x).into())
        }
        (Operation::Reduce(reduction, axes), None) => {
            with_tensor!(x, x => axes.iter().fold(x, |x, &axis| reduce(*reduction, x, axis)).into())
        }
        (Operation::Softmax(axis), None) => {
            with_tensor!(x, x => activation::softmax(x, *axis).into())
        }
        (Operation::LogSoftmax(axis), None) => {
            with_tensor!(x, x => activation::log_softmax(x, *axis).into())
        }
        (Operation::Permute(order), None) => at_rank!(order.len(), D => {
            Tensor::<D>::from(x).permute(axes::<D>(order)).into()
        }),
        (Operation::Expand(shape), None) => at_rank!(shape.len(), D => {
            Tensor::<D>::from(x).expand(axes::<D>(shape)).into()
        }),
        (Operation::Pad(pads, value), None) => {
            let mode = ops::PadMode::Constant(*value);
            with_tensor!(x, x => x.pad(pads.as_slice(), mode).into())
        }
        (Operation::Slice(ranges), None) => {
            let ranges: Vec<Slice> = ranges
                .iter()
                .map(|&[first, end, step]| {
                    Slice::new(first as isize, Some(end as isize), step as isize)
                })
                .collect();
            with_tensor!(x, x => x.slice(ranges.as_slice()).into())
        }
        (Operation::Flip(axes), None) => with_tensor!(x, x => {
            axes.iter().fold(x, |x, &axis| x.flip([axis])).into()
        }),
        (operation, _) => unreachable!("{operation:?} has other operands"),
    }
}

fn unary<const D: usize>(operation: Unary, x: Tensor<D>) -> Tensor<D> {
    match operation {
        Unary::Neg => x.neg(),
        Unary::Abs => x.abs(),
        Unary::Sqrt => x.sqrt(),
        Unary::Exp => x.exp(),
        Unary::Log => x.log(),
        Unary::Erf => x.erf(),
        Unary::Reciprocal => x.recip(),
        // Powers of negative numbers by products have no NaN in their gradients.
        Unary::Power(power) if (1.0..=8.0).contains(&power) && power.fract() == 0.0 => {
            (1..power as usize).fold(x.clone(), |product, _| product * x.clone())
        }
        Unary::Power(0.5) => x.sqrt(),
        Unary::Power(power) => x.powf_scalar(power),
        Unary::Relu => activation::relu(x),
        Unary::LeakyRelu(slope) => activation::leaky_relu(x, slope.into()),
        // Burn's own takes the exponential of large numbers, too, whose gradient is then NaN.
        Unary::Elu(alpha) => {
            activation::relu(x.clone()) + x.clamp_max(0.0).exp().sub_scalar(1.0).mul_scalar(alpha)
        }
        Unary::Sigmoid => activation::sigmoid(x),
        Unary::Tanh => x.tanh(),
        Unary::Softplus => activation::relu(x.clone()) + x.abs().neg().exp().log1p(),
        Unary::HardSigmoid(slope, shift) => x.mul_scalar(slope).add_scalar(shift).clamp(0.0, 1.0),
        Unary::HardSwish => x.clone() * unary(Unary::HardSigmoid(1.0 / 6.0, 0.5), x),
        Unary::Gelu => activation::gelu(x),
        Unary::GeluTanh => activation::gelu_approximate(x),
        Unary::Clamp(least, largest) => {
            let x = match least {
                Some(least) => x.clamp_min(least),
                None => x,
            };
            match largest {
                Some(largest) => x.clamp_max(largest),
                None => x,
            }
        }
        Unary::Scale(factor) => x.mul_scalar(factor),
        Unary::Shift(summand) => x.add_scalar(summand),
    }
}

fn binary(operation: Binary, x: Ranked, y: Ranked) -> Ranked {
    let rank = x.dims().len().max(y.dims().len());
    at_rank!(rank, D => {
        let (x, y) = (Tensor::<D>::from(x), Tensor::<D>::from(y));
        match operation {
            Binary::Add => x + y,
            Binary::Sub => x - y,
            Binary::Mul => x * y,
            Binary::Div => x / y,
            Binary::Max | Binary::Min => {
                let (shape, other) = (x.dims(), y.dims());
                let shape: [usize; D] = std::array::from_fn(|at| shape[at].max(other[at]));
                let (x, y) = (x.expand(shape), y.expand(shape));
                if operation == Binary::Max { x.max_pair(y) } else { x.min_pair(y) }
            }
        }
        .into()
    })
}

fn reduce<const D: usize>(reduction: Reduction, x: Tensor<D>, axis: usize) -> Tensor<D> {
    match reduction {
        Reduction::Mean => x.mean_dim(axis),
        Reduction::Sum => x.sum_dim(axis),
        Reduction::Max => x.max_dim(axis),
        Reduction::Min => x.min_dim(axis),
    }
}

fn concat(inputs: Vec<Ranked>, axis: usize) -> Ranked {
    let rank = inputs.first().map_or(1, |first| first.dims().len());
    at_rank!(rank, D => {
        let parts = inputs.into_iter().map(Tensor::<D>::from).collect();
        Tensor::<D>::cat(parts, axis).into()
    })
}
