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

/// Names, and functions that plan, with what they are told besides the node.
macro_rules! operators {
    ($($name:literal: $module:ident::$plan:ident($($told:expr)?),)+) => {
        &[$(($name, |call, planner| $module::$plan(call, planner $(, $told)?))),+]
    };
}

/// All operators but `Constant`, which is none when a model runs.
const OPERATORS: &[(&str, Operator)] = operators! {
    "Abs": activations::unary(Unary::Abs),
    "Add": arithmetic::binary(Binary::Add),
    "AveragePool": windows::average_pool(),
    "BatchNormalization": normalisations::batch(),
    "Cast": shapes::cast(),
    "Clip": activations::clip(),
    "Concat": pieces::concat(),
    "ConstantOfShape": host::constant_of_shape(),
    "Conv": windows::conv(),
    "Div": arithmetic::binary(Binary::Div),
    "Dropout": shapes::dropout(),
    "Elu": activations::elu(),
    "Equal": host::equal(),
    "Erf": activations::unary(Unary::Erf),
    "Exp": activations::unary(Unary::Exp),
    "Expand": shapes::expand(),
    "Flatten": shapes::flatten(),
    "Gather": pieces::gather(),
    "Gelu": activations::gelu(),
    "Gemm": linear::gemm(),
    "GlobalAveragePool": windows::global(Reduction::Mean),
    "GlobalMaxPool": windows::global(Reduction::Max),
    "HardSigmoid": activations::hard_sigmoid(),
    "HardSwish": activations::unary(Unary::HardSwish),
    "Identity": shapes::identity(),
    "InstanceNormalization": normalisations::instance(),
    "LayerNormalization": normalisations::layer(),
    "LeakyRelu": activations::leaky_relu(),
    "Log": activations::unary(Unary::Log),
    "LogSoftmax": normalisations::softmax(Operation::LogSoftmax),
    "MatMul": linear::matmul(),
    "Max": arithmetic::extreme(Binary::Max),
    "MaxPool": windows::max_pool(),
    "Min": arithmetic::extreme(Binary::Min),
    "Mul": arithmetic::binary(Binary::Mul),
    "Neg": activations::unary(Unary::Neg),
    "PRelu": activations::p_relu(),
    "Pad": pieces::pad(),
    "Pow": arithmetic::pow(),
    "Reciprocal": activations::unary(Unary::Reciprocal),
    "ReduceMax": reductions::reduce(Reduction::Max),
    "ReduceMean": reductions::reduce(Reduction::Mean),
    "ReduceMin": reductions::reduce(Reduction::Min),
    "ReduceSum": reductions::reduce(Reduction::Sum),
    "Relu": activations::unary(Unary::Relu),
    "Reshape": shapes::reshape(),
    "Shape": shapes::shape(),
    "Sigmoid": activations::unary(Unary::Sigmoid),
    "Slice": pieces::slice(),
    "Softmax": normalisations::softmax(Operation::Softmax),
    "Softplus": activations::unary(Unary::Softplus),
    "Split": pieces::split(),
    "Sqrt": activations::unary(Unary::Sqrt),
    "Squeeze": shapes::squeeze(),
    "Sub": arithmetic::binary(Binary::Sub),
    "Tanh": activations::unary(Unary::Tanh),
    "Transpose": shapes::transpose(),
    "Unsqueeze": shapes::unsqueeze(),
    "Where": host::choose(),
};

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

    /// As [`Self::ints`], or others if the input is left out.
    pub fn ints_or(&self, at: usize, others: Vec<i64>) -> Result<Vec<i64>, Problem> {
        match self.optional(at) {
            Some(_) => self.ints(at),
            None => Ok(others),
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

    /// # Errors
    /// [`Problem`] if it declares more outputs than one.
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
