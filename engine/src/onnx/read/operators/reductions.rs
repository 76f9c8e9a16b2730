//! Means, sums and extremes along axes.

use super::{Call, axes};
use crate::onnx::read::error::Problem;
use crate::onnx::read::operation::Reduction;
use crate::onnx::read::plan::{Planned, Planner};

pub fn reduce(
    call: &Call,
    planner: &mut Planner,
    reduction: Reduction,
) -> Result<Vec<Planned>, Problem> {
    let x = call.input(0)?;
    let along = call.ints_of("axes", 1)?.filter(|along| !along.is_empty());
    let along = match along {
        Some(along) => axes(&along, x.rank())?,
        None if call.attributes.flag("noop_with_empty_axes", false) => vec![],
        None => (0..x.rank()).collect(),
    };
    let reduced = planner.reduce(reduction, x, &along)?;
    if call.attributes.flag("keepdims", true) {
        return Ok(vec![reduced]);
    }
    let kept = reduced.shape.iter().enumerate();
    let kept = kept.filter(|(axis, _)| !along.contains(axis));
    let shape = kept.map(|(_, &length)| length).collect();
    Ok(vec![planner.reshape(&reduced, shape)?])
}
