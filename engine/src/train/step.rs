//! One training step: batch, adversary, forward, objective, backward, update.
//!
//! A batch may go through the network in parts (`training.micro_batch`), whose gradients are summed:
//! the step is that of the whole batch, with the memory of a part. What is drawn by chance is drawn for
//! the whole batch before it is parted. Batch normalisation alone sees only a part at a time, as it does
//! wherever gradients are accumulated.

use std::ops::Range;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor};
use squeeze_shaders::batch_gather::Pick;

use super::average::average;
use super::loss_scale::LossScale;
use super::report::Pending;
use super::{Trainer, adversary};
use crate::config::{Adversary, ObjectiveConfig, Squeeze};
use crate::guard::guard;
use crate::network::{Network, Statistics};
use crate::objective::{self, tensor};
use crate::operation::given_gradient::given_gradient;
use crate::random::{Purpose, Stream, key};
use crate::resident::{Noise, Resident, Source};

/// What goes into the network at a step, `[batch, channels, height, width]` each, without autodiff.
struct Inputs {
    /// What the objective is taken at.
    images: Tensor<4>,
    /// TRADES: where the prediction is to stay the same.
    perturbed: Option<Tensor<4>>,
}

/// What came of the backward passes over all parts.
struct Passed {
    gradients: Gradients,
    statistics: Vec<Statistics>,
    /// On [`Inputs::images`].
    logits: Tensor<2>,
    /// On [`Inputs::perturbed`].
    perturbed: Option<Tensor<2>>,
    /// "Free": the gradient by the images.
    by_images: Option<Tensor<4>>,
}

impl Trainer {
    /// One step.
    pub(super) fn train_step(&mut self, data: &Resident) -> Pending {
        let steps = self.config.training.steps;
        let config = self.config.objective.at(self.step, steps);
        // Free training replays each batch.
        let number = match config.adversary.kind {
            Adversary::Free => self.step / config.adversary.iterations,
            _ => self.step,
        };
        let picks = self.sampler.picks(number);
        let labels = data.labels(Source::Train, picks.iter().map(|pick| pick.place as usize));
        let images = self.images(data, picks, number);
        let parts = parts(labels.len(), self.config.training.micro_batch);
        let perturbation = match config.adversary.kind {
            Adversary::Free => Some(match self.perturbation.take() {
                Some(perturbation) => perturbation,
                None => images.zeros_like(),
            }),
            _ => None,
        };
        let inputs = self.inputs(images, &labels, &config, &parts, perturbation.as_ref());
        let Passed {
            mut gradients,
            statistics,
            logits,
            perturbed,
            mut by_images,
        } = self.pass(&inputs, &labels, &config, &parts);
        let optimizer = &self.config.optimizer;
        let rate = optimizer.learning_rate * optimizer.schedule.factor_at(self.step, steps);
        let network = self.network.clone();
        let scaled = self.scaled.as_mut().and_then(|(_, scale)| scale.as_mut());
        let counts = scaled.map(|scale| scale.undo(&network, &mut gradients, &mut by_images));
        self.perturbation = perturbation.map(|perturbation| match by_images {
            Some(gradient) => {
                adversary::free_step(perturbation, gradient, config.adversary.epsilon)
            }
            None => perturbation,
        });
        let network = self.optimizer.step(rate, network, &mut gradients, counts);
        self.network = network.update(statistics);
        if let Some(old) = self.average.take() {
            let decay = self.config.optimizer.ema_decay;
            self.average = Some(average(old, &self.network, decay, self.step));
        }
        self.step += 1;
        Pending {
            logits,
            adversarial: perturbed,
            labels,
            objective: config,
            learning_rate: rate,
        }
    }

    /// The images of batch `number`, augmented, with noise. An adversary's ball lies in the image
    /// range, so that before it the noisy images are cut to it.
    fn images(&self, data: &Resident, picks: Vec<Pick>, number: usize) -> Tensor<4> {
        let objective = &self.config.objective;
        let noise = Noise {
            sigma: objective.noise_sigma,
            stream: key(self.config.seed, Purpose::Noise, number),
        };
        let images = data.gather(Source::Train, picks, noise);
        if objective.adversary.kind != Adversary::None && noise.sigma > 0.0 {
            images.clamp(0.0, 1.0)
        } else {
            images
        }
    }

    /// What the guard or the adversary makes of a batch.
    fn inputs(
        &self,
        images: Tensor<4>,
        labels: &[u8],
        config: &ObjectiveConfig,
        parts: &[Range<usize>],
        perturbation: Option<&Tensor<4>>,
    ) -> Inputs {
        let seed = self.config.seed;
        let adversary = &config.adversary;
        let network = &self.network;
        let precision = self.config.training.precision;
        let start = key(seed, Purpose::Adversary, self.step);
        if let Some(start) = adversary::start(&images, adversary, start) {
            let at = parts.iter().map(|part| {
                let [images, start] = [&images, &start].map(|whole| rows(whole, part));
                if adversary.kind == Adversary::Trades {
                    adversary::trades(network, images, start, adversary, precision)
                } else {
                    let labels = &labels[part.clone()];
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
            return Inputs {
                images: at,
                perturbed: None,
            };
        }
        let images = match perturbation {
            Some(perturbation) => (images + perturbation.clone()).clamp(0.0, 1.0),
            None => {
                let mut draws = Stream::new(seed, Purpose::Guard, self.step + 1);
                guard(&self.config.guard, images, &mut draws)
            }
        };
        Inputs {
            images,
            perturbed: None,
        }
    }

    /// Forward and backward, part by part.
    fn pass(
        &self,
        inputs: &Inputs,
        labels: &[u8],
        config: &ObjectiveConfig,
        parts: &[Range<usize>],
    ) -> Passed {
        let is_parted = parts.len() > 1;
        // The norm of all logits is no sum over parts: its gradient needs all of them first.
        let by_logits = (is_parted && config.squeeze == Squeeze::Batch)
            .then(|| objective::gradient(self.logits(inputs, parts), labels, config));
        let is_free = config.adversary.kind == Adversary::Free;
        let precision = self.config.training.precision;
        let scale = self.scaled.as_ref().and_then(|(_, scale)| scale.as_ref());
        let scale = scale.map(LossScale::scale);
        let mut statistics = Vec::new();
        let mut sum: Option<Gradients> = None;
        let (mut logits, mut perturbed, mut by_images) = (Vec::new(), Vec::new(), Vec::new());
        for part in parts {
            let share = part.len() as f64 / labels.len() as f64;
            // A mean over the batch is the sum of the parts' means by their shares.
            let shared = |loss: Tensor<1>| if is_parted { loss * share } else { loss };
            let mut at = lift(rows(&inputs.images, part));
            if is_free {
                at = at.require_grad();
            }
            let of_part = self
                .network
                .forward_train(at.clone(), precision, &mut statistics);
            let mut loss = match &by_logits {
                Some(gradient) => given_gradient(of_part.clone(), rows(gradient, part)),
                None => shared(objective::loss(
                    of_part.clone(),
                    &labels[part.clone()],
                    config,
                )),
            };
            if let Some(images) = &inputs.perturbed {
                let images = lift(rows(images, part));
                let there = self
                    .network
                    .forward_train(images, precision, &mut statistics);
                let divergence = tensor::divergence(of_part.clone(), there.clone());
                loss = loss + shared(divergence * config.adversary.trades_weight);
                perturbed.push(there.inner());
            }
            if let Some(scale) = &scale {
                loss = loss * Tensor::from_inner(scale.clone());
            }
            let mut gradients = loss.backward();
            if is_free {
                by_images.extend(at.grad_remove(&mut gradients));
            }
            logits.push(of_part.inner());
            sum = Some(match sum {
                Some(sum) => add(&self.network, sum, gradients),
                None => gradients,
            });
        }
        Passed {
            gradients: sum.unwrap_or_else(|| unreachable!("a batch has at least one image")),
            statistics,
            logits: together(logits),
            perturbed: (!perturbed.is_empty()).then(|| together(perturbed)),
            by_images: (!by_images.is_empty()).then(|| together(by_images)),
        }
    }

    /// The logits of the whole batch as [`Self::pass`] comes to them, without gradients.
    fn logits(&self, inputs: &Inputs, parts: &[Range<usize>]) -> Tensor<2> {
        let frozen = self.network.clone().no_grad();
        let precision = self.config.training.precision;
        let logits = parts.iter().map(|part| {
            let images = lift(rows(&inputs.images, part));
            frozen
                .forward_train(images, precision, &mut Vec::new())
                .inner()
        });
        together(logits.collect())
    }
}

/// The parts of so many images, `most` in each but the last; 0 is all.
fn parts(images: usize, most: usize) -> Vec<Range<usize>> {
    let most = if most == 0 { images } else { most };
    (0..images)
        .step_by(most.max(1))
        .map(|first| first..images.min(first + most))
        .collect()
}

fn lift(images: Tensor<4>) -> Tensor<4> {
    Tensor::from_inner(images)
}

fn rows<const D: usize>(whole: &Tensor<D>, part: &Range<usize>) -> Tensor<D> {
    if part.len() == whole.dims()[0] {
        return whole.clone();
    }
    whole.clone().narrow(0, part.start, part.len())
}

fn together<const D: usize>(mut parts: Vec<Tensor<D>>) -> Tensor<D> {
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
