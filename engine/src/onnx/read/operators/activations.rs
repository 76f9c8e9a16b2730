//! Operators on single numbers.

use super::Call;
use crate::onnx::read::error::{Problem, fail};
use crate::onnx::read::operation::{Binary, Unary};
use crate::onnx::read::plan::{Planned, Planner};

type Outputs = Result<Vec<Planned>, Problem>;

pub fn unary(call: &Call, planner: &mut Planner, operation: Unary) -> Outputs {
    Ok(vec![planner.unary(operation, call.input(0)?)?])
}

pub fn leaky_relu(call: &Call, planner: &mut Planner) -> Outputs {
    let slope = call.attributes.float("alpha", 0.01);
    unary(call, planner, Unary::LeakyRelu(slope))
}

pub fn elu(call: &Call, planner: &mut Planner) -> Outputs {
    let alpha = call.attributes.float("alpha", 1.0);
    unary(call, planner, Unary::Elu(alpha))
}

pub fn hard_sigmoid(call: &Call, planner: &mut Planner) -> Outputs {
    let slope = call.attributes.float("alpha", 0.2);
    let shift = call.attributes.float("beta", 0.5);
    unary(call, planner, Unary::HardSigmoid(slope, shift))
}

pub fn gelu(call: &Call, planner: &mut Planner) -> Outputs {
    let operation = match call.attributes.text("approximate").as_deref() {
        None | Some("none") => Unary::Gelu,
        Some("tanh") => Unary::GeluTanh,
        Some(other) => fail!("`approximate` is `{other}`, neither `none` nor `tanh`"),
    };
    unary(call, planner, operation)
}

pub fn clip(call: &Call, planner: &mut Planner) -> Outputs {
    let least = call.float_of("min", 1)?;
    let largest = call.float_of("max", 2)?;
    unary(call, planner, Unary::Clamp(least, largest))
}

/// max(x, 0) - slope max(-x, 0)
pub fn p_relu(call: &Call, planner: &mut Planner) -> Outputs {
    let (x, slope) = (call.input(0)?, call.input(1)?);
    let positive = planner.unary(Unary::Relu, x)?;
    let negative = planner.unary(Unary::Neg, x)?;
    let negative = planner.unary(Unary::Relu, &negative)?;
    let negative = planner.binary(Binary::Mul, &negative, slope)?;
    if negative.shape != x.shape {
        fail!("slopes of shape {:?} do not fit {:?}", slope.shape, x.shape);
    }
    Ok(vec![planner.binary(Binary::Sub, &positive, &negative)?])
}
