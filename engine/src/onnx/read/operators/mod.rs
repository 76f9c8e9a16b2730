//! The operators: how each is planned.

mod activations;
mod arithmetic;
mod host;
mod linear;
mod normalisations;
mod pieces;
mod reductions;
mod shapes;
mod windows;

use super::attributes::Attributes;
use super::error::{Problem, fail};
use super::operation::{Binary, Operation, Reduction, Unary};
use super::plan::{Planned, Planner};

/// Plans a node: its outputs, or what is wrong with it.
pub type Operator = fn(&Call, &mut Planner) -> Result<Vec<Planned>, Problem>;

/// All operators but `Constant`, which is none when a model runs.
const OPERATORS: &[(&str, Operator)] = &[
    ("Abs", |call, planner| {
        activations::unary(call, planner, Unary::Abs)
    }),
    ("Add", |call, planner| {
        arithmetic::binary(call, planner, Binary::Add)
    }),
    ("AveragePool", windows::average_pool),
    ("BatchNormalization", normalisations::batch),
    ("Cast", shapes::cast),
    ("Clip", activations::clip),
    ("Concat", pieces::concat),
    ("ConstantOfShape", host::constant_of_shape),
    ("Conv", windows::conv),
    ("Div", |call, planner| {
        arithmetic::binary(call, planner, Binary::Div)
    }),
    ("Dropout", shapes::dropout),
    ("Elu", activations::elu),
    ("Equal", host::equal),
    ("Erf", |call, planner| {
        activations::unary(call, planner, Unary::Erf)
    }),
    ("Exp", |call, planner| {
        activations::unary(call, planner, Unary::Exp)
    }),
    ("Expand", shapes::expand),
    ("Flatten", shapes::flatten),
    ("Gather", pieces::gather),
    ("Gelu", activations::gelu),
    ("Gemm", linear::gemm),
    ("GlobalAveragePool", |call, planner| {
        windows::global(call, planner, Reduction::Mean)
    }),
    ("GlobalMaxPool", |call, planner| {
        windows::global(call, planner, Reduction::Max)
    }),
    ("HardSigmoid", activations::hard_sigmoid),
    ("HardSwish", |call, planner| {
        activations::unary(call, planner, Unary::HardSwish)
    }),
    ("Identity", shapes::identity),
    ("InstanceNormalization", normalisations::instance),
    ("LayerNormalization", normalisations::layer),
    ("LeakyRelu", activations::leaky_relu),
    ("Log", |call, planner| {
        activations::unary(call, planner, Unary::Log)
    }),
    ("LogSoftmax", |call, planner| {
        normalisations::softmax(call, planner, Operation::LogSoftmax)
    }),
    ("MatMul", linear::matmul),
    ("Max", |call, planner| {
        arithmetic::extreme(call, planner, Binary::Max)
    }),
    ("MaxPool", windows::max_pool),
    ("Min", |call, planner| {
        arithmetic::extreme(call, planner, Binary::Min)
    }),
    ("Mul", |call, planner| {
        arithmetic::binary(call, planner, Binary::Mul)
    }),
    ("Neg", |call, planner| {
        activations::unary(call, planner, Unary::Neg)
    }),
    ("PRelu", activations::p_relu),
    ("Pad", pieces::pad),
    ("Pow", arithmetic::pow),
    ("Reciprocal", |call, planner| {
        activations::unary(call, planner, Unary::Reciprocal)
    }),
    ("ReduceMax", |call, planner| {
        reductions::reduce(call, planner, Reduction::Max)
    }),
    ("ReduceMean", |call, planner| {
        reductions::reduce(call, planner, Reduction::Mean)
    }),
    ("ReduceMin", |call, planner| {
        reductions::reduce(call, planner, Reduction::Min)
    }),
    ("ReduceSum", |call, planner| {
        reductions::reduce(call, planner, Reduction::Sum)
    }),
    ("Relu", |call, planner| {
        activations::unary(call, planner, Unary::Relu)
    }),
    ("Reshape", shapes::reshape),
    ("Shape", shapes::shape),
    ("Sigmoid", |call, planner| {
        activations::unary(call, planner, Unary::Sigmoid)
    }),
    ("Slice", pieces::slice),
    ("Softmax", |call, planner| {
        normalisations::softmax(call, planner, Operation::Softmax)
    }),
    ("Softplus", |call, planner| {
        activations::unary(call, planner, Unary::Softplus)
    }),
    ("Split", pieces::split),
    ("Sqrt", |call, planner| {
        activations::unary(call, planner, Unary::Sqrt)
    }),
    ("Squeeze", shapes::squeeze),
    ("Sub", |call, planner| {
        arithmetic::binary(call, planner, Binary::Sub)
    }),
    ("Tanh", |call, planner| {
        activations::unary(call, planner, Unary::Tanh)
    }),
    ("Transpose", shapes::transpose),
    ("Unsqueeze", shapes::unsqueeze),
    ("Where", host::choose),
];

/// ONNX's own domain, which has two names.
pub fn is_onnx(domain: &str) -> bool {
    matches!(domain, "" | "ai.onnx")
}

pub fn find(domain: &str, name: &str) -> Option<Operator> {
    let mut operators = OPERATORS.iter();
    let (_, operator) = operators.find(|(one, _)| *one == name)?;
    is_onnx(domain).then_some(*operator)
}

/// The names of all operators.
pub fn supported() -> String {
    let names: Vec<&str> = OPERATORS.iter().map(|(name, _)| *name).collect();
    format!("{}, and Constant", names.join(", "))
}

/// A node that is planned.
pub struct Call<'a> {
    pub inputs: Vec<Option<Planned>>,
    pub attributes: &'a Attributes,
    /// How many outputs it declares.
    pub outputs: usize,
    pub opset: i64,
}

impl Call<'_> {
    /// # Errors
    /// [`Problem`] if it is left out.
    pub fn input(&self, at: usize) -> Result<&Planned, Problem> {
        match self.optional(at) {
            Some(input) => Ok(input),
            None => fail!("it lacks input {at}"),
        }
    }

    pub fn optional(&self, at: usize) -> Option<&Planned> {
        self.inputs.get(at)?.as_ref()
    }

    /// The integers of an input.
    ///
    /// # Errors
    /// [`Problem`] if they are no integers, or depend on the pixels.
    pub fn ints(&self, at: usize) -> Result<Vec<i64>, Problem> {
        match self.input(at)?.ints() {
            Some(values) => Ok(values.to_vec()),
            None => fail!("input {at} must be integers that do not depend on the images' pixels"),
        }
    }

    /// The integers of an attribute, or, as in newer opsets, of an input; `None` without both.
    pub fn ints_of(&self, attribute: &str, input: usize) -> Result<Option<Vec<i64>>, Problem> {
        if let Some(values) = self.attributes.ints(attribute) {
            return Ok(Some(values.to_vec()));
        }
        match self.optional(input) {
            Some(_) => self.ints(input).map(Some),
            None => Ok(None),
        }
    }

    /// The one float of an attribute, or, as in newer opsets, of an input; `None` without both.
    pub fn float_of(&self, attribute: &str, input: usize) -> Result<Option<f32>, Problem> {
        if self.attributes.has(attribute) {
            return Ok(Some(self.attributes.float(attribute, 0.0)));
        }
        match self.optional(input) {
            None => Ok(None),
            Some(value) => match value.scalar() {
                Some(value) => Ok(Some(value)),
                None => fail!("input {input} must be one float constant"),
            },
        }
    }

    /// It takes as many inputs.
    pub fn only_first_output(&self) -> Result<(), Problem> {
        if self.outputs > 1 {
            fail!("its second output is not supported");
        }
        Ok(())
    }

    /// A softmax over all numbers of each image, so over its logits.
    pub fn normalises_each_image(&self) -> bool {
        let Ok(x) = self.input(0) else {
            return false;
        };
        let Some(numbers) = x.shape.get(1..).map(|axes| axes.iter().product::<usize>()) else {
            return false;
        };
        match normalisations::softmax_axis(self, x.rank()) {
            // Older opsets take all axes from this one on.
            Ok(axis) if self.opset < 13 => axis == 1,
            Ok(axis) => axis > 0 && x.shape.get(axis) == Some(&numbers),
            Err(_) => false,
        }
    }
}

/// An axis as a number from the first one; negative ones count from the last.
pub fn axis(value: i64, rank: usize) -> Result<usize, Problem> {
    let count = rank as i64;
    let axis = if value < 0 {
        value.saturating_add(count)
    } else {
        value
    };
    match usize::try_from(axis) {
        Ok(axis) if axis < rank => Ok(axis),
        _ => fail!("there is no axis {value} among {rank}"),
    }
}

/// Several axes in order.
///
/// # Errors
/// [`Problem`] if one is missing or given twice.
pub fn axes(values: &[i64], rank: usize) -> Result<Vec<usize>, Problem> {
    let axes: Result<Vec<usize>, Problem> = values.iter().map(|&value| axis(value, rank)).collect();
    let mut axes = axes?;
    axes.sort_unstable();
    axes.dedup();
    if axes.len() != values.len() {
        fail!("an axis is twice in {values:?}");
    }
    Ok(axes)
}
