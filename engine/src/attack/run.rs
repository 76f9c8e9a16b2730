//! An attack on the test set, batch by batch, with its reports.

use burn::module::Module;
use burn::tensor::Tensor;
use web_time::{Duration, Instant};

use super::linf::{Budget, random_start};
use super::pgd::Pgd;
use crate::config::{AttackConfig, ConfigError};
use crate::control::{Control, Wish, Yielder};
use crate::evaluate::{DeviceFailure, read};
use crate::event::{AttackFrame, AttackProgress, AttackStarted, AttackSummary, Event};
use crate::network::Network;
use crate::objective::reference::{argmax, softmax};
use crate::objective::tensor;
use crate::random::{Purpose, key};
use crate::resident::{Resident, Source};

/// Images on show are read from the device about this often.
const SHOW_EVERY: Duration = Duration::from_millis(80);

/// An attack that cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum AttackError {
    /// The config holds a value out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The device failed.
    #[error(transparent)]
    Device(#[from] DeviceFailure),
}

/// What an attack runs on.
pub struct Target<'a> {
    /// The model, on the autodiff device.
    pub network: &'a Network,
    /// The data whose test images are attacked.
    pub data: &'a Resident,
    /// The run's seed.
    pub seed: u64,
}

/// Attacks the first `config.images` test images and reports through `emit`.
///
/// The first `show` of them are reported as they change; with 0 nothing is read from the device
/// before a batch is done. An image counts as robust if the model classifies it correctly without
/// attack and at the last iterate.
///
/// # Errors
/// [`AttackError`]; the model is not changed by an attack.
pub async fn run(
    target: &Target<'_>,
    config: &AttackConfig,
    show: usize,
    control: &Control,
    emit: &mut dyn FnMut(Event),
) -> Result<AttackSummary, AttackError> {
    config.validate()?;
    let began = Instant::now();
    let images = config.images.min(target.data.data().test.len());
    let mut attack = Attack {
        target,
        config,
        network: target.network.clone().no_grad(),
        images,
        show: show.min(config.batch_size).min(images),
        iterations: 0,
        iterating: Duration::ZERO,
        tally: Tally::default(),
        yielder: Yielder::new(),
    };
    let mut stopped = false;
    for (index, start) in (0..images).step_by(config.batch_size).enumerate() {
        let places = start..(start + config.batch_size).min(images);
        if !attack.batch(index, places, control, emit).await? {
            stopped = true;
            break;
        }
    }
    let tally = &attack.tally;
    let share = |count: usize| count as f64 / tally.done.max(1) as f64;
    let summary = AttackSummary {
        config: config.clone(),
        images: tally.done,
        clean_accuracy: share(tally.clean_correct),
        robust_accuracy: share(tally.robust_correct),
        max_perturbation: f64::from(tally.max_perturbation),
        ms_per_iteration: attack.iterating.as_secs_f64() * 1e3 / attack.iterations.max(1) as f64,
        seconds: began.elapsed().as_secs_f64(),
        stopped,
    };
    emit(Event::AttackFinished(summary.clone()));
    Ok(summary)
}

#[derive(Default)]
struct Tally {
    done: usize,
    clean_correct: usize,
    robust_correct: usize,
    max_perturbation: f32,
}

struct Attack<'a> {
    target: &'a Target<'a>,
    config: &'a AttackConfig,
    network: Network,
    images: usize,
    show: usize,
    iterations: usize,
    iterating: Duration,
    tally: Tally,
    yielder: Yielder,
}

impl Attack<'_> {
    /// Attacks one batch; false if the user stopped it.
    async fn batch(
        &mut self,
        index: usize,
        places: std::ops::Range<usize>,
        control: &Control,
        emit: &mut dyn FnMut(Event),
    ) -> Result<bool, AttackError> {
        let Target {
            data: resident,
            seed,
            ..
        } = *self.target;
        let (data, device) = (resident.data(), resident.device());
        let config = self.config;
        let classes = data.classes.len();
        let epsilon = config.epsilon as f32;
        let labels = resident.labels(Source::Test, places.clone());
        let clean = resident.images(Source::Test, places.clone());
        let stream = key(seed, Purpose::AttackStart, index);
        let start = random_start(clean.clone(), config.epsilon, stream);
        let targets = tensor::targets(&labels, classes, 0.0, &device.clone().autodiff());
        let budget = Budget::new(config.step_size as f32, epsilon, device);

        let clean_logits = read(self.classify(clean.clone())).await?;
        let show = if index == 0 { self.show } else { 0 };
        if show > 0 {
            emit(Event::AttackStarted(AttackStarted {
                config: config.clone(),
                image_shape: data.image_shape,
                pixels: data.test.pixels[..show * data.image_len()].to_vec(),
                labels: labels[..show].iter().map(|&label| label as usize).collect(),
                probabilities: softmax(&clean_logits[..show * classes], classes),
                classes,
            }));
        }

        let mut pgd = Pgd::new(clean.clone(), start, targets, budget);
        let mut shown: Option<Instant> = None;
        let began = Instant::now();
        for iteration in 0..config.iterations {
            if control.wish() == Wish::Stop {
                return Ok(false);
            }
            let x = pgd.x();
            let network = &self.network;
            let logits = pgd.step(|images| network.forward(images));
            self.iterations += 1;
            if self.show > 0 && shown.is_none_or(|at| at.elapsed() >= SHOW_EVERY) {
                if show > 0 {
                    let frame = self.frame(iteration, show, x, &clean, logits).await?;
                    emit(Event::AttackFrame(frame));
                } else {
                    // Waits for the device, so that the count below is of work that is done.
                    read(logits).await?;
                }
                emit(self.progress(iteration + 1));
                shown = Some(Instant::now());
            }
            self.yielder.breathe().await;
        }
        let x = pgd.x();
        let logits = self.classify(x.clone());
        if show > 0 {
            let frame = self
                .frame(config.iterations, show, x.clone(), &clean, logits.clone())
                .await?;
            emit(Event::AttackFrame(frame));
        }
        let logits = read(logits).await?;
        self.iterating += began.elapsed();
        let furthest = read((x - clean).abs().max()).await?;

        self.tally.done += labels.len();
        self.tally.max_perturbation = self.tally.max_perturbation.max(furthest[0]);
        for ((before, after), &label) in clean_logits
            .chunks_exact(classes)
            .zip(logits.chunks_exact(classes))
            .zip(&labels)
        {
            let was_right = argmax(before) == label as usize;
            let is_right = argmax(after) == label as usize;
            self.tally.clean_correct += usize::from(was_right);
            self.tally.robust_correct += usize::from(was_right && is_right);
        }
        emit(self.progress(config.iterations));
        Ok(true)
    }

    /// Logits without autodiff.
    fn classify(&self, images: Tensor<4>) -> Tensor<2> {
        self.network.valid().forward(images)
    }

    fn progress(&self, iteration: usize) -> Event {
        Event::AttackProgress(AttackProgress {
            images_done: self.tally.done,
            images: self.images,
            clean_correct: self.tally.clean_correct,
            robust_correct: self.tally.robust_correct,
            iteration,
            iterations: self.config.iterations,
        })
    }

    async fn frame(
        &self,
        iteration: usize,
        show: usize,
        x: Tensor<4>,
        clean: &Tensor<4>,
        logits: Tensor<2>,
    ) -> Result<AttackFrame, DeviceFailure> {
        let classes = self.target.data.data().classes.len();
        let first = Tensor::cat(
            vec![x.narrow(0, 0, show), clean.clone().narrow(0, 0, show)],
            0,
        );
        let values = read(first).await?;
        let logits = read(logits.narrow(0, 0, show)).await?;
        let (x, clean) = values.split_at(values.len() / 2);
        // Without a budget there is no perturbation to show.
        let scale = if self.config.epsilon > 0.0 {
            127.0 / self.config.epsilon as f32
        } else {
            0.0
        };
        Ok(AttackFrame {
            iteration,
            pixels: x.iter().map(|&x| (x * 255.0).round() as u8).collect(),
            perturbation: x
                .iter()
                .zip(clean)
                .map(|(x, clean)| (128.0 + (x - clean) * scale).round() as u8)
                .collect(),
            probabilities: softmax(&logits, classes),
        })
    }
}
