//! [`Plan`]: the operations on tensors that a model takes for a batch of a given size.
//!
//! All that can be wrong with a model is found while it is planned: shapes are computed and checked
//! here, integers (mostly shapes, too) are computed on the host, and what is left runs without
//! errors.

use std::sync::Arc;

use super::array::{Array, Data, broadcast, count};
use super::decode::Source;
use super::error::{OnnxReadError, Problem, fail};
use super::operation::{Binary, Operation, Reduction, Unary};
use super::operators::Call;

/// Numbers of a tensor for each image of a batch: 256 MiB, far beyond what classifiers need.
const MOST_NUMBERS: usize = 1 << 26;
/// Numbers of all operations for each image of a batch, so that none takes for ever: wide ResNets make some
/// ten million.
const MOST_IN_ALL: usize = 1 << 30;
/// Axes of a tensor.
pub const MOST_AXES: usize = 6;

/// A value while it is planned. It has an array or a slot, and may have both.
#[derive(Clone, Debug)]
pub struct Planned {
    pub shape: Vec<usize>,
    /// Its numbers, if they are known on the host.
    pub array: Option<Arc<Array>>,
    /// Where its tensor will be.
    pub slot: Option<usize>,
}

impl Planned {
    pub fn known(array: Array) -> Self {
        Self {
            shape: array.shape.clone(),
            array: Some(Arc::new(array)),
            slot: None,
        }
    }

    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// The numbers of a value that is computed on the host: it has no tensor.
    pub fn host(&self) -> Option<&Array> {
        match self.slot {
            None => self.array.as_deref(),
            Some(_) => None,
        }
    }

    /// Integers known on the host.
    pub fn ints(&self) -> Option<&[i64]> {
        match &self.array.as_deref()?.data {
            Data::Ints(values) => Some(values),
            Data::Floats(_) => None,
        }
    }

    /// The one float that it is, if it is known on the host.
    pub fn scalar(&self) -> Option<f32> {
        match &self.array.as_deref()?.data {
            Data::Floats(values) => match values[..] {
                [value] => Some(value),
                _ => None,
            },
            Data::Ints(_) => None,
        }
    }
}

/// An operation, where its operands are and where its result goes.
pub struct Step {
    pub operation: Operation,
    pub inputs: Vec<usize>,
    pub output: usize,
    /// Slots that no later step needs.
    pub last_used: Vec<usize>,
}

/// The operations for a batch. Slot 0 holds the images, the next ones the model's constants.
pub struct Plan {
    pub steps: Vec<Step>,
    /// Small constants that are known only now, and their slots.
    pub literals: Vec<(usize, Arc<Array>)>,
    /// How many slots there are.
    pub slots: usize,
    /// The logits' slot.
    pub output: usize,
    /// Images of the batch.
    pub batch: usize,
    pub classes: usize,
    /// A softmax at the end was left out.
    pub softmax_left_out: bool,
    /// Numbers that all steps make.
    pub numbers: usize,
}

/// A plan in the making.
pub struct Planner {
    steps: Vec<Step>,
    literals: Vec<(usize, Arc<Array>)>,
    slots: usize,
    /// Numbers that a tensor may have.
    most_numbers: usize,
    /// Numbers that all steps make, and may make.
    numbers: usize,
    most_in_all: usize,
}

/// The operations on a batch of `batch` images.
///
/// `constants` are the model's, in the order of `source.constants`; the slots of their tensors are
/// `1..=tensors`.
///
/// # Errors
/// [`OnnxReadError`] if some values do not fit each other, or the output is not
/// `[batch, classes]`.
pub fn plan(
    source: &Source,
    constants: &[Planned],
    tensors: usize,
    batch: usize,
) -> Result<Plan, OnnxReadError> {
    let mut planner = Planner {
        steps: vec![],
        literals: vec![],
        slots: 1 + tensors,
        most_numbers: batch.saturating_mul(MOST_NUMBERS),
        numbers: 0,
        most_in_all: batch.saturating_mul(MOST_IN_ALL),
    };
    let mut values: Vec<Option<Planned>> = vec![None; source.values];
    let [channels, height, width] = source.input.shape;
    let images = Planned {
        shape: vec![batch, channels, height, width],
        array: None,
        slot: Some(0),
    };
    if let Err(Problem(problem)) = planner.check(&images.shape) {
        return Err(OnnxReadError::Input(format!("of the input, {problem}")));
    }
    values[0] = Some(images);
    for (constant, planned) in source.constants.iter().zip(constants) {
        values[constant.value] = Some(planned.clone());
    }
    let mut softmax_left_out = false;
    for (place, node) in source.nodes.iter().enumerate() {
        let inputs = node.inputs.iter().map(|input| match input {
            Some(input) => match &values[*input] {
                Some(value) => Ok(Some(value.clone())),
                None => fail!("it takes an output of another node that is not supported"),
            },
            None => Ok(None),
        });
        let inputs: Result<Vec<Option<Planned>>, Problem> = inputs.collect();
        let call = Call {
            inputs: inputs.map_err(|problem| node.error(problem))?,
            attributes: &node.attributes,
            outputs: node.outputs.len(),
            opset: source.opset,
        };
        let left_out = source.softmax == Some(place) && call.normalises_each_image();
        let outputs = if left_out {
            softmax_left_out = true;
            call.input(0).cloned().map(|logits| vec![logits])
        } else {
            (node.plan)(&call, &mut planner)
        };
        let outputs = outputs.map_err(|problem| node.error(problem))?;
        for (value, planned) in node.outputs.iter().zip(outputs) {
            if let &Some(value) = value {
                values[value] = Some(planned);
            }
        }
    }
    let output = values.into_iter().nth(source.output).flatten();
    let output = output
        .ok_or_else(|| Problem("it is an output of a node that is not supported".to_owned()))
        .and_then(|output| planner.logits(output, batch, tensors));
    let (output, classes) = output
        .map_err(|Problem(problem)| OnnxReadError::Output(format!("of the output, {problem}")))?;
    Ok(Plan {
        steps: with_last_uses(planner.steps, output),
        literals: planner.literals,
        slots: planner.slots,
        output,
        batch,
        classes,
        softmax_left_out,
        numbers: planner.numbers,
    })
}

/// The steps, told which slots nothing needs after them.
fn with_last_uses(mut steps: Vec<Step>, output: usize) -> Vec<Step> {
    let mut needed = std::collections::BTreeSet::from([output]);
    for step in steps.iter_mut().rev() {
        for &slot in &step.inputs {
            if needed.insert(slot) {
                step.last_used.push(slot);
            }
        }
    }
    steps
}

impl Planner {
    /// Adds an operation whose result has shape `shape`.
    pub fn push(
        &mut self,
        operation: Operation,
        inputs: &[&Planned],
        shape: Vec<usize>,
    ) -> Result<Planned, Problem> {
        self.check(&shape)?;
        self.numbers = self.numbers.saturating_add(shape.iter().product());
        if self.numbers > self.most_in_all {
            fail!("with it, the model makes more than {MOST_IN_ALL} numbers of an image");
        }
        let inputs = inputs.iter().map(|input| self.slot(input));
        let inputs = inputs.collect::<Result<_, _>>()?;
        let output = self.next_slot();
        self.steps.push(Step {
            operation,
            inputs,
            output,
            last_used: vec![],
        });
        Ok(Planned {
            shape,
            array: None,
            slot: Some(output),
        })
    }

    fn next_slot(&mut self) -> usize {
        self.slots += 1;
        self.slots - 1
    }

    /// A tensor can have this shape.
    fn check(&self, shape: &[usize]) -> Result<(), Problem> {
        if shape.len() > MOST_AXES {
            fail!("a tensor has {} axes, more than {MOST_AXES}", shape.len());
        }
        match count(shape) {
            Some(0) => fail!("a tensor of shape {shape:?} is empty"),
            Some(numbers) if numbers <= self.most_numbers => Ok(()),
            _ => fail!("a tensor of shape {shape:?} is too large"),
        }
    }

    /// Where a value's tensor will be; one known on the host becomes a literal.
    fn slot(&mut self, value: &Planned) -> Result<usize, Problem> {
        match (value.slot, &value.array) {
            (Some(slot), _) => Ok(slot),
            (None, Some(array)) if matches!(array.data, Data::Floats(_)) => {
                self.check(&array.shape)?;
                let slot = self.next_slot();
                self.literals.push((slot, array.clone()));
                Ok(slot)
            }
            _ => fail!("it takes integers, where floats are needed"),
        }
    }

    /// The slot of the output as `[batch, classes]`, and `classes`.
    fn logits(
        &mut self,
        output: Planned,
        batch: usize,
        tensors: usize,
    ) -> Result<(usize, usize), Problem> {
        let &[first, classes, ref rest @ ..] = &output.shape[..] else {
            fail!("the shape is {:?}", output.shape);
        };
        if first != batch || classes < 2 || rest.iter().any(|&axis| axis != 1) {
            fail!(
                "the shape is {:?} for {batch} images, not [{batch}, classes] with at least two classes",
                output.shape
            );
        }
        if output.slot.is_none_or(|slot| (1..=tensors).contains(&slot)) {
            fail!("the values do not depend on the images");
        }
        let output = self.reshape(&output, vec![batch, classes])?;
        Ok((self.slot(&output)?, classes))
    }

    // What several operators are made of. The callers have checked that axes exist.

    pub fn unary(&mut self, operation: Unary, x: &Planned) -> Result<Planned, Problem> {
        self.push(Operation::Unary(operation), &[x], x.shape.clone())
    }

    /// With numpy's broadcasting.
    pub fn binary(
        &mut self,
        operation: Binary,
        a: &Planned,
        b: &Planned,
    ) -> Result<Planned, Problem> {
        let shape = broadcast(&a.shape, &b.shape)?;
        self.push(Operation::Binary(operation), &[a, b], shape)
    }

    pub fn reshape(&mut self, x: &Planned, shape: Vec<usize>) -> Result<Planned, Problem> {
        if count(&shape) != count(&x.shape) {
            fail!("shape {:?} does not become {shape:?}", x.shape);
        }
        if shape == x.shape {
            return Ok(x.clone());
        }
        if let Some(array) = x.host() {
            return array.reshaped(shape).map(Planned::known);
        }
        self.push(Operation::Reshape(shape.clone()), &[x], shape)
    }

    /// A vector of `[channels]` for the second of `rank` axes.
    pub fn per_channel(
        &mut self,
        x: &Planned,
        channels: usize,
        rank: usize,
    ) -> Result<Planned, Problem> {
        if x.shape != [channels] {
            fail!(
                "a parameter has shape {:?}, which does not fit {channels} channels",
                x.shape
            );
        }
        let mut shape = vec![1; rank];
        shape[1] = channels;
        self.reshape(x, shape)
    }

    /// The reduction of `axes`, which stay with length 1.
    pub fn reduce(
        &mut self,
        reduction: Reduction,
        x: &Planned,
        axes: &[usize],
    ) -> Result<Planned, Problem> {
        let mut kept = x.shape.clone();
        axes.iter().for_each(|&axis| kept[axis] = 1);
        let (&[first, ..], &[.., last]) = (axes, axes) else {
            return Ok(x.clone());
        };
        let neighbours = axes.windows(2).all(|pair| pair[0] + 1 == pair[1]);
        if axes.len() > 1 && neighbours {
            // One reduction of one long axis is faster than several.
            let (before, rest) = x.shape.split_at(first);
            let (reduced, after) = rest.split_at(last + 1 - first);
            let merged = [before, &[reduced.iter().product()], after].concat();
            let x = self.reshape(x, merged)?;
            let x = self.reduce(reduction, &x, &[first])?;
            return self.reshape(&x, kept);
        }
        self.push(Operation::Reduce(reduction, axes.to_vec()), &[x], kept)
    }
}
