//! Normalisations and softmax.

use super::{Call, axis};
use crate::onnx::read::error::{Problem, fail};
use crate::onnx::read::operation::{Binary, Operation, Reduction, Unary};
use crate::onnx::read::plan::{Planned, Planner};

type Outputs = Result<Vec<Planned>, Problem>;

/// Batch normalisation by the running statistics.
pub fn batch(call: &Call, planner: &mut Planner) -> Outputs {
    if call.attributes.flag("training_mode", false) {
        fail!("it is in training mode; call `model.eval()` before exporting");
    }
    let x = call.input(0)?;
    let &[_, channels, ..] = &x.shape[..] else {
        fail!("images of shape {:?} have no channels", x.shape);
    };
    let epsilon = call.attributes.float("epsilon", 1e-5);
    let mut along = |at| planner.per_channel(call.input(at)?, channels, x.rank());
    let (weight, bias, mean, variance) = (along(1)?, along(2)?, along(3)?, along(4)?);
    // Both are small, so that each pixel costs one product and one sum.
    let deviation = deviation(planner, &variance, epsilon)?;
    let scale = planner.binary(Binary::Div, &weight, &deviation)?;
    let shift = planner.binary(Binary::Mul, &mean, &scale)?;
    let shift = planner.binary(Binary::Sub, &bias, &shift)?;
    let scaled = planner.binary(Binary::Mul, x, &scale)?;
    Ok(vec![planner.binary(Binary::Add, &scaled, &shift)?])
}

/// Of each channel of each image.
pub fn instance(call: &Call, planner: &mut Planner) -> Outputs {
    let x = call.input(0)?;
    let &[_, channels, _, ..] = &x.shape[..] else {
        fail!("images of shape {:?} have no pixels", x.shape);
    };
    let axes: Vec<usize> = (2..x.rank()).collect();
    let normal = normalised(planner, x, &axes, call.attributes.float("epsilon", 1e-5))?;
    let weight = planner.per_channel(call.input(1)?, channels, x.rank())?;
    let bias = planner.per_channel(call.input(2)?, channels, x.rank())?;
    let scaled = planner.binary(Binary::Mul, &normal, &weight)?;
    Ok(vec![planner.binary(Binary::Add, &scaled, &bias)?])
}

/// Along the last axes.
pub fn layer(call: &Call, planner: &mut Planner) -> Outputs {
    call.only_first_output()?;
    let x = call.input(0)?;
    let first = axis(call.attributes.int("axis", -1), x.rank())?;
    let axes: Vec<usize> = (first..x.rank()).collect();
    let normal = normalised(planner, x, &axes, call.attributes.float("epsilon", 1e-5))?;
    let mut result = planner.binary(Binary::Mul, &normal, call.input(1)?)?;
    if let Some(bias) = call.optional(2) {
        result = planner.binary(Binary::Add, &result, bias)?;
    }
    if result.shape != x.shape {
        fail!("its parameters do not fit shape {:?}", x.shape);
    }
    Ok(vec![result])
}

fn normalised(
    planner: &mut Planner,
    x: &Planned,
    axes: &[usize],
    epsilon: f32,
) -> Result<Planned, Problem> {
    let mean = planner.reduce(Reduction::Mean, x, axes)?;
    let centred = planner.binary(Binary::Sub, x, &mean)?;
    let squares = planner.unary(Unary::Power(2.0), &centred)?;
    let variance = planner.reduce(Reduction::Mean, &squares, axes)?;
    let deviation = deviation(planner, &variance, epsilon)?;
    planner.binary(Binary::Div, &centred, &deviation)
}

fn deviation(planner: &mut Planner, variance: &Planned, epsilon: f32) -> Result<Planned, Problem> {
    let shifted = planner.unary(Unary::Shift(epsilon), variance)?;
    planner.unary(Unary::Sqrt, &shifted)
}

/// Softmax or its logarithm.
pub fn softmax(call: &Call, planner: &mut Planner, operation: fn(usize) -> Operation) -> Outputs {
    let x = call.input(0)?;
    let axis = softmax_axis(call, x.rank())?;
    if call.opset >= 13 {
        return Ok(vec![planner.push(
            operation(axis),
            &[x],
            x.shape.clone(),
        )?]);
    }
    // Older opsets normalise over all axes from this one on.
    let (before, after) = x.shape.split_at(axis);
    let flat = planner.reshape(x, vec![before.iter().product(), after.iter().product()])?;
    let result = planner.push(operation(1), &[&flat], flat.shape.clone())?;
    Ok(vec![planner.reshape(&result, x.shape.clone())?])
}

pub fn softmax_axis(call: &Call, rank: usize) -> Result<usize, Problem> {
    let default = if call.opset < 13 { 1 } else { -1 };
    axis(call.attributes.int("axis", default), rank)
}
