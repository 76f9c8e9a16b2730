//! One training step: batch, adversary, forward, objective, backward, update.
//!
//! A batch may go through the network on several devices at once, each taking an equal part of it
//! ([`super::replica`]), and in parts on each (`training.micro_batch`): their gradients are summed, so that
//! the step is that of the whole batch. What is drawn by chance is drawn for the whole batch before it is
//! parted. Batch normalisation alone sees only a part at a time, as it does wherever gradients are
//! accumulated.

use burn::tensor::{Device, Tensor};
use squeeze_shaders::batch_gather::Pick;

use super::average::average;
use super::loss_scale::LossScale;
use super::pass::{Inputs, Pass, Passed, parts, rows};
use super::replica::{all_reduce, gather, on_one, shares};
use super::report::Pending;
use super::{Trainer, adversary};
use crate::config::{Adversary, ObjectiveConfig, Squeeze};
use crate::guard::guard;
use crate::network::Network;
use crate::objective;
use crate::optimizer::Optimizer;
use crate::random::{Purpose, Stream, key};
use crate::resident::{Noise, Resident, Source};

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
        let perturbation = match config.adversary.kind {
            Adversary::Free => Some(match self.perturbation.take() {
                Some(perturbation) => perturbation,
                None => images.zeros_like(),
            }),
            _ => None,
        };
        let start = key(self.config.seed, Purpose::Adversary, self.step);
        let start = adversary::start(&images, &config.adversary, start);
        let images = match (&start, &perturbation) {
            (Some(_), _) => images,
            (None, Some(perturbation)) => (images + perturbation.clone()).clamp(0.0, 1.0),
            (None, None) => {
                let mut draws = Stream::new(self.config.seed, Purpose::Guard, self.step + 1);
                guard(&self.config.guard, images, &mut draws)
            }
        };

        let mut passed = self.pass(&images, start.as_ref(), &labels, &config);
        self.reduce(&mut passed);
        let optimizer = &self.config.optimizer;
        let rate = optimizer.learning_rate * optimizer.schedule.factor_at(self.step, steps);
        let (own, others) = passed.split_at_mut(1);
        let scale = self.scaled.as_mut().and_then(|(_, scale)| scale.as_mut());
        let network = self.network.clone();
        self.network = update(network, &mut self.optimizer, scale, rate, &mut own[0]);
        for (replica, passed) in self.replicas.iter_mut().zip(others) {
            let network = replica.network.clone();
            let scale = replica.scale.as_mut();
            replica.network = update(network, &mut replica.optimizer, scale, rate, passed);
        }
        let device = data.device();
        let by_images = gather(&mut passed, device, |passed| passed.by_images.take());
        self.perturbation = perturbation.map(|perturbation| match by_images {
            Some(gradient) => {
                adversary::free_step(perturbation, gradient, config.adversary.epsilon)
            }
            None => perturbation,
        });
        if let Some(old) = self.average.take() {
            let decay = self.config.optimizer.ema_decay;
            self.average = Some(average(old, &self.network, decay, self.step));
        }
        self.step += 1;
        Pending {
            adversarial: gather(&mut passed, device, |passed| passed.perturbed.take()),
            logits: on_one(passed.into_iter().map(|passed| passed.logits), device),
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

    /// The passes of a batch: one on each device, which work at the same time.
    fn pass(
        &self,
        images: &Tensor<4>,
        start: Option<&Tensor<4>>,
        labels: &[u8],
        config: &ObjectiveConfig,
    ) -> Vec<Passed> {
        let training = &self.config.training;
        let own = self.scaled.as_ref().and_then(|(_, scale)| scale.as_ref());
        let others = self.replicas.iter();
        let networks = std::iter::once((&self.network, own))
            .chain(others.map(|replica| (&replica.network, replica.scale.as_ref())));
        let shares = shares(labels.len(), 1 + self.replicas.len());
        let passes: Vec<Pass> = networks
            .zip(&shares)
            .map(|((network, scale), share)| Pass {
                network,
                config,
                precision: training.precision,
                scale: scale.map(LossScale::scale),
                labels: &labels[share.clone()],
                batch: labels.len(),
                parts: parts(share.len(), training.micro_batch),
            })
            .collect();
        // All images are sent before the first device has work: none waits for another's.
        let device = images.device();
        let others = self.replicas.iter().map(|replica| &replica.device);
        let devices: Vec<&Device> = std::iter::once(&device).chain(others).collect();
        let sent: Vec<_> = shares
            .iter()
            .zip(devices)
            .map(|(share, device)| {
                let send = |whole: &Tensor<4>| rows(whole, share).to_device(device);
                (send(images), start.map(send))
            })
            .collect();
        let inputs: Vec<Inputs> = passes
            .iter()
            .zip(sent)
            .map(|(pass, (images, start))| pass.inputs(images, start))
            .collect();

        // The norm of all logits is no sum over parts: its gradient needs all of them first.
        let is_parted = passes.iter().map(|pass| pass.parts.len()).sum::<usize>() > 1;
        let by_logits = (is_parted && config.squeeze == Squeeze::Batch).then(|| {
            let logits = passes.iter().zip(&inputs);
            let logits: Vec<_> = logits.map(|(pass, inputs)| pass.logits(inputs)).collect();
            objective::gradient(on_one(logits, &device), labels, config)
        });
        passes
            .iter()
            .zip(&inputs)
            .zip(&shares)
            .map(|((pass, inputs), share)| {
                let device = inputs.images.device();
                let by_logits = by_logits.as_ref();
                let by_logits = by_logits.map(|all| rows(all, share).to_device(&device));
                pass.run(inputs, by_logits.as_ref())
            })
            .collect()
    }

    /// Brings the devices' gradients together.
    fn reduce(&self, passed: &mut [Passed]) {
        if self.replicas.is_empty() {
            return;
        }
        let others = self.replicas.iter().map(|replica| &replica.network);
        let networks: Vec<&Network> = std::iter::once(&self.network).chain(others).collect();
        all_reduce(&networks, passed);
    }
}

/// A network after the update that a pass led to; the gradients are used up.
fn update(
    network: Network,
    optimizer: &mut Optimizer,
    scale: Option<&mut LossScale>,
    rate: f64,
    passed: &mut Passed,
) -> Network {
    let Passed {
        gradients,
        by_images,
        statistics,
        ..
    } = passed;
    let counts = scale.map(|scale| scale.undo(&network, gradients, by_images));
    let network = optimizer.step(rate, network, gradients, counts);
    network.update(std::mem::take(statistics))
}
