//! References of `wgsl/loss_scale_check.wgsl`, `wgsl/loss_scale_undo.wgsl` and
//! `wgsl/loss_scale_next.wgsl`: a loss scale that finds its size by itself (Micikevicius et al. 2018,
//! arXiv:1710.03740, section 3.2; the numbers are those of PyTorch's `GradScaler`).
//!
//! All of it stays on the device, as four words: the scale's bits, steps since it last changed, steps
//! left out so far, and whether this step's gradient holds a number that is infinite or none.

/// Invocations of a workgroup of the first two kernels.
pub const WORKGROUP: u32 = 64;

/// Text of the kernel that looks at a gradient.
pub const CHECK: &str = include_str!("../wgsl/loss_scale_check.wgsl");

/// Text of the kernel that takes the scale out of a gradient.
pub const UNDO: &str = include_str!("../wgsl/loss_scale_undo.wgsl");

/// The scale that a run begins with.
pub const FIRST: f32 = 65_536.0;

/// The largest scale: beyond it a mean over a batch is itself near the end of 16 bits.
pub const LARGEST: f32 = 16_777_216.0;

/// Steps without any that is left out after which the scale is doubled.
pub const GROWTH_INTERVAL: u32 = 2000;

/// Text of the kernel that makes the next step's scale.
pub fn next_text() -> String {
    format!(
        "const LARGEST: f32 = {LARGEST:?};\nconst GROWTH_INTERVAL: u32 = {GROWTH_INTERVAL}u;\n{}",
        include_str!("../wgsl/loss_scale_next.wgsl")
    )
}

/// A loss scale and what it has seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossScale {
    /// What the loss is multiplied by.
    pub scale: f32,
    /// Steps in a row since it changed.
    pub clean_steps: u32,
    /// Steps left out so far.
    pub left_out: u32,
}

impl Default for LossScale {
    fn default() -> Self {
        Self {
            scale: FIRST,
            clean_steps: 0,
            left_out: 0,
        }
    }
}

impl LossScale {
    /// The four words.
    pub fn words(&self) -> [u32; 4] {
        [self.scale.to_bits(), self.clean_steps, self.left_out, 0]
    }

    /// From the four words.
    pub fn from_words([scale, clean_steps, left_out, _]: [u32; 4]) -> Self {
        Self {
            scale: f32::from_bits(scale),
            clean_steps,
            left_out,
        }
    }

    /// A gradient without the scale.
    pub fn undo(&self, gradient: &[f32], is_left_out: bool) -> Vec<f32> {
        let undone = |value: &f32| if is_left_out { 0.0 } else { value / self.scale };
        gradient.iter().map(undone).collect()
    }

    /// The scale for the next step.
    #[must_use]
    pub fn next(self, is_left_out: bool) -> Self {
        if is_left_out {
            return Self {
                scale: (self.scale / 2.0).max(1.0),
                clean_steps: 0,
                left_out: self.left_out + 1,
            };
        }
        if self.clean_steps + 1 == GROWTH_INTERVAL {
            return Self {
                scale: (self.scale * 2.0).min(LARGEST),
                clean_steps: 0,
                ..self
            };
        }
        Self {
            clean_steps: self.clean_steps + 1,
            ..self
        }
    }
}

/// Whether a gradient makes its step one that is left out.
pub fn is_left_out(gradient: &[f32]) -> bool {
    gradient.iter().any(|value| !value.is_finite())
}
