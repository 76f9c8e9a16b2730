//! Data-parallel training: further devices, each of which takes an equal part of every batch.
//!
//! Every device keeps the whole network and its optimiser. After the backward passes the gradients are
//! summed by Burn's all-reduce, so that all devices take the same update and stay alike. Batch
//! normalisation is not synchronised: each device normalises with its own part, and all take the statistics
//! of every part, in order, into the running ones. A step on `n` devices is hence that of one device with
//! `training.micro_batch` at an `n`-th of the batch.

use std::ops::Range;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor};

use super::Trainer;
use super::error::TrainError;
use super::loss_scale::LossScale;
use super::pass::{Passed, together};
use crate::config::ConfigError;
use crate::network::{Network, Statistics};
use crate::optimizer::Optimizer;
use crate::platform;

/// What a further device keeps.
pub struct Replica {
    /// Without autodiff.
    pub device: Device,
    /// With autodiff; the same as the trainer's own.
    pub network: Network,
    /// Likewise.
    pub optimizer: Optimizer,
    /// Likewise, once mixed precision has begun.
    pub scale: Option<LossScale>,
}

impl Trainer {
    /// Trains on further devices too: each, like the data's own, takes an equal part of every batch. A
    /// device may be given twice. Images are drawn, and models evaluated, on the data's device alone.
    ///
    /// # Errors
    /// [`TrainError`] if a batch has fewer images than there are devices, or the trainer's device does not
    /// answer.
    pub async fn share(&mut self, devices: &[Device]) -> Result<(), TrainError> {
        if devices.is_empty() {
            self.replicas.clear();
            return Ok(());
        }
        let (images, all) = (self.config.training.batch_size, 1 + devices.len());
        if images < all {
            return Err(TrainError::Config(ConfigError::OutOfRange {
                field: "training.batch_size",
                value: images.to_string(),
                must_be: format!("at least the number of devices, {all}"),
            }));
        }
        if let Some((numbers, Some(on_device))) = &mut self.scaled {
            // It begins again from here on all devices alike.
            *numbers = on_device.numbers().await?;
            self.scaled = Some((*numbers, None));
        }
        let state = self.optimizer.state().await?;
        self.replicas = devices
            .iter()
            .map(|device| Replica {
                network: self.network.clone().fork(&device.clone().autodiff()),
                optimizer: Optimizer::with_state(
                    self.config.optimizer.clone(),
                    state.clone(),
                    device,
                ),
                scale: None,
                device: device.clone(),
            })
            .collect();
        Ok(())
    }
}

/// The parts of so many images for so many devices; they differ by at most one image.
pub fn shares(images: usize, devices: usize) -> Vec<Range<usize>> {
    let edge = |device| images * device / devices;
    (0..devices)
        .map(|device| edge(device)..edge(device + 1))
        .collect()
}

/// Sums the gradients over the devices, and gives every device the statistics of all.
pub fn all_reduce(networks: &[&Network], passed: &mut [Passed]) {
    let lengths: Vec<Vec<usize>> = passed
        .iter()
        .map(|passed| passed.statistics.iter().map(Statistics::numbers).collect())
        .collect();
    let each = networks.iter().zip(passed.iter_mut()).enumerate();
    let flat: Vec<Tensor<1>> = each
        .map(|(place, (network, passed))| {
            let mut take = Take {
                gradients: &mut passed.gradients,
                flat: Vec::new(),
            };
            network.visit(&mut take);
            let mut flat = take.flat;
            let device = passed.logits.device();
            // Each device's statistics have a place of their own in the sum.
            for (other, lengths) in lengths.iter().enumerate() {
                if other == place {
                    flat.extend(passed.statistics.iter().map(Statistics::flat));
                } else if !lengths.is_empty() {
                    flat.push(Tensor::zeros([lengths.iter().sum::<usize>()], &device));
                }
            }
            // 0, or NaN where a gradient by the images is not finite: whether a step of mixed precision is
            // left out is decided alike on all devices.
            if let Some(gradient) = &passed.by_images {
                let count = gradient.shape().num_elements();
                let rows = gradient.clone().reshape([1, count]) * 0.0;
                flat.push(rows.sum_dim(1).reshape([1]));
            }
            Tensor::cat(flat, 0)
        })
        .collect();
    let sums = platform::all_reduce(flat);
    for ((network, passed), sum) in networks.iter().zip(passed).zip(sums) {
        let mut give = Give {
            gradients: &mut passed.gradients,
            sum,
            at: 0,
        };
        network.visit(&mut give);
        let Give { sum, mut at, .. } = give;
        let mut next = |length: usize| {
            at += length;
            sum.clone().narrow(0, at - length, length)
        };
        let lengths = lengths.iter().flatten();
        passed.statistics = lengths
            .map(|&length| Statistics::from_flat(next(length)))
            .collect();
        if let Some(gradient) = passed.by_images.take() {
            passed.by_images = Some(gradient + next(1).reshape([1, 1, 1, 1]));
        }
    }
}

/// Something of every device's, brought together on one; none if there is none.
pub fn gather<const D: usize>(
    passed: &mut [Passed],
    device: &Device,
    take: impl Fn(&mut Passed) -> Option<Tensor<D>>,
) -> Option<Tensor<D>> {
    let parts: Option<Vec<Tensor<D>>> = passed.iter_mut().map(take).collect();
    Some(on_one(parts?, device))
}

/// The parts of a batch on several devices, brought together on one.
pub fn on_one<const D: usize>(
    parts: impl IntoIterator<Item = Tensor<D>>,
    device: &Device,
) -> Tensor<D> {
    let parts = parts.into_iter().map(|part| part.to_device(device));
    together(parts.collect())
}

/// Takes the gradients out, flat.
struct Take<'a> {
    gradients: &'a mut Gradients,
    flat: Vec<Tensor<1>>,
}

impl ModuleVisitor for Take<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        if !value.is_require_grad() {
            return;
        }
        let count = value.shape().num_elements();
        let gradient = value.grad_remove(self.gradients);
        let gradient = gradient.unwrap_or_else(|| value.inner().zeros_like());
        self.flat.push(gradient.reshape([count]));
    }
}

/// Gives the gradients back, in the same order.
struct Give<'a> {
    gradients: &'a mut Gradients,
    sum: Tensor<1>,
    at: usize,
}

impl ModuleVisitor for Give<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        if !value.is_require_grad() {
            return;
        }
        let shape = value.shape();
        let count = shape.num_elements();
        let gradient: Tensor<D> = self.sum.clone().narrow(0, self.at, count).reshape(shape);
        self.at += count;
        value.grad_replace(self.gradients, gradient);
    }
}

#[cfg(all(test, feature = "cpu"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::NetworkKind;

    #[test]
    fn devices_share_a_batch_whole() {
        assert_eq!(shares(8, 1), vec![0..8]);
        assert_eq!(shares(8, 2), vec![0..4, 4..8]);
        assert_eq!(shares(8, 3), vec![0..2, 2..5, 5..8]);
        assert_eq!(shares(3, 3), vec![0..1, 1..2, 2..3]);
    }

    /// All devices leave the same steps out.
    #[test]
    fn a_gradient_by_the_images_that_is_not_finite_is_seen_on_all_devices() {
        let device = Device::flex();
        let on_autodiff = device.clone().autodiff();
        let network = Network::new(NetworkKind::SmallCnn, [1, 8, 8], 2, &on_autodiff).unwrap();
        let pass = |by_images: f32| {
            let images = Tensor::from_inner(Tensor::ones([1, 1, 8, 8], &device));
            let logits = network.forward(images);
            Passed {
                gradients: logits.clone().sum().backward(),
                statistics: Vec::new(),
                logits: logits.inner(),
                perturbed: None,
                by_images: Some(Tensor::full([1, 1, 8, 8], by_images, &device)),
            }
        };
        let after = |numbers: [f32; 2]| {
            let mut passed = numbers.map(pass);
            all_reduce(&[&network, &network], &mut passed);
            passed.map(|passed| -> Vec<f32> {
                let by_images = passed.by_images.unwrap();
                by_images.into_data().try_into_vec().unwrap()
            })
        };
        assert_eq!(after([1.0, 2.0]), [vec![1.0; 64], vec![2.0; 64]]);
        for numbers in after([1.0, f32::INFINITY]) {
            assert!(numbers.iter().all(|number| number.is_nan()), "{numbers:?}");
        }
    }
}
