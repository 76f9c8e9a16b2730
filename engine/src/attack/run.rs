//! An attack on the test set, batch by batch, with its reports.

use burn::module::Module;
use burn::tensor::{Int, Tensor, TensorData};
use squeeze_shaders::attack_step::{STATE, state};
use web_time::{Duration, Instant};

use super::apgd::Apgd;
use super::ball::Ball;
use super::climb::{Aims, Loss};
use super::pgd::{Iterates, Method, Pgd};
use crate::config::{AttackConfig, AttackLoss, AttackMethod, ConfigError, Norm};
use crate::control::{Control, Wish, Yielder};
use crate::evaluate::{DeviceFailure, read};
use crate::event::{AttackFrame, AttackProgress, AttackStarted, AttackSummary, Event};
use crate::network::Network;
use crate::objective::reference::{argmax, softmax};
use crate::random::{Purpose, StreamKey, key};
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
/// The first `show` of them are reported as they change in the first turn; with 0 nothing is read
/// from the device before a turn is done. An image counts as robust if the model classifies it
/// correctly without attack and at every point of every turn: each restart for each target. Turns
/// after the first go on with the images that are robust so far.
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
        method: Method {
            ball: Ball {
                norm: config.norm,
                epsilon: config.epsilon,
            },
            step_size: config.step_length(),
            momentum: config.momentum,
            loss: config.loss.into(),
        },
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
    method: Method,
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
        let data = resident.data();
        let config = self.config;
        let classes = data.classes.len();
        let labels = resident.labels(Source::Test, places.clone());
        let clean = resident.images(Source::Test, places);
        let clean_logits = read(self.classify(clean.clone())).await?;
        let was_right: Vec<bool> = clean_logits
            .chunks_exact(classes)
            .zip(&labels)
            .map(|(logits, &label)| argmax(logits) == label as usize)
            .collect();
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

        let batches = self.images.div_ceil(config.batch_size);
        let mut is_right = was_right.clone();
        let mut standing: Vec<usize> = (0..labels.len()).collect();
        for turn in 0..self.turns() {
            let mut batch = Batch {
                clean: rows(&clean, &standing),
                labels: standing.iter().map(|&image| labels[image]).collect(),
                targets: Vec::new(),
                stream: key(seed, Purpose::AttackStart, index + turn * batches),
            };
            if config.targets > 0 {
                let rank = turn / config.restarts;
                let of = |&image: &usize| {
                    let logits = &clean_logits[image * classes..][..classes];
                    wrong_class(logits, labels[image], rank)
                };
                batch.targets = standing.iter().map(of).collect();
            }
            let show = if turn == 0 { show } else { 0 };
            let Some(states) = self.turn(&batch, turn, show, control, emit).await? else {
                return Ok(false);
            };
            for (state, &image) in states.chunks_exact(STATE).zip(&standing) {
                is_right[image] &= state[state::BEST_RIGHT] == 1.0;
            }
            standing.retain(|&image| is_right[image]);
            if standing.is_empty() {
                break;
            }
        }
        let count = |right: &[bool]| right.iter().filter(|right| **right).count();
        self.tally.done += labels.len();
        self.tally.clean_correct += count(&was_right);
        self.tally.robust_correct += count(&is_right);
        emit(self.progress(config.iterations * self.turns()));
        Ok(true)
    }

    /// How often each image may be attacked anew: every restart for every target.
    fn turns(&self) -> usize {
        let wrong = self.target.data.data().classes.len() - 1;
        self.config.restarts * self.config.targets.clamp(1, wrong.max(1))
    }

    /// One restart for one target; gives back the states of the images, or nothing if the user
    /// stopped it.
    async fn turn(
        &mut self,
        batch: &Batch,
        turn: usize,
        show: usize,
        control: &Control,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Option<Vec<f32>>, AttackError> {
        let iterations = self.config.iterations;
        let clean = &batch.clean;
        let ball = self.method.ball;
        let start = ball.random_start(clean.clone(), batch.stream);
        let device = clean.device();
        let aims = if batch.targets.is_empty() {
            Aims::untargeted(&batch.labels, &device)
        } else {
            Aims::targeted(&batch.labels, &batch.targets, &device)
        };
        let Method { loss, .. } = self.method;
        let mut attack: Box<dyn Iterates> = match self.config.method {
            AttackMethod::Pgd => Box::new(Pgd::new(clean.clone(), start, aims, self.method)),
            AttackMethod::Apgd => Box::new(Apgd::new(
                clean.clone(),
                start,
                aims,
                ball,
                loss,
                iterations,
            )),
        };
        let mut shown: Option<Instant> = None;
        let began = Instant::now();
        for iteration in 0..iterations {
            if control.wish() == Wish::Stop {
                return Ok(None);
            }
            let x = attack.x();
            let network = &self.network;
            let logits = attack.step(&|images| network.forward(images));
            self.iterations += 1;
            if self.show > 0 && shown.is_none_or(|at| at.elapsed() >= SHOW_EVERY) {
                if show > 0 {
                    let frame = self.frame(iteration, show, x, clean, logits).await?;
                    emit(Event::AttackFrame(frame));
                } else {
                    // Waits for the device, so that the count below is of work that is done.
                    read(logits).await?;
                }
                emit(self.progress(turn * iterations + iteration + 1));
                shown = Some(Instant::now());
            }
            self.yielder.breathe().await;
        }
        let network = &self.network;
        let walked = attack.finish(&|images| network.forward(images));
        let states = read(walked.states).await?;
        self.iterating += began.elapsed();
        if show > 0 {
            let logits = self.classify(walked.best.clone());
            let frame = self
                .frame(iterations, show, walked.best.clone(), clean, logits)
                .await?;
            emit(Event::AttackFrame(frame));
        }
        let furthest = read(furthest(walked.best - clean.clone(), ball.norm)).await?;
        self.tally.max_perturbation = self.tally.max_perturbation.max(furthest[0]);
        Ok(Some(states))
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
            iterations: self.config.iterations * self.turns(),
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
        // In l_2 a pixel may move by far less than the budget: the largest change is shown in full.
        let full = match self.config.norm {
            Norm::Linf => self.config.epsilon as f32,
            Norm::L2 => x
                .iter()
                .zip(clean)
                .fold(0.0, |most, (x, clean)| f32::max(most, (x - clean).abs())),
        };
        // Without a budget there is no perturbation to show.
        let scale = if full > 0.0 { 127.0 / full } else { 0.0 };
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

/// The images of a turn.
struct Batch {
    clean: Tensor<4>,
    labels: Vec<u8>,
    /// Whereto each is driven; none if that does not matter.
    targets: Vec<u8>,
    /// Where the start comes from.
    stream: StreamKey,
}

/// The wrong class of a rank, the most likely one having rank 0.
fn wrong_class(logits: &[f32], label: u8, rank: usize) -> u8 {
    let mut wrong: Vec<u8> = (0..logits.len() as u8).filter(|&j| j != label).collect();
    let logit = |class: u8| logits[class as usize];
    wrong.sort_by(|&a, &b| logit(b).total_cmp(&logit(a)));
    wrong.get(rank).copied().unwrap_or(label)
}

/// Some of the images of a batch; the batch itself if it is all of them.
fn rows(images: &Tensor<4>, places: &[usize]) -> Tensor<4> {
    if places.len() == images.dims()[0] {
        return images.clone();
    }
    let places: Vec<i32> = places.iter().map(|&place| place as i32).collect();
    let length = places.len();
    let places = TensorData::new(places, [length]);
    let places = Tensor::<1, Int>::from_data(places, &images.device());
    images.clone().select(0, places)
}

/// The longest of some perturbations.
fn furthest(perturbations: Tensor<4>, norm: Norm) -> Tensor<1> {
    match norm {
        Norm::Linf => perturbations.abs().max(),
        Norm::L2 => {
            let [batch, channels, height, width] = perturbations.dims();
            let rows = perturbations.reshape([batch, channels * height * width]);
            (rows.clone() * rows).sum_dim(1).max().sqrt()
        }
    }
}

/// The loss as kernels know it.
impl From<AttackLoss> for Loss {
    fn from(loss: AttackLoss) -> Self {
        match loss {
            AttackLoss::Xent => Self::CrossEntropy,
            AttackLoss::RescaledXent => Self::Rescaled,
            AttackLoss::Cw => Self::Margin,
            AttackLoss::Dlr => Self::Dlr,
        }
    }
}
