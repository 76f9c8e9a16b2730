//! Batch normalisation whose mode is asked for, not guessed.
//!
//! Burn's own layer takes "gradients are wanted" for "training". An attack wants gradients of the
//! network as it is evaluated, so here the caller says which of the two it is.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use super::precision::in_full;

/// Added to the variance, as in PyTorch.
const EPSILON: f64 = 1e-5;
/// Share that a batch has in the running statistics, as in PyTorch.
const MOMENTUM: f64 = 0.1;

/// Batch normalisation of channels (Ioffe and Szegedy 2015, arXiv:1502.03167).
#[derive(Module, Debug)]
pub struct BatchNorm {
    weight: Param<Tensor<1>>,
    bias: Param<Tensor<1>>,
    running_mean: Param<Tensor<1>>,
    running_var: Param<Tensor<1>>,
}

/// What a forward pass normalises with.
pub enum Mode<'a> {
    /// The running statistics.
    Eval,
    /// The batch's own, which are noted down.
    Train(&'a mut Vec<Statistics>),
}

/// Mean and unbiased variance of a batch at one layer, `[channels]` each, without autodiff.
#[derive(Clone, Debug)]
pub struct Statistics {
    mean: Tensor<1>,
    variance: Tensor<1>,
}

impl Statistics {
    /// Numbers in [`Self::flat`].
    pub fn numbers(&self) -> usize {
        2 * self.mean.dims()[0]
    }

    /// The means, then the variances, `[2 * channels]`.
    pub fn flat(&self) -> Tensor<1> {
        Tensor::cat(vec![self.mean.clone(), self.variance.clone()], 0)
    }

    /// What [`Self::flat`] gave.
    pub fn from_flat(flat: Tensor<1>) -> Self {
        let channels = flat.dims()[0] / 2;
        Self {
            mean: flat.clone().narrow(0, 0, channels),
            variance: flat.narrow(0, channels, channels),
        }
    }
}

impl BatchNorm {
    /// Weight 1, bias 0, running mean 0 and variance 1.
    pub fn new(channels: usize, device: &Device) -> Self {
        let running = |value: Tensor<1>| Param::from_tensor(value).set_require_grad(false);
        Self {
            weight: Param::from_tensor(Tensor::ones([channels], device)),
            bias: Param::from_tensor(Tensor::zeros([channels], device)),
            running_mean: running(Tensor::zeros([channels], device)),
            running_var: running(Tensor::ones([channels], device)),
        }
    }

    /// # Shapes
    /// - `x` and output: `[batch, channels, height, width]`
    pub fn forward(&self, x: Tensor<4>, mode: &mut Mode) -> Tensor<4> {
        in_full(x, |x| self.normalize(x, mode))
    }

    fn normalize(&self, x: Tensor<4>, mode: &mut Mode) -> Tensor<4> {
        let [batch, channels, height, width] = x.dims();
        let along = |values: Tensor<1>| values.reshape([1, channels, 1, 1]);
        match mode {
            Mode::Eval => {
                let scale = self.weight.val() / (self.running_var.val() + EPSILON).sqrt();
                let shift = self.bias.val() - self.running_mean.val() * scale.clone();
                x * along(scale) + along(shift)
            }
            Mode::Train(statistics) => {
                let count = batch * height * width;
                let mean = channel_means(x.clone());
                let centred = x - mean.clone();
                let variance = channel_means(centred.clone() * centred.clone());
                // Of a single number there is no unbiased variance.
                let unbiased = count as f64 / (count - 1).max(1) as f64;
                statistics.push(Statistics {
                    mean: mean.inner().reshape([channels]),
                    variance: variance.clone().inner().reshape([channels]) * unbiased,
                });
                let scale = along(self.weight.val()) / (variance + EPSILON).sqrt();
                centred * scale + along(self.bias.val())
            }
        }
    }

    /// The layer with a batch's statistics, which come next, taken into its running ones.
    pub fn update(self, next: &mut impl Iterator<Item = Statistics>) -> Self {
        let Some(statistics) = next.next() else {
            return self;
        };
        let blend = |running: Param<Tensor<1>>, batch: &Tensor<1>| {
            running.map(|old| {
                let new = old.clone().inner() * (1.0 - MOMENTUM) + batch.clone() * MOMENTUM;
                if old.is_autodiff() {
                    Tensor::from_inner(new)
                } else {
                    new
                }
            })
        };
        Self {
            running_mean: blend(self.running_mean, &statistics.mean),
            running_var: blend(self.running_var, &statistics.variance),
            ..self
        }
    }
}

/// # Shapes
/// - `x`: `[batch, channels, height, width]`
/// - output: `[1, channels, 1, 1]`
fn channel_means(x: Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    // Rows lie together in memory: they are summed first.
    x.reshape([batch, channels, height * width])
        .mean_dim(2)
        .mean_dim(0)
        .reshape([1, channels, 1, 1])
}
