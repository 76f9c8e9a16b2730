//! [`Parameter`]: one named array of a network's weights.

/// One parameter or running statistic, in PyTorch's layout.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Name as in a PyTorch `state_dict`, for example `conv1.weight`.
    pub name: String,
    /// Lengths of the axes.
    pub shape: Vec<usize>,
    /// Row-major values.
    pub values: Vec<f32>,
}
