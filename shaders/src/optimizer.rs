//! References of `wgsl/optimizer_momentum.wgsl` and `wgsl/optimizer_adam.wgsl`: an update of one number.

/// Text of the kernel for descent with momentum.
pub const MOMENTUM: &str = include_str!("../wgsl/optimizer_momentum.wgsl");

/// Text of the kernel for Adam and AdamW.
pub const ADAM: &str = include_str!("../wgsl/optimizer_adam.wgsl");

/// Invocations of a workgroup of both.
pub const WORKGROUP: u32 = 64;

/// What an update by stochastic gradient descent with momentum needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Momentum {
    /// Learning rate.
    pub rate: f32,
    /// Share of the old velocity that stays.
    pub momentum: f32,
    /// Weight decay.
    pub decay: f32,
    /// Whether the step looks ahead.
    pub nesterov: bool,
}

impl Momentum {
    /// As the kernel reads them.
    pub fn numbers(&self) -> [f32; 4] {
        let nesterov = if self.nesterov { 1.0 } else { 0.0 };
        [self.rate, self.momentum, self.decay, nesterov]
    }

    /// The next value, the velocity brought up to date.
    pub fn step(&self, value: f32, gradient: f32, velocity: &mut f32) -> f32 {
        let gradient = gradient + self.decay * value;
        *velocity = self.momentum * *velocity + gradient;
        let direction = if self.nesterov {
            gradient + self.momentum * *velocity
        } else {
            *velocity
        };
        value - self.rate * direction
    }
}

/// What an update by Adam or AdamW needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// Learning rate by `1 - beta_1^t` at the `t`-th update.
    pub rate: f32,
    /// `1 - beta_2^t`.
    pub bias: f32,
    /// Share of both moments that stays.
    pub betas: [f32; 2],
    /// `1 - beta` of both, rounded once.
    pub rests: [f32; 2],
    /// What keeps the division finite.
    pub epsilon: f32,
    /// Weight decay as part of the gradient.
    pub decay: f32,
    /// Weight decay beside it, by the learning rate.
    pub decoupled_decay: f32,
}

impl Adam {
    /// As the kernel reads them.
    pub fn numbers(&self) -> [f32; 9] {
        [
            self.rate,
            self.bias,
            self.betas[0],
            self.betas[1],
            self.rests[0],
            self.rests[1],
            self.epsilon,
            self.decay,
            self.decoupled_decay,
        ]
    }

    /// The next value, mean and mean square of the gradient brought up to date.
    pub fn step(&self, value: f32, gradient: f32, [mean, square]: [&mut f32; 2]) -> f32 {
        let gradient = gradient + self.decay * value;
        *mean = self.betas[0] * *mean + self.rests[0] * gradient;
        *square = self.betas[1] * *square + self.rests[1] * gradient * gradient;
        let change = self.rate * (*mean / ((*square / self.bias).sqrt() + self.epsilon));
        value - change - self.decoupled_decay * value
    }
}
