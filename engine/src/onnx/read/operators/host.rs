//! Operators on constants alone, which shapes are computed with.

use super::Call;
use super::shapes::lengths;
use crate::onnx::read::array::{Array, Data, broadcast, places};
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
    let shape = broadcast(&a.shape, &b.shape)?;
    let (Data::Ints(left), Data::Ints(right)) = (&a.data, &b.data) else {
        fail!("it compares floats, and only integers are supported");
    };
    let places = places(&shape)?;
    let equal = places.iter().map(|place| {
        let (left, right) = (
            left.get(a.broadcast_from(place)),
            right.get(b.broadcast_from(place)),
        );
        i64::from(left == right)
    });
    let data = Data::Ints(equal.collect());
    Ok(vec![Planned::known(Array { shape, data })])
}

/// Where a condition holds one number, elsewhere another.
pub fn choose(call: &Call, _: &mut Planner) -> Outputs {
    let (condition, yes, no) = (known(call, 0)?, known(call, 1)?, known(call, 2)?);
    let shape = broadcast(&broadcast(&condition.shape, &yes.shape)?, &no.shape)?;
    let (Data::Ints(holds), Data::Ints(yeses), Data::Ints(noes)) =
        (&condition.data, &yes.data, &no.data)
    else {
        fail!("it chooses between floats, and only integers are supported");
    };
    let places = places(&shape)?;
    let chosen = places
        .iter()
        .map(|place| match holds.get(condition.broadcast_from(place)) {
            Some(0) | None => noes.get(no.broadcast_from(place)).copied(),
            Some(_) => yeses.get(yes.broadcast_from(place)).copied(),
        });
    match chosen.collect() {
        Some(values) => Ok(vec![Planned::known(Array {
            shape,
            data: Data::Ints(values),
        })]),
        None => fail!("its inputs do not fit each other"),
    }
}

fn known<'a>(call: &'a Call, at: usize) -> Result<&'a Array, Problem> {
    match call.input(at)?.array.as_deref() {
        Some(array) => Ok(array),
        None => fail!("input {at} must be a constant that does not depend on the images' pixels"),
    }
}
