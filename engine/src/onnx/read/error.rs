//! Why a model cannot be read.

/// A file that is no ONNX classifier which can be evaluated here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OnnxReadError {
    /// The bytes are something else, or only a part of a file.
    #[error("not an ONNX file, or only a part of one ({0}); `torch.onnx.export` writes one")]
    Format(String),
    /// The version of ONNX's operators is unknown or missing.
    #[error(
        "the model uses {found}, but opsets {oldest} to {newest} can be read; export it again with `opset_version=17`"
    )]
    Opset {
        /// What the file says.
        found: String,
        /// The oldest opset that can be read.
        oldest: i64,
        /// The newest one.
        newest: i64,
    },
    /// There is more of something than can be sensible.
    #[error("the model has {count} {what}, more than the {limit} that can be read")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        count: usize,
        /// How much there may be.
        limit: usize,
    },
    /// The graph does not take one batch of images.
    #[error("{0}; export a model whose one input is [batch, channels, height, width]")]
    Input(String),
    /// The graph does not give one batch of logits.
    #[error("{0}; export a model whose one output is [batch, classes]")]
    Output(String),
    /// An operator is not supported.
    #[error(
        "node `{node}` is {operator} of domain `{domain}` (opset {opset}), which is not supported; supported are {supported}"
    )]
    Operator {
        /// The operator.
        operator: String,
        /// The node.
        node: String,
        /// The operator's domain; `ai.onnx` is ONNX's own.
        domain: String,
        /// The version of ONNX's operators that the model uses.
        opset: i64,
        /// All operators that are.
        supported: String,
    },
    /// A node takes a value that is not made before it.
    #[error("node `{node}` takes `{value}`, {why}")]
    Dangling {
        /// The node.
        node: String,
        /// The value.
        value: String,
        /// Where the value is instead.
        why: &'static str,
    },
    /// Two things have the same name.
    #[error("`{value}` is made twice; every value of a model has a name of its own")]
    Twice {
        /// The name.
        value: String,
    },
    /// A node's inputs or attributes do not fit.
    #[error("node `{node}` ({operator}): {problem}")]
    Node {
        /// The node.
        node: String,
        /// Its operator.
        operator: String,
        /// What is wrong.
        problem: String,
    },
    /// A constant cannot be read.
    #[error("tensor `{tensor}` {problem}")]
    Tensor {
        /// The tensor.
        tensor: String,
        /// What is wrong, and what to do.
        problem: String,
    },
}

/// What is wrong with a node or a tensor; who reads it knows which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem(pub String);

/// Returns a [`Problem`].
macro_rules! fail {
    ($($text:tt)*) => {
        return Err($crate::onnx::read::error::Problem(format!($($text)*)))
    };
}
pub(super) use fail;
