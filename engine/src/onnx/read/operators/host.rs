//! Operators on constants alone, which shapes are computed with.

use super::Call;
use super::shapes::lengths;
use crate::onnx::read::array::{Array, Data, aligned};
use crate::onnx::read::constant;
use crate::onnx::read::error::{Problem, fail};
use crate::onnx::read::plan::{Planned, Planner};

type Outputs = Result<Vec<Planned>, Problem>;

pub fn constant_of_shape(call: &Call, _: &mut Planner) -> Outputs {
    let shape = lengths(&call.ints(0)?)?;
    let value = match call.attributes.tensor("value") {
        Some(tensor) => constant::array(tensor)?,
        None => Array::float(0.0),
    };
    // It has one number, whatever its shape.
    Ok(vec![Planned::known(value.pick(shape, |_| 0)?)])
}

pub fn equal(call: &Call, _: &mut Planner) -> Outputs {
    let (a, b) = (known(call, 0)?, known(call, 1)?);
    let (shape, pairs) = aligned([a, b])?;
    let (Data::Ints(a), Data::Ints(b)) = (&a.data, &b.data) else {
        fail!("it compares floats, and only integers are supported");
    };
    let equal = pairs.into_iter().map(|[at, bt]| i64::from(a[at] == b[bt]));
    let data = Data::Ints(equal.collect());
    Ok(vec![Planned::known(Array { shape, data })])
}

/// Where a condition holds one number, elsewhere another.
pub fn choose(call: &Call, _: &mut Planner) -> Outputs {
    let (condition, yes, no) = (known(call, 0)?, known(call, 1)?, known(call, 2)?);
    let (shape, places) = aligned([condition, yes, no])?;
    let (Data::Ints(holds), Data::Ints(yes), Data::Ints(no)) =
        (&condition.data, &yes.data, &no.data)
    else {
        fail!("it chooses between floats, and only integers are supported");
    };
    let chosen = places
        .into_iter()
        .map(|[at, yes_at, no_at]| match holds[at] {
            0 => no[no_at],
            _ => yes[yes_at],
        });
    let data = Data::Ints(chosen.collect());
    Ok(vec![Planned::known(Array { shape, data })])
}

fn known<'a>(call: &'a Call, at: usize) -> Result<&'a Array, Problem> {
    match call.input(at)?.array.as_deref() {
        Some(array) => Ok(array),
        None => fail!("input {at} must be a constant that does not depend on the images' pixels"),
    }
}
