//! Parameters of `wgsl/objective_forward.wgsl` and `wgsl/objective_backward.wgsl`. Their reference is
//! the engine's objective in plain tensors and in float64.

/// Text of the kernel that sums a batch up.
pub const FORWARD: &str = include_str!("../wgsl/objective_forward.wgsl");

/// Text of the kernel that makes the gradient.
pub const BACKWARD: &str = include_str!("../wgsl/objective_backward.wgsl");

/// Invocations of one workgroup.
pub const WORKGROUP: u32 = 256;

/// The kernels' parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Params {
    /// Rows of logits.
    pub batch: u32,
    /// Columns of logits.
    pub classes: u32,
    /// 0 without a penalty, 1 per example, 2 over the batch.
    pub form: u32,
    /// Label smoothing.
    pub lambda: f32,
    /// Weight of the penalty.
    pub beta: f32,
    /// The number that the penalty draws logits to.
    pub gamma: f32,
}

impl Params {
    /// As the kernels read them.
    pub fn words(&self) -> [u32; 6] {
        [
            self.batch,
            self.classes,
            self.form,
            self.lambda.to_bits(),
            self.beta.to_bits(),
            self.gamma.to_bits(),
        ]
    }
}
