//! Operators on pairs of numbers. Those of constants alone are computed on the host.

use super::Call;
use crate::onnx::read::array::{Array, Data, aligned, broadcast};
use crate::onnx::read::error::{Problem, fail};
use crate::onnx::read::operation::{Binary, Unary};
use crate::onnx::read::plan::{Planned, Planner};

type Outputs = Result<Vec<Planned>, Problem>;

pub fn binary(call: &Call, planner: &mut Planner, operation: Binary) -> Outputs {
    Ok(vec![pair(
        planner,
        operation,
        call.input(0)?,
        call.input(1)?,
    )?])
}

/// The largest or least of any number of values.
pub fn extreme(call: &Call, planner: &mut Planner, operation: Binary) -> Outputs {
    let mut found = call.input(0)?.clone();
    for at in 1..call.inputs.len() {
        let other = call.input(at)?;
        found = match other.scalar() {
            Some(bound) if found.array.is_none() => {
                let shape = broadcast(&found.shape, &other.shape)?;
                let clamp = match operation {
                    Binary::Max => Unary::Clamp(Some(bound), None),
                    _ => Unary::Clamp(None, Some(bound)),
                };
                let found = planner.unary(clamp, &found)?;
                planner.reshape(&found, shape)?
            }
            _ => pair(planner, operation, &found, other)?,
        };
    }
    Ok(vec![found])
}

/// The largest exponent; with larger ones everything is 0, 1 or infinite.
const LARGEST_POWER: f32 = 1e6;

pub fn pow(call: &Call, planner: &mut Planner) -> Outputs {
    let (x, exponent) = (call.input(0)?, call.input(1)?);
    let power = match exponent.ints() {
        Some(&[power]) => Some(power as f32),
        _ => exponent.scalar(),
    };
    let Some(power) = power else {
        fail!("its exponent must be one constant");
    };
    // Burn looks whether it is a whole number of 64 bits.
    if !(-LARGEST_POWER..=LARGEST_POWER).contains(&power) {
        fail!("its exponent {power} is not a number from -{LARGEST_POWER} to {LARGEST_POWER}");
    }
    let shape = broadcast(&x.shape, &exponent.shape)?;
    let result = planner.unary(Unary::Power(power), x)?;
    Ok(vec![planner.reshape(&result, shape)?])
}

fn pair(
    planner: &mut Planner,
    operation: Binary,
    a: &Planned,
    b: &Planned,
) -> Result<Planned, Problem> {
    match (&a.array, &b.array) {
        (Some(a), Some(b)) => Ok(Planned::known(folded(operation, a, b)?)),
        _ => planner.binary(operation, a, b),
    }
}

fn folded(operation: Binary, a: &Array, b: &Array) -> Result<Array, Problem> {
    let (shape, pairs) = aligned([a, b])?;
    let pairs = pairs.into_iter();
    let data = match (&a.data, &b.data) {
        (Data::Ints(a), Data::Ints(b)) => {
            match pairs
                .map(|[at, bt]| ints(operation, a[at], b[bt]))
                .collect()
            {
                Some(values) => Data::Ints(values),
                None => fail!("its integers overflow or are divided by 0"),
            }
        }
        (Data::Floats(a), Data::Floats(b)) => Data::Floats(
            pairs
                .map(|[at, bt]| floats(operation, a[at], b[bt]))
                .collect(),
        ),
        _ => fail!("one of its inputs is integers, the other floats"),
    };
    Ok(Array { shape, data })
}

fn ints(operation: Binary, a: i64, b: i64) -> Option<i64> {
    match operation {
        Binary::Add => a.checked_add(b),
        Binary::Sub => a.checked_sub(b),
        Binary::Mul => a.checked_mul(b),
        Binary::Div => a.checked_div(b),
        Binary::Max => Some(a.max(b)),
        Binary::Min => Some(a.min(b)),
    }
}

fn floats(operation: Binary, a: f32, b: f32) -> f32 {
    match operation {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Max => a.max(b),
        Binary::Min => a.min(b),
    }
}
