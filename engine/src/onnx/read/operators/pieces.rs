//! Operators that take tensors apart and put them together.

use super::{Call, axes, axis};
use crate::onnx::read::array::{Array, Data, check_computed, flat};
use crate::onnx::read::error::{Problem, fail};
use crate::onnx::read::operation::Operation;
use crate::onnx::read::plan::{Planned, Planner};

type Outputs = Result<Vec<Planned>, Problem>;

/// Pieces that `Gather` may take.
const MOST_PIECES: usize = 1024;

pub fn concat(call: &Call, planner: &mut Planner) -> Outputs {
    let parts: Result<Vec<&Planned>, Problem> =
        (0..call.inputs.len()).map(|at| call.input(at)).collect();
    if !call.attributes.has("axis") {
        fail!("it lacks `axis`");
    }
    let along = call.attributes.int("axis", 0);
    Ok(vec![joined(planner, &parts?, along)?])
}

fn joined(planner: &mut Planner, parts: &[&Planned], along: i64) -> Result<Planned, Problem> {
    let [first, rest @ ..] = parts else {
        fail!("it has no inputs");
    };
    let at = axis(along, first.rank())?;
    let mut shape = first.shape.clone();
    for part in rest {
        let mut axes = part.shape.iter().zip(&first.shape).enumerate();
        if part.rank() != first.rank() || axes.any(|(axis, (a, b))| axis != at && a != b) {
            fail!(
                "shapes {:?} and {:?} do not fit along axis {along}",
                first.shape,
                part.shape
            );
        }
        shape[at] = shape[at].saturating_add(part.shape[at]);
    }
    let arrays: Option<Vec<&Array>> = parts.iter().map(|part| part.host()).collect();
    if let Some(arrays) = arrays {
        return Ok(Planned::known(joined_arrays(&arrays, at, shape)?));
    }
    if parts.len() == 1 {
        return Ok((*first).clone());
    }
    planner.push(Operation::Concat(at), parts, shape)
}

fn joined_arrays(parts: &[&Array], at: usize, shape: Vec<usize>) -> Result<Array, Problem> {
    // Rows of all axes from `at` on, taken from each part in turn.
    let rows: usize = match check_computed(&shape)? {
        0 => 0,
        _ => shape.iter().take(at).product(),
    };
    let mut ints = vec![];
    let mut floats = vec![];
    for row in 0..rows {
        for part in parts {
            let length: usize = part.shape.iter().skip(at).product();
            let range = row * length..(row + 1) * length;
            match &part.data {
                Data::Ints(values) => ints.extend(values.get(range).unwrap_or_default()),
                Data::Floats(values) => floats.extend(values.get(range).unwrap_or_default()),
            }
        }
    }
    let data = match (ints.is_empty(), floats.is_empty()) {
        (_, true) => Data::Ints(ints),
        (true, false) => Data::Floats(floats),
        (false, false) => fail!("some of its inputs are integers, others floats"),
    };
    Ok(Array { shape, data })
}

/// Which numbers along an axis are taken: the first one, how many, and the step to the next, which
/// may go back.
#[derive(Clone, Copy)]
struct Range {
    first: usize,
    count: usize,
    step: i64,
}

impl Range {
    fn all(length: usize) -> Self {
        Self {
            first: 0,
            count: length,
            step: 1,
        }
    }

    /// ONNX's rules: bounds count from the end if negative, and are then cut to the axis.
    fn new(length: usize, start: i64, end: i64, step: i64) -> Self {
        let axis = length as i64;
        let from_front = |at: i64| if at < 0 { at.saturating_add(axis) } else { at };
        let (start, end) = (from_front(start), from_front(end));
        let (first, span) = if step > 0 {
            let first = start.clamp(0, axis);
            (first, end.clamp(0, axis) - first)
        } else {
            let first = start.clamp(-1, axis - 1);
            (first, first - end.clamp(-1, axis - 1))
        };
        let count = (span.max(0) as u64).div_ceil(step.unsigned_abs().max(1));
        Self {
            first: first.max(0) as usize,
            count: count as usize,
            step,
        }
    }

    fn at(self, place: usize) -> usize {
        // Within the axis, by how it was made.
        let at = (self.first as i64).wrapping_add(self.step.wrapping_mul(place as i64));
        usize::try_from(at).unwrap_or(usize::MAX)
    }
}

pub fn slice(call: &Call, planner: &mut Planner) -> Outputs {
    let x = call.input(0)?;
    let (starts, ends) = (call.ints(1)?, call.ints(2)?);
    let along = call.ints_or(3, (0..starts.len() as i64).collect())?;
    let steps = call.ints_or(4, vec![1; starts.len()])?;
    if [ends.len(), along.len(), steps.len()] != [starts.len(); 3] {
        fail!("starts, ends, axes and steps are not equally many");
    }
    axes(&along, x.rank())?;
    let mut ranges: Vec<Range> = x.shape.iter().map(|&length| Range::all(length)).collect();
    for (((&start, &end), &along), &step) in starts.iter().zip(&ends).zip(&along).zip(&steps) {
        let at = axis(along, x.rank())?;
        if step == 0 {
            fail!("a step is 0");
        }
        ranges[at] = Range::new(x.shape[at], start, end, step);
    }
    Ok(vec![part(planner, x, &ranges)?])
}

fn part(planner: &mut Planner, x: &Planned, ranges: &[Range]) -> Result<Planned, Problem> {
    let shape: Vec<usize> = ranges.iter().map(|range| range.count).collect();
    if let Some(array) = x.host() {
        let picked = array.pick(shape, |place| {
            let from: Vec<usize> = ranges.iter().zip(place).map(|(r, &at)| r.at(at)).collect();
            flat(&from, &array.shape)
        });
        return picked.map(Planned::known);
    }
    let whole = ranges.iter().all(|range| range.step == 1) && shape == x.shape;
    if whole {
        return Ok(x.clone());
    }
    if shape.contains(&0) {
        fail!("nothing of shape {:?} is left", x.shape);
    }
    // Forward first; then those that go back are turned round.
    let forward = ranges.iter().map(|range| {
        let last = range.at(range.count - 1);
        let step = usize::try_from(range.step.unsigned_abs()).unwrap_or(usize::MAX);
        // Beyond the axis no step matters.
        let step = step.clamp(1, range.first.max(last) + 1);
        [range.first.min(last), range.first.max(last) + 1, step]
    });
    let operation = Operation::Slice(forward.collect());
    let result = planner.push(operation, &[x], shape.clone())?;
    let back = ranges
        .iter()
        .enumerate()
        .filter(|(_, range)| range.step < 0);
    let back: Vec<usize> = back.map(|(axis, _)| axis).collect();
    if back.is_empty() {
        return Ok(result);
    }
    planner.push(Operation::Flip(back), &[&result], shape)
}

/// `count` numbers from `first` on along one axis.
fn section(
    planner: &mut Planner,
    x: &Planned,
    at: usize,
    first: usize,
    count: usize,
) -> Result<Planned, Problem> {
    let mut ranges: Vec<Range> = x.shape.iter().map(|&length| Range::all(length)).collect();
    ranges[at] = Range {
        first,
        ..Range::all(count)
    };
    part(planner, x, &ranges)
}

pub fn split(call: &Call, planner: &mut Planner) -> Outputs {
    let x = call.input(0)?;
    let at = axis(call.attributes.int("axis", 0), x.rank())?;
    let length = x.shape[at];
    let counts = match call.ints_of("split", 1)? {
        Some(counts) => super::shapes::lengths(&counts)?,
        None => {
            let parts = call.outputs;
            let asked = call.attributes.int("num_outputs", parts as i64);
            if parts == 0 || parts > length || asked != parts as i64 {
                fail!(
                    "an axis of length {length} cannot be split into {asked} for {parts} outputs"
                );
            }
            // The last one may be shorter.
            let each = length.div_ceil(parts);
            let starts = (0..parts).map(|part| part * each);
            starts
                .map(|start| each.min(length.saturating_sub(start)))
                .collect()
        }
    };
    let total = counts
        .iter()
        .try_fold(0_usize, |sum, &count| sum.checked_add(count));
    if total != Some(length) || counts.contains(&0) || counts.len() < call.outputs {
        fail!(
            "an axis of length {length} cannot be split into {} parts of {counts:?}",
            call.outputs
        );
    }
    let mut first = 0;
    let mut parts = vec![];
    for &count in counts.iter().take(call.outputs) {
        parts.push(section(planner, x, at, first, count)?);
        first += count;
    }
    Ok(parts)
}

pub fn gather(call: &Call, planner: &mut Planner) -> Outputs {
    let x = call.input(0)?;
    let at = axis(call.attributes.int("axis", 0), x.rank())?;
    let length = x.shape[at];
    let places = call.ints(1)?;
    let places: Result<Vec<usize>, Problem> = places.iter().map(|&i| axis(i, length)).collect();
    let Ok(places) = places else {
        fail!("it takes places that an axis of length {length} does not have");
    };
    if places.len() > MOST_PIECES {
        fail!("it takes {} places, more than {MOST_PIECES}", places.len());
    }
    let (before, after) = x.shape.split_at(at);
    let after = &after[1..];
    let shape = [before, &call.input(1)?.shape, after].concat();
    if let Some(array) = x.host() {
        let flat_shape = [before, &[places.len()], after].concat();
        let picked = array.pick(flat_shape, |place| {
            let mut from = place.to_vec();
            from[at] = places[from[at]];
            flat(&from, &array.shape)
        })?;
        return Ok(vec![Planned::known(picked.reshaped(shape)?)]);
    }
    // Neighbours are taken together.
    let mut parts = vec![];
    for run in places.chunk_by(|&a, &b| a + 1 == b) {
        if let Some(&first) = run.first() {
            parts.push(section(planner, x, at, first, run.len())?);
        }
    }
    let parts: Vec<&Planned> = parts.iter().collect();
    let result = joined(planner, &parts, at as i64)?;
    Ok(vec![planner.reshape(&result, shape)?])
}

pub fn pad(call: &Call, planner: &mut Planner) -> Outputs {
    let x = call.input(0)?;
    match call.attributes.text("mode").as_deref() {
        None | Some("constant") => {}
        Some(other) => fail!("`mode` is `{other}`, and only `constant` is supported"),
    }
    let Some(pads) = call.ints_of("pads", 1)? else {
        fail!("it lacks `pads`");
    };
    let value = call.float_of("value", 2)?.unwrap_or(0.0);
    let along = call.ints_or(3, (0..x.rank() as i64).collect())?;
    axes(&along, x.rank())?;
    if pads.len() != 2 * along.len() {
        fail!(
            "`pads` are {} numbers for {} axes, not two for each",
            pads.len(),
            along.len()
        );
    }
    let mut all = vec![(0, 0); x.rank()];
    let (before, after) = pads.split_at(along.len());
    for ((&before, &after), &along) in before.iter().zip(after).zip(&along) {
        let (Ok(before), Ok(after)) = (usize::try_from(before), usize::try_from(after)) else {
            fail!("`pads` are {pads:?}, and negative ones are not supported; use Slice");
        };
        all[axis(along, x.rank())?] = (before, after);
    }
    Ok(vec![padded(planner, x, &all, value)?])
}

/// A value with more numbers before and after those along each axis.
pub fn padded(
    planner: &mut Planner,
    x: &Planned,
    pads: &[(usize, usize)],
    value: f32,
) -> Result<Planned, Problem> {
    if pads.iter().all(|&pair| pair == (0, 0)) {
        return Ok(x.clone());
    }
    let shape: Vec<usize> = x
        .shape
        .iter()
        .zip(pads)
        .map(|(&axis, &(before, after))| axis.saturating_add(before).saturating_add(after))
        .collect();
    planner.push(Operation::Pad(pads.to_vec(), value), &[x], shape)
}
