//! What one device does of a step: adversary, forward, objective, backward.
//!
//! Its images may go through the network in parts (`training.micro_batch`), whose gradients are summed.

use std::ops::Range;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor};

use super::adversary;
use crate::config::{Adversary, ObjectiveConfig, Precision};
use crate::network::{Network, Statistics};
use crate::objective::{self, tensor};
use crate::operation::given_gradient::given_gradient;

/// A device's part of a step.
pub struct Pass<'a> {
    /// On the device, with autodiff.
    pub network: &'a Network,
    /// The objective at this step.
    pub config: &'a ObjectiveConfig,
    /// In which numbers are kept between layers.
    pub precision: Precision,
    /// Mixed precision: what the loss is multiplied by, `[1]`, without autodiff.
    pub scale: Option<Tensor<1>>,
    /// Of the device's images.
    pub labels: &'a [u8],
    /// Images of the whole batch, on all devices together.
    pub batch: usize,
    /// The device's images, as they go through the network.
    pub parts: Vec<Range<usize>>,
}

/// What goes into the network, `[images, channels, height, width]` each, without autodiff.
pub struct Inputs {
    /// What the objective is taken at.
    pub images: Tensor<4>,
    /// TRADES: where the prediction is to stay the same.
    pub perturbed: Option<Tensor<4>>,
}

/// What came of the backward passes over all parts.
pub struct Passed {
    /// By the network's parameters.
    pub gradients: Gradients,
    /// Of the forward passes, one after the other.
    pub statistics: Vec<Statistics>,
    /// On [`Inputs::images`].
    pub logits: Tensor<2>,
    /// On [`Inputs::perturbed`].
    pub perturbed: Option<Tensor<2>>,
    /// "Free": the gradient by the images.
    pub by_images: Option<Tensor<4>>,
}

impl Pass<'_> {
    /// The images that an adversary makes of these, where it makes them by steps from a start.
    pub fn inputs(&self, images: Tensor<4>, start: Option<Tensor<4>>) -> Inputs {
        let Some(start) = start else {
            return Inputs {
                images,
                perturbed: None,
            };
        };
        let adversary = &self.config.adversary;
        let (network, precision) = (self.network, self.precision);
        let at = self.parts.iter().map(|part| {
            let [images, start] = [&images, &start].map(|whole| rows(whole, part));
            if adversary.kind == Adversary::Trades {
                adversary::trades(network, images, start, adversary, precision)
            } else {
                let labels = &self.labels[part.clone()];
                adversary::pgd(network, images, start, labels, adversary, precision)
            }
        });
        let at = together(at.collect());
        if adversary.kind == Adversary::Trades {
            return Inputs {
                images,
                perturbed: Some(at),
            };
        }
        Inputs {
            images: at,
            perturbed: None,
        }
    }

    /// Forward and backward, part by part. `by_logits` is the objective's gradient by the logits of these
    /// images, where it is no sum over parts.
    pub fn run(&self, inputs: &Inputs, by_logits: Option<&Tensor<2>>) -> Passed {
        let config = self.config;
        let is_free = config.adversary.kind == Adversary::Free;
        let mut statistics = Vec::new();
        let mut sum: Option<Gradients> = None;
        let (mut logits, mut perturbed, mut by_images) = (Vec::new(), Vec::new(), Vec::new());
        for part in &self.parts {
            let share = part.len() as f64 / self.batch as f64;
            // A mean over the batch is the sum of the parts' means by their shares.
            let shared = |loss: Tensor<1>| {
                if part.len() == self.batch {
                    loss
                } else {
                    loss * share
                }
            };
            let mut at = lift(rows(&inputs.images, part));
            if is_free {
                at = at.require_grad();
            }
            let of_part = self
                .network
                .forward_train(at.clone(), self.precision, &mut statistics);
            let mut loss = match by_logits {
                Some(gradient) => given_gradient(of_part.clone(), rows(gradient, part)),
                None => shared(objective::loss(
                    of_part.clone(),
                    &self.labels[part.clone()],
                    config,
                )),
            };
            if let Some(images) = &inputs.perturbed {
                let images = lift(rows(images, part));
                let there = self
                    .network
                    .forward_train(images, self.precision, &mut statistics);
                let divergence = tensor::divergence(of_part.clone(), there.clone());
                loss = loss + shared(divergence * config.adversary.trades_weight);
                perturbed.push(there.inner());
            }
            if let Some(scale) = &self.scale {
                loss = loss * Tensor::from_inner(scale.clone());
            }
            let mut gradients = loss.backward();
            if is_free {
                by_images.extend(at.grad_remove(&mut gradients));
            }
            logits.push(of_part.inner());
            sum = Some(match sum {
                Some(sum) => add(self.network, sum, gradients),
                None => gradients,
            });
        }
        Passed {
            gradients: sum.unwrap_or_else(|| unreachable!("a device has at least one image")),
            statistics,
            logits: together(logits),
            perturbed: (!perturbed.is_empty()).then(|| together(perturbed)),
            by_images: (!by_images.is_empty()).then(|| together(by_images)),
        }
    }

    /// The logits as [`Self::run`] comes to them, without gradients.
    pub fn logits(&self, inputs: &Inputs) -> Tensor<2> {
        let frozen = self.network.clone().no_grad();
        let logits = self.parts.iter().map(|part| {
            let images = lift(rows(&inputs.images, part));
            frozen
                .forward_train(images, self.precision, &mut Vec::new())
                .inner()
        });
        together(logits.collect())
    }
}

/// The parts of so many images, `most` in each but the last; 0 is all.
pub fn parts(images: usize, most: usize) -> Vec<Range<usize>> {
    let most = if most == 0 { images } else { most };
    (0..images)
        .step_by(most.max(1))
        .map(|first| first..images.min(first + most))
        .collect()
}

fn lift(images: Tensor<4>) -> Tensor<4> {
    Tensor::from_inner(images)
}

/// Some of a batch.
pub fn rows<const D: usize>(whole: &Tensor<D>, part: &Range<usize>) -> Tensor<D> {
    if part.len() == whole.dims()[0] {
        return whole.clone();
    }
    whole.clone().narrow(0, part.start, part.len())
}

/// A batch from its parts, all on one device.
pub fn together<const D: usize>(mut parts: Vec<Tensor<D>>) -> Tensor<D> {
    if parts.len() == 1 {
        return parts.remove(0);
    }
    Tensor::cat(parts, 0)
}

/// The sum of two passes' gradients by the network's parameters.
fn add(network: &Network, sum: Gradients, more: Gradients) -> Gradients {
    struct Add {
        sum: Gradients,
        more: Gradients,
    }
    impl ModuleVisitor for Add {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let value = param.val();
            let old = value.grad_remove(&mut self.sum);
            let new = value.grad_remove(&mut self.more);
            let both = match (old, new) {
                (Some(old), Some(new)) => Some(old + new),
                (old, new) => old.or(new),
            };
            if let Some(both) = both {
                value.grad_replace(&mut self.sum, both);
            }
        }
    }
    let mut add = Add { sum, more };
    network.visit(&mut add);
    add.sum
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn a_batch_is_parted_whole() {
        assert_eq!(parts(10, 0), vec![0..10]);
        assert_eq!(parts(10, 10), vec![0..10]);
        assert_eq!(parts(10, 4), vec![0..4, 4..8, 8..10]);
        assert_eq!(parts(1, 1), vec![0..1]);
    }
}
