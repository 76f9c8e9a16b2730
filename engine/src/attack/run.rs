//! An attack on the test set, batch by batch, with its reports.

use burn::tensor::Tensor;
use squeeze_shaders::attack_loss::SCORES;
use squeeze_shaders::sheet::sheet as bytes;
use web_time::{Duration, Instant};

use super::ball::Ball;
use super::begin::{Batch, aims, begin};
use super::choice::choose;
use super::climb::{Loss, mean_of};
use super::iterates::Classify;
use super::rows::Rows;
use super::worst::{Worst, score};
use crate::config::{AttackConfig, AttackLoss, Choice, ConfigError, Goal, Norm};
use crate::control::{Control, Wish, Yielder};
use crate::evaluate::{DeviceFailure, read};
use crate::event::{AttackFrame, AttackProgress, AttackStarted, AttackSummary, Event};
use crate::limits;
use crate::model::Model;
use crate::objective::reference::{argmax, margin, softmax};
use crate::resident::{Resident, Source};
use crate::sheet::{self, Picture};

/// Images on show are read from the device about this often.
pub(crate) const SHOW_EVERY: Duration = Duration::from_millis(80);

/// Of an attack whose images are shown, so many iterations are, so that it can be gone through again.
const FRAMES: usize = 120;

/// Answers of a model that answers at random, by whose mean an attack is judged.
const CONFIRM: usize = 20;

/// An attack that cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum AttackError {
    /// The config holds a value out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The device failed.
    #[error(transparent)]
    Device(#[from] DeviceFailure),
    /// The GPU's memory does not hold a batch.
    #[error(
        "the GPU's memory is full with {images} images at once; {}",
        limits::room(*images, "attack.batch_size")
    )]
    MemoryFull {
        /// Images that were attacked at once.
        images: usize,
    },
    /// No test image is of the kind that was chosen.
    #[error("there are no test images {}: choose others to attack", .0.which())]
    NoImages(Choice),
}

/// What an attack runs on.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    /// The model.
    pub model: &'a Model,
    /// The data whose test images are attacked.
    pub data: &'a Resident,
    /// The run's seed.
    pub seed: u64,
}

/// What is wanted of an attack beside its numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// The first so many images are reported as they change in the first turn; with 0 little is read
    /// from the device before a turn is done.
    pub show: usize,
    /// The first point of each image that fooled the model is kept.
    pub keep: bool,
    /// The images that are reported are read from the device, also where they could be drawn from its memory.
    pub bytes: bool,
    /// Images are attacked to the end, also when they have fallen, and the worst point of each is
    /// kept.
    pub whole: bool,
}

/// What an attack did to each image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// The images, by their places in the test set.
    pub places: Vec<usize>,
    /// Whether the model is right without attack.
    pub was_right: Vec<bool>,
    /// Whether it is right without attack and at every point tried; where one class was the goal, whether
    /// it is right without attack and taken for that class at none.
    pub is_right: Vec<bool>,
    /// Whether the image was brought to be taken for the one class that was the goal; none without such
    /// a goal, and for images of that class.
    pub has_reached: Vec<Option<bool>>,
    /// Margin `z_y - max_{j != y} z_j` at the worst point; of images that were not attacked, without.
    /// Where one class `t` was the goal, `max_{j != t} z_j - z_t` of those that were.
    pub margins: Vec<f32>,
    /// Pixels of the points that fooled the model, or of the worst ones, where they were asked for,
    /// row-major, one image after the other; the clean image of those without such a point.
    pub worst: Vec<f32>,
    /// Length of the longest perturbation, in pixel units.
    pub max_perturbation: f32,
    /// Iterations of batches, each of the images left standing in it.
    pub iterations: usize,
    /// Time that they took.
    pub iterating: Duration,
    /// True if the user ended it early; then the last images are missing.
    pub stopped: bool,
}

impl Outcome {
    /// How many images the model is right about without attack.
    pub fn clean_correct(&self) -> usize {
        self.was_right.iter().filter(|right| **right).count()
    }

    /// How many it is right about under attack too.
    pub fn robust_correct(&self) -> usize {
        self.is_right.iter().filter(|right| **right).count()
    }
}

/// Attacks `config.images` test images, those that the config chooses, and reports through `emit`.
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
    let manner = Manner {
        show,
        ..Manner::default()
    };
    run_in(target, config, manner, control, emit).await
}

/// The same in a manner of one's own.
///
/// # Errors
/// [`AttackError`]
pub async fn run_in(
    target: &Target<'_>,
    config: &AttackConfig,
    manner: Manner,
    control: &Control,
    emit: &mut dyn FnMut(Event),
) -> Result<AttackSummary, AttackError> {
    let began = Instant::now();
    config.validate()?;
    config.validate_for(target.data.data().classes.len())?;
    let outcome = match choose(target, config, control, emit).await? {
        Some(places) => on(target, config, &places, manner, control, emit).await?,
        None => Outcome {
            stopped: true,
            ..Outcome::default()
        },
    };
    let done = outcome.places.len();
    let share = |count: usize| count as f64 / done.max(1) as f64;
    let iterating = outcome.iterating.as_secs_f64() * 1e3;
    let summary = AttackSummary {
        config: config.clone(),
        images: done,
        places: (config.choose != Choice::First).then(|| outcome.places.clone()),
        clean_accuracy: share(outcome.clean_correct()),
        robust_accuracy: share(outcome.robust_correct()),
        reached: config
            .goal()
            .is_one_class()
            .then(|| reached_share(&outcome.has_reached)),
        max_perturbation: f64::from(outcome.max_perturbation),
        ms_per_iteration: iterating / outcome.iterations.max(1) as f64,
        seconds: began.elapsed().as_secs_f64(),
        stopped: outcome.stopped,
    };
    emit(Event::AttackFinished(summary.clone()));
    Ok(summary)
}

/// Attacks the test images at `places`.
///
/// An image counts as robust if the model classifies it correctly without attack and at every point
/// of every turn: each restart for each target. Turns after the first go on with the images that are
/// robust so far, and a turn leaves out those that have fallen, from time to time.
///
/// # Errors
/// [`AttackError`]; the model is not changed by an attack.
pub async fn on(
    target: &Target<'_>,
    config: &AttackConfig,
    places: &[usize],
    manner: Manner,
    control: &Control,
    emit: &mut dyn FnMut(Event),
) -> Result<Outcome, AttackError> {
    config.validate()?;
    config.validate_for(target.data.data().classes.len())?;
    if let Some(widest) = target.model.widest(target.data.data().image_shape) {
        let images = places.len().min(config.batch_size);
        limits::fits("attack.batch_size", images, widest, target.data.device())?;
    }
    let mut attack = Attack {
        target: *target,
        config,
        manner,
        images: places.len(),
        batches: places.len().div_ceil(config.batch_size),
        outcome: Outcome::default(),
        yielder: Yielder::new(),
    };
    for (index, places) in places.chunks(config.batch_size).enumerate() {
        let done = attack.batch(index, places, control, emit).await;
        let done = done.map_err(|error| match limits::is_memory_full() {
            true => AttackError::MemoryFull {
                images: places.len(),
            },
            false => error,
        });
        if !done? {
            attack.outcome.stopped = true;
            break;
        }
    }
    Ok(attack.outcome)
}

/// What the model makes of the test images at `places`, without attack.
///
/// # Errors
/// [`AttackError`] if the device fails.
pub async fn clean(
    target: &Target<'_>,
    places: &[usize],
    batch_size: usize,
) -> Result<Outcome, AttackError> {
    let mut outcome = Outcome::default();
    let mut yielder = Yielder::new();
    for places in places.chunks(batch_size.max(1)) {
        let images = target.data.images(Source::Test, places.iter().copied());
        answer(target, places, images, &mut outcome).await?;
        yielder.breathe().await;
    }
    Ok(outcome)
}

/// What the model makes of `images`, which stand for the test images at `places`: added to `outcome`.
pub(crate) async fn answer(
    target: &Target<'_>,
    places: &[usize],
    images: Tensor<4>,
    outcome: &mut Outcome,
) -> Result<(), AttackError> {
    let labels = target.data.labels(Source::Test, places.iter().copied());
    let classes = target.data.data().classes.len();
    let logits = read(mean_answer(target.model, &images)).await?;
    for (logits, label) in logits.chunks_exact(classes).zip(labels) {
        let is_right = argmax(logits) == usize::from(label);
        outcome.was_right.push(is_right);
        outcome.is_right.push(is_right);
        outcome.has_reached.push(None);
        outcome.margins.push(margin(logits, usize::from(label)));
    }
    outcome.places.extend(places);
    Ok(())
}

/// Logits of images; of a model that answers at random the mean of several, by which it is judged.
fn mean_answer(model: &Model, images: &Tensor<4>) -> Tensor<2> {
    let asked = if model.is_random() { CONFIRM } else { 1 };
    mean_of(asked, || model.answer(images.clone()))
}

struct Attack<'a> {
    target: Target<'a>,
    config: &'a AttackConfig,
    manner: Manner,
    images: usize,
    batches: usize,
    outcome: Outcome,
    yielder: Yielder,
}

/// The worst points of some images of a turn.
struct Part {
    rows: Vec<usize>,
    worst: Worst,
}

impl Attack<'_> {
    /// Attacks one batch; false if the user stopped it.
    async fn batch(
        &mut self,
        index: usize,
        places: &[usize],
        control: &Control,
        emit: &mut dyn FnMut(Event),
    ) -> Result<bool, AttackError> {
        let Target { model, data, seed } = self.target;
        let set = data.data();
        let classes = set.classes.len();
        let labels = data.labels(Source::Test, places.iter().copied());
        let clean = data.images(Source::Test, places.iter().copied());
        let clean_logits = read(mean_answer(model, &clean)).await?;
        let rows = || clean_logits.chunks_exact(classes).zip(&labels);
        let was_right: Vec<bool> = rows()
            .map(|(logits, &label)| argmax(logits) == usize::from(label))
            .collect();
        let mut margins: Vec<f32> = rows()
            .map(|(logits, &label)| margin(logits, usize::from(label)))
            .collect();
        let show = if index == 0 { self.manner.show } else { 0 };
        let show = show.min(places.len());
        if show > 0 {
            emit(Event::AttackStarted(AttackStarted {
                config: self.config.clone(),
                places: places[..show].to_vec(),
                image_shape: set.image_shape,
                pixels: places[..show]
                    .iter()
                    .flat_map(|place| {
                        &set.test.pixels[place * set.image_len()..][..set.image_len()]
                    })
                    .copied()
                    .collect(),
                labels: labels[..show].iter().copied().map(usize::from).collect(),
                probabilities: softmax(&clean_logits[..show * classes], classes),
                classes,
            }));
        }

        let goal = self.config.goal();
        let mut is_right = was_right.clone();
        let keep = self.manner.keep || self.manner.whole;
        let mut kept = match keep {
            true => read(clean.clone()).await?,
            false => Vec::new(),
        };
        let target = |image: usize, turn| {
            let logits = &clean_logits[image * classes..][..classes];
            goal.class(logits, usize::from(labels[image]), turn)
        };
        let mut has_reached: Vec<Option<bool>> = (0..labels.len())
            .map(|image| (goal.is_one_class() && target(image, 0).is_some()).then_some(false))
            .collect();
        // Images that are wrong already are attacked for the one class that counts; others that cannot
        // fall, only to be shown.
        let can_fall: Vec<bool> = match goal.is_one_class() {
            true => has_reached.iter().map(Option::is_some).collect(),
            false => was_right.clone(),
        };
        let mut stands = can_fall.clone();
        let mut standing: Vec<usize> = (0..labels.len())
            .filter(|&image| image < show || can_fall[image])
            .collect();
        let turns = self.config.turns(classes);
        for turn in 0..turns {
            if standing.is_empty() {
                break;
            }
            let restarts = turns / goal.turns(classes).max(1);
            let targets: Vec<u8> = standing
                .iter()
                .map(|&image| {
                    // One that is of the class already stays as it is.
                    target(image, turn / restarts).map_or(labels[image], |class| class as u8)
                })
                .collect();
            let targets = match goal {
                Goal::Untargeted => Vec::new(),
                _ => targets,
            };
            let batch = Batch {
                clean: Rows::new(standing.clone(), &clean.device()).of(clean.clone()),
                labels: standing.iter().map(|&image| labels[image]).collect(),
                targets,
                classes,
                seed,
                index: index + turn * self.batches,
                restart: turn % restarts,
            };
            let show = if turn == 0 { show } else { 0 };
            let Some(parts) = self.turn(&batch, turn, show, control, emit).await? else {
                return Ok(false);
            };
            for Part { rows, worst } in parts {
                let scores = read(worst.scores).await?;
                let pixels = match keep {
                    true => read(worst.points).await?,
                    false => Vec::new(),
                };
                for (at, (&row, scores)) in rows.iter().zip(scores.chunks_exact(SCORES)).enumerate()
                {
                    let image = standing[row];
                    if !can_fall[image] {
                        continue;
                    }
                    let has_fallen = scores[score::RIGHT] == 0.0;
                    stands[image] &= !has_fallen;
                    is_right[image] &= !has_fallen;
                    if let Some(reached) = &mut has_reached[image] {
                        *reached |= has_fallen;
                    }
                    // Margins of two goals are no numbers of one kind.
                    let margin = scores[score::MARGIN];
                    let is_worst = (turn == 0 && goal.is_one_class()) || margin < margins[image];
                    if is_worst {
                        margins[image] = margin;
                    }
                    let is_first = turn == 0;
                    if self.manner.whole && (is_first || is_worst) || (keep && has_fallen) {
                        let length = set.image_len();
                        kept[image * length..][..length]
                            .copy_from_slice(&pixels[at * length..][..length]);
                    }
                }
            }
            standing.retain(|&image| stands[image]);
        }
        let outcome = &mut self.outcome;
        outcome.places.extend(places);
        outcome.was_right.extend(was_right);
        outcome.is_right.extend(is_right);
        outcome.has_reached.extend(has_reached);
        outcome.margins.extend(margins);
        outcome.worst.extend(kept);
        emit(self.progress(self.config.rounds() * turns));
        Ok(true)
    }

    /// One restart for one target; gives back the worst points of all of its images, or nothing if
    /// the user stopped it.
    async fn turn(
        &mut self,
        batch: &Batch,
        turn: usize,
        show: usize,
        control: &Control,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Option<Vec<Part>>, AttackError> {
        let model = self.target.model;
        let classify: Classify = &|images| model.logits(images);
        let rounds = self.config.rounds();
        let device = batch.clean.device();
        let mut attack = begin(self.config, batch);
        let mut rows: Vec<usize> = (0..batch.labels.len()).collect();
        let mut parts = Vec::new();
        let is_whole = self.manner.whole || model.is_random();
        let mut shown: Option<Instant> = None;
        let began = Instant::now();
        for iteration in 0..rounds {
            if control.wish() == Wish::Stop {
                return Ok(None);
            }
            let x = attack.x();
            let logits = attack.step(classify);
            self.outcome.iterations += 1;
            let is_frame = show > 0 && is_kept(iteration, rounds);
            if is_frame || shown.is_none_or(|at| at.elapsed() >= SHOW_EVERY) {
                if show > 0 {
                    let clean = &batch.clean;
                    let frame = self.frame(iteration, show, x, clean, logits).await?;
                    emit(Event::AttackFrame(frame));
                } else if self.manner.show > 0 {
                    // Waits for the device, so that the count below is of work that is done.
                    read(logits).await?;
                }
                emit(self.progress(turn * rounds + iteration + 1));
                shown = Some(Instant::now());
            }
            self.yielder.breathe().await;
            if show > 0 || is_whole || !is_look(iteration + 1) {
                continue;
            }
            let right = read(attack.worst().scores.narrow(1, score::RIGHT, 1)).await?;
            let is_standing = |row: &usize| right[*row] != 0.0;
            let standing: Vec<usize> = (0..rows.len()).filter(is_standing).collect();
            if standing.is_empty() {
                break;
            }
            // By halves, so that a GPU sees few different sizes.
            if 2 * standing.len() <= rows.len() {
                let fallen: Vec<usize> = (0..rows.len()).filter(|row| !is_standing(row)).collect();
                let mut worst = attack.worst();
                worst.keep(&Rows::new(fallen.clone(), &device));
                parts.push(Part {
                    rows: fallen.iter().map(|&row| rows[row]).collect(),
                    worst,
                });
                attack.keep(&Rows::new(standing.clone(), &device));
                rows = standing.iter().map(|&row| rows[row]).collect();
            }
        }
        let mut worst = attack.finish(classify);
        if model.is_random() {
            // One unlucky answer among many is no adversarial image: what counts is the mean of fresh
            // ones.
            let aims = aims(self.config, batch, &Rows::new(rows.clone(), &device)).asked(CONFIRM);
            (_, worst.scores) = aims.score(classify, &worst.points, Loss::Margin);
        }
        if show > 0 {
            let logits = model.answer(worst.points.clone());
            let points = worst.points.clone();
            let frame = self
                .frame(rounds, show, points, &batch.clean, logits)
                .await?;
            emit(Event::AttackFrame(frame));
        }
        parts.push(Part { rows, worst });
        let ball = Ball {
            norm: self.config.norm,
            epsilon: self.config.epsilon,
        };
        for Part { rows, worst } in &parts {
            let clean = Rows::new(rows.clone(), &device).of(batch.clean.clone());
            let longest = ball.lengths(worst.points.clone() - clean).max();
            let longest = read(longest).await?;
            let most = &mut self.outcome.max_perturbation;
            *most = longest.iter().fold(*most, |most, &length| most.max(length));
        }
        self.outcome.iterating += began.elapsed();
        Ok(Some(parts))
    }

    fn progress(&self, iteration: usize) -> Event {
        let classes = self.target.data.data().classes.len();
        Event::AttackProgress(AttackProgress {
            images_done: self.outcome.places.len(),
            images: self.images,
            clean_correct: self.outcome.clean_correct(),
            robust_correct: self.outcome.robust_correct(),
            iteration,
            iterations: self.config.rounds() * self.config.turns(classes),
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
        let (attacked, clean) = (x.narrow(0, 0, show), clean.clone().narrow(0, 0, show));
        let full = match self.config.norm {
            Norm::Linf => Tensor::from_data([self.config.epsilon as f32], &attacked.device()),
            // In l_2 a pixel may move by far less than the budget: the largest change is shown in full.
            Norm::L2 => (attacked.clone() - clean.clone()).abs().max(),
        };
        let picture = Picture {
            attacked,
            clean,
            full,
        };
        let drawn = (!self.manner.bytes)
            .then(|| sheet::draw(&picture))
            .flatten();
        let is_last = iteration == self.config.rounds();
        let mut frame = AttackFrame {
            iteration,
            sheet: drawn,
            pixels: Vec::new(),
            perturbation: Vec::new(),
            probabilities: Vec::new(),
            exact: Vec::new(),
        };
        if drawn.is_none() || is_last {
            let Picture {
                attacked,
                clean,
                full,
            } = picture;
            // One read for all of it: each waits for the device.
            let values = vec![attacked.reshape([-1]), clean.reshape([-1]), full];
            let values = read(Tensor::cat(values, 0)).await?;
            // Two equal halves, and the number behind them.
            let (attacked, rest) = values.split_at(values.len() / 2);
            let (clean, full) = rest.split_at(attacked.len());
            if drawn.is_none() {
                let full = full.first().copied().unwrap_or_default();
                (frame.pixels, frame.perturbation) = bytes(attacked, clean, full);
            }
            if is_last {
                let changes = attacked.iter().zip(clean).map(|(x, clean)| x - clean);
                frame.exact = changes.flat_map(f32::to_le_bytes).collect();
            }
        }
        let logits = read(logits.narrow(0, 0, show)).await?;
        frame.probabilities = softmax(&logits, classes);
        Ok(frame)
    }
}

/// Whether an iteration is among those that are shown however fast they come by.
pub(crate) fn is_kept(iteration: usize, rounds: usize) -> bool {
    iteration == rounds || iteration.is_multiple_of(rounds.div_ceil(FRAMES))
}

/// Share of the images that had a class to be brought to and were.
fn reached_share(has_reached: &[Option<bool>]) -> f64 {
    let had = has_reached.iter().flatten();
    let reached = had.clone().filter(|reached| **reached).count();
    reached as f64 / had.count().max(1) as f64
}

/// After so many iterations it is looked which images have fallen: 5, 10, 20, 40, ..., and every 500.
/// Seldom, since the device stands still meanwhile.
fn is_look(iteration: usize) -> bool {
    iteration.is_multiple_of(500)
        || (iteration.is_multiple_of(5) && (iteration / 5).is_power_of_two())
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
