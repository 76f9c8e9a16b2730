//! Operators that change the shape of a value, or tell it.

use super::linear::expanded;
use super::{Call, axes, axis};
use crate::onnx::read::array::{Array, Data, broadcast, check_computed, count, flat};
use crate::onnx::read::constant::types;
use crate::onnx::read::error::{Problem, fail};
use crate::onnx::read::operation::Operation;
use crate::onnx::read::plan::{Planned, Planner};

type Outputs = Result<Vec<Planned>, Problem>;

/// Lengths of axes.
///
/// # Errors
/// [`Problem`] if one is negative.
pub fn lengths(values: &[i64]) -> Result<Vec<usize>, Problem> {
    let lengths: Option<Vec<usize>> = values.iter().map(|&v| usize::try_from(v).ok()).collect();
    match lengths {
        Some(lengths) => Ok(lengths),
        None => fail!("{values:?} are no lengths of axes"),
    }
}

pub fn identity(call: &Call, _: &mut Planner) -> Outputs {
    Ok(vec![call.input(0)?.clone()])
}

pub fn dropout(call: &Call, _: &mut Planner) -> Outputs {
    if call
        .optional(2)
        .and_then(Planned::ints)
        .is_some_and(|mode| mode != [0])
    {
        fail!("it is in training mode; call `model.eval()` before exporting");
    }
    Ok(vec![call.input(0)?.clone()])
}

pub fn cast(call: &Call, _: &mut Planner) -> Outputs {
    let x = call.input(0)?;
    let to = i32::try_from(call.attributes.int("to", 0)).unwrap_or_default();
    let data = match x.array.as_deref().map(|array| &array.data) {
        // 16 and 64 bits are computed with 32, too.
        None | Some(Data::Floats(_)) if types::is_float(to) => return Ok(vec![x.clone()]),
        Some(Data::Ints(values)) if types::is_float(to) => {
            Data::Floats(values.iter().map(|&value| value as f32).collect())
        }
        Some(Data::Ints(values)) if to == types::BOOL => {
            Data::Ints(values.iter().map(|&value| i64::from(value != 0)).collect())
        }
        Some(Data::Ints(_)) if types::is_integer(to) => return Ok(vec![x.clone()]),
        Some(Data::Floats(values)) if matches!(to, types::INT32 | types::INT64) => {
            Data::Ints(values.iter().map(|&value| value as i64).collect())
        }
        _ => fail!("values cannot be cast to ONNX's type {to}"),
    };
    check_computed(&x.shape)?;
    Ok(vec![Planned::known(Array {
        shape: x.shape.clone(),
        data,
    })])
}

pub fn shape(call: &Call, _: &mut Planner) -> Outputs {
    let x = call.input(0)?;
    let rank = x.rank() as i64;
    let bound = |name, default| {
        let at = call.attributes.int(name, default);
        let at = if at < 0 { at.saturating_add(rank) } else { at };
        at.clamp(0, rank) as usize
    };
    let (start, end) = (bound("start", 0), bound("end", rank));
    let axes = x.shape.get(start..end).unwrap_or_default();
    let axes = axes.iter().map(|&axis| axis as i64).collect();
    Ok(vec![Planned::known(Array::ints(axes))])
}

pub fn reshape(call: &Call, planner: &mut Planner) -> Outputs {
    let x = call.input(0)?;
    let wanted = call.ints(1)?;
    let mut shape = vec![];
    let mut open = None;
    for (at, &length) in wanted.iter().enumerate() {
        shape.push(match length {
            -1 if open.is_none() => {
                open = Some(at);
                1
            }
            0 if !call.attributes.flag("allowzero", false) => match x.shape.get(at) {
                Some(&length) => length,
                None => fail!("{wanted:?} keeps an axis that {:?} lacks", x.shape),
            },
            _ => match usize::try_from(length) {
                Ok(length) => length,
                Err(_) => fail!("{wanted:?} is no shape"),
            },
        });
    }
    if let Some(at) = open
        && let (Some(all), Some(others)) = (count(&x.shape), count(&shape))
        && let (Some(rest), Some(axis)) = (all.checked_div(others), shape.get_mut(at))
    {
        *axis = rest;
    }
    Ok(vec![planner.reshape(x, shape)?])
}

pub fn flatten(call: &Call, planner: &mut Planner) -> Outputs {
    let x = call.input(0)?;
    let at = match call.attributes.int("axis", 1) {
        // All axes together may be the first.
        last if last == x.rank() as i64 => x.rank(),
        other => axis(other, x.rank())?,
    };
    let (before, after) = x.shape.split_at(at);
    let shape = vec![before.iter().product(), after.iter().product()];
    Ok(vec![planner.reshape(x, shape)?])
}

pub fn squeeze(call: &Call, planner: &mut Planner) -> Outputs {
    let x = call.input(0)?;
    let gone = match call.ints_of("axes", 1)? {
        Some(given) => axes(&given, x.rank())?,
        None => (0..x.rank()).filter(|&at| x.shape[at] == 1).collect(),
    };
    if gone.iter().any(|&at| x.shape[at] != 1) {
        fail!(
            "axes {gone:?} of shape {:?} do not all have length 1",
            x.shape
        );
    }
    let kept = x
        .shape
        .iter()
        .enumerate()
        .filter(|(at, _)| !gone.contains(at));
    let shape = kept.map(|(_, &length)| length).collect();
    Ok(vec![planner.reshape(x, shape)?])
}

pub fn unsqueeze(call: &Call, planner: &mut Planner) -> Outputs {
    let x = call.input(0)?;
    let Some(new) = call.ints_of("axes", 1)? else {
        fail!("it lacks `axes`");
    };
    let new = axes(&new, x.rank() + new.len())?;
    let mut shape = x.shape.clone();
    // In order, so each is within the axes or just after them.
    for at in new {
        shape.insert(at.min(shape.len()), 1);
    }
    Ok(vec![planner.reshape(x, shape)?])
}

pub fn transpose(call: &Call, planner: &mut Planner) -> Outputs {
    let x = call.input(0)?;
    let order = match call.attributes.ints("perm") {
        Some(order) => lengths(order)?,
        None => (0..x.rank()).rev().collect(),
    };
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if !sorted.into_iter().eq(0..x.rank()) {
        fail!("`perm` is {order:?}, no order of {} axes", x.rank());
    }
    Ok(vec![permuted(planner, x, &order)?])
}

/// A value with its axes in another order.
pub fn permuted(planner: &mut Planner, x: &Planned, order: &[usize]) -> Result<Planned, Problem> {
    let shape = order.iter().map(|&at| x.shape[at]).collect();
    if order.len() < 2 {
        return Ok(x.clone());
    }
    if let Some(array) = x.host() {
        let picked = array.pick(shape, |place| {
            let mut from = vec![0; place.len()];
            for (&to, &at) in order.iter().zip(place) {
                from[to] = at;
            }
            flat(&from, &array.shape)
        });
        return picked.map(Planned::known);
    }
    planner.push(Operation::Permute(order.to_vec()), &[x], shape)
}

pub fn expand(call: &Call, planner: &mut Planner) -> Outputs {
    let x = call.input(0)?;
    let shape = broadcast(&x.shape, &lengths(&call.ints(1)?)?)?;
    if let Some(array) = x.host() {
        let picked = array.pick(shape, |place| array.broadcast_from(place));
        return Ok(vec![Planned::known(picked?)]);
    }
    Ok(vec![expanded(planner, x, shape)?])
}
