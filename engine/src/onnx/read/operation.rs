//! [`Operation`]: what a plan does with tensors.

use burn::tensor::ops::{ConvOptions, MaxPoolOptions};

/// An operation whose operands are known to fit.
#[derive(Clone, Debug)]
pub enum Operation {
    Unary(Unary),
    /// With numpy's broadcasting.
    Binary(Binary),
    /// Of as many axes, the leading ones alike.
    MatMul,
    /// Images, weight and perhaps bias.
    Conv(ConvOptions<2>),
    MaxPool(MaxPoolOptions<2>),
    /// Without padding.
    AveragePool {
        kernel: [usize; 2],
        stride: [usize; 2],
    },
    /// Along these axes one after the other, which stay with length 1.
    Reduce(Reduction, Vec<usize>),
    Softmax(usize),
    LogSoftmax(usize),
    Reshape(Vec<usize>),
    Permute(Vec<usize>),
    /// To a shape of as many axes, from lengths of 1.
    Expand(Vec<usize>),
    /// Numbers before and after each axis.
    Pad(Vec<(usize, usize)>, f32),
    /// First, end and positive step along each axis.
    Slice(Vec<[usize; 3]>),
    /// The other way round along these axes.
    Flip(Vec<usize>),
    Concat(usize),
}

/// Of each number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unary {
    Neg,
    Abs,
    Sqrt,
    Exp,
    Log,
    Erf,
    Reciprocal,
    Power(f32),
    Relu,
    LeakyRelu(f32),
    Elu(f32),
    Sigmoid,
    Tanh,
    Softplus,
    /// max(0, min(1, a x + b))
    HardSigmoid(f32, f32),
    HardSwish,
    Gelu,
    GeluTanh,
    /// Least and largest value.
    Clamp(Option<f32>, Option<f32>),
    Scale(f32),
    Shift(f32),
}

/// Of pairs of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Max,
    Min,
}

/// Of axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    Mean,
    Sum,
    Max,
    Min,
}
