//! The evaluation: a ladder of attacks from weak to strong, and questions to the model on the way.

use std::collections::BTreeSet;

use burn::tensor::{Tensor, TensorData};
use web_time::Instant;

use super::checklist::checklist;
use super::judge::{looks_robust, sign, verdict};
use super::pictures::{Beside, grid, starts};
use super::plan::{Plan, plan};
use super::probe::{Probe, largest_radius, probe};
use super::report::{Fooled, Point, Report, Sign, SignId, Subject, TARGETED, Verdict};
use super::surface::surface;
use super::surrogate::surrogate;
use crate::attack::ball::Ball;
use crate::attack::ladder::Ladder;
use crate::attack::run::{AttackError, Manner, Target, clean, on};
use crate::attack::suite::DRAWS;
use crate::attack::transfer::{make, try_on};
use crate::config::{
    AttackConfig, AttackLoss, AttackMethod, Choice, ConfigError, Goal, Guard, RunConfig,
};
use crate::control::{Control, Wish};
use crate::evaluate::read;
use crate::event::{EvaluationStarted, Event};
use crate::model::Model;
use crate::objective::reference::argmax;
use crate::resident::Source;
use crate::train::TrainError;

/// Most images that fooled the model in a report.
const FOOLED: usize = 12;

/// Images whose gradients are looked at.
const PROBED: usize = 256;

/// Radii of the curve, as multiples of the run's.
const RADII: [f64; 7] = [0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0];

/// An evaluation that cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// The config holds a value out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An attack failed.
    #[error(transparent)]
    Attack(#[from] AttackError),
    /// The plain model that transferred images are made on could not be trained.
    #[error("the plain model that images are made on could not be trained: {0}")]
    Surrogate(#[from] TrainError),
}

/// What a model is, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The network's name.
    pub network: String,
    /// How it was trained.
    pub training: String,
    /// Training steps that it has had, if it was trained here.
    pub step: Option<usize>,
}

impl About {
    /// Of a model that was trained as `config` says, for `step` steps if that is known.
    pub fn of(config: &RunConfig, step: Option<usize>) -> Self {
        Self {
            network: config.network.name(),
            training: match config.guard.kind {
                Guard::None => config.objective.describe(),
                _ => format!(
                    "{}, {}",
                    config.objective.describe(),
                    config.guard.describe()
                ),
            },
            step,
        }
    }
}

/// Judges the model of `target`, which is what `about` says, under the norm and radius of its attack.
/// Reports every rung and every sign as it is known. A stop ends it with what is known by then.
///
/// # Errors
/// [`EvaluateError`]
pub async fn evaluate(
    target: &Target<'_>,
    config: &RunConfig,
    about: &About,
    control: &Control,
    emit: &mut dyn FnMut(Event),
) -> Result<Report, EvaluateError> {
    config.evaluation.validate()?;
    config.attack.validate()?;
    let began = Instant::now();
    let set = target.data.data();
    let images = config.evaluation.images.min(set.test.len());
    let places: Vec<usize> = (0..images).collect();
    let seen = clean(target, &places, config.evaluation.batch_size).await?;
    let share = |count: usize| count as f64 / images.max(1) as f64;
    let report = Report {
        verdict: Verdict::Undecided,
        reasons: Vec::new(),
        subject: Subject {
            network: about.network.clone(),
            training: about.training.clone(),
            step: about.step,
            guard: config.guard.clone(),
            data: set.name.clone(),
            classes: set.classes.clone(),
            image_shape: set.image_shape,
            norm: config.attack.norm,
            epsilon: config.attack.epsilon,
            effort: config.evaluation.effort,
            images,
            seed: target.seed,
        },
        clean_accuracy: share(seen.clean_correct()),
        apparent_accuracy: None,
        gradient_accuracy: None,
        robust_accuracy: share(seen.clean_correct()),
        rungs: Vec::new(),
        signs: Vec::new(),
        iterations: Vec::new(),
        restarts: Vec::new(),
        epsilons: Vec::new(),
        surface: None,
        starts: None,
        grid: None,
        clean_margins: seen.margins.clone(),
        attacked_margins: Vec::new(),
        fooled: Vec::new(),
        checklist: Vec::new(),
        seconds: 0.0,
        stopped: false,
    };
    emit(Event::EvaluationStarted(EvaluationStarted {
        subject: report.subject.clone(),
        clean_accuracy: report.clean_accuracy,
        attacks: planned(&plan(config.evaluation.effort), target.model),
    }));
    let right: Vec<usize> = (0..images).filter(|&place| seen.was_right[place]).collect();
    // Some of the images that fooled the model go into the report.
    let manner = Manner {
        keep: true,
        ..Manner::default()
    };
    let mut course = Course {
        ladder: Ladder::new(*target, seen.was_right, seen.margins, manner, control),
        target,
        config,
        plan: plan(config.evaluation.effort),
        control,
        images,
        report,
    };
    course.report.stopped = course.go(emit).await?.is_none();
    if !course.report.stopped {
        // No verdict rests on these: a stop leaves them out, and what was found stands.
        course.picture(&right, emit).await?;
    }
    let mut report = course.finish().await?;
    report.checklist = checklist(&report);
    (report.verdict, report.reasons) = verdict(&report);
    report.seconds = began.elapsed().as_secs_f64();
    emit(Event::Verdict(Box::new(report.clone())));
    Ok(report)
}

struct Course<'a> {
    ladder: Ladder<'a>,
    target: &'a Target<'a>,
    config: &'a RunConfig,
    plan: Plan,
    control: &'a Control,
    images: usize,
    report: Report,
}

/// Nothing: the user stopped it.
type Going<T = ()> = Result<Option<T>, EvaluateError>;

/// Goes on unless the user stopped it.
macro_rules! go {
    ($step:expr) => {
        match $step {
            Some(value) => value,
            None => return Ok(None),
        }
    };
}

impl Course<'_> {
    async fn go(&mut self, emit: &mut dyn FnMut(Event)) -> Going {
        let right = self.ladder.standing();
        go!(self.look(&right, emit).await?);
        let left = go!(self.iterate(&right, emit).await?);
        go!(self.follow(&left, emit).await?);
        let left = self.ladder.standing();
        self.report.gradient_accuracy = Some(self.share(left.len()));
        // Where gradients show the way to every error there is nothing to find without them.
        if !left.is_empty() {
            go!(self.without_gradients(&left, emit).await?);
            go!(self.last(emit).await?);
        }
        self.collapse(emit);
        go!(self.widen(&right, emit).await?);
        Ok(Some(()))
    }

    /// The usual attack of the run; PGD on the cross-entropy from one start.
    fn usual(&self) -> AttackConfig {
        let own = &self.config.attack;
        let is_own = own.method == AttackMethod::Pgd;
        AttackConfig {
            method: AttackMethod::Pgd,
            loss: AttackLoss::Xent,
            goal: Goal::Untargeted,
            momentum: 0.0,
            restarts: 1,
            iterations: if is_own {
                own.iterations
            } else {
                AttackMethod::Pgd.usual_iterations()
            },
            step_size: if is_own { own.step_size } else { 0.0 },
            draws: 1,
            images: self.images,
            choose: Choice::First,
            batch_size: self.config.evaluation.batch_size,
            ..own.clone()
        }
    }

    /// The same with its iterations doubled so many times. Its steps do not shrink with their number, and
    /// are long enough to cross the ball.
    fn longer(&self, doublings: u32) -> AttackConfig {
        let usual = self.usual();
        let longer = AttackConfig {
            iterations: usual.iterations << doublings,
            step_size: 0.0,
            ..usual.clone()
        };
        AttackConfig {
            step_size: longer.step_length().max(usual.step_length()),
            ..longer
        }
    }

    fn with(&self, method: AttackMethod, loss: AttackLoss, iterations: usize) -> AttackConfig {
        AttackConfig {
            method,
            loss,
            iterations,
            step_size: 0.0,
            draws: if method.needs_gradients() {
                self.draws()
            } else {
                1
            },
            ..self.usual()
        }
    }

    /// How often the model is asked about a point: AutoAttack's number where it answers at random.
    fn draws(&self) -> usize {
        if self.is_random() { DRAWS } else { 1 }
    }

    fn is_random(&self) -> bool {
        self.target.model.is_random()
    }

    fn sign(&mut self, id: SignId, value: f64, emit: &mut dyn FnMut(Event)) {
        let sign: Sign = sign(id, value);
        emit(Event::Sign(sign.clone()));
        self.report.signs.push(sign);
    }

    fn share(&self, count: usize) -> f64 {
        count as f64 / self.images.max(1) as f64
    }

    /// Gradients and logits, without attack.
    async fn look(&mut self, right: &[usize], emit: &mut dyn FnMut(Event)) -> Going {
        let mut sum = Probe::default();
        let few = &right[..right.len().min(PROBED)];
        for places in few.chunks(self.config.evaluation.batch_size) {
            if self.control.wish() == Wish::Stop {
                return Ok(None);
            }
            let found = probe(self.target, places, self.ball(), self.draws()).await?;
            sum.images += found.images;
            sum.vanishing += found.vanishing;
            sum.unresolved += found.unresolved;
            sum.downhill += found.downhill;
        }
        let of = |count: usize| count as f64 / sum.images.max(1) as f64;
        self.sign(SignId::Vanishing, of(sum.vanishing), emit);
        self.sign(SignId::Resolution, of(sum.unresolved), emit);
        self.sign(SignId::Uphill, of(sum.downhill), emit);
        if let Some(&place) = right.first() {
            self.report.surface = Some(surface(self.target, place, self.ball()).await?);
        }
        Ok(Some(()))
    }

    fn ball(&self) -> Ball {
        Ball {
            norm: self.config.attack.norm,
            epsilon: self.config.attack.epsilon,
        }
    }

    /// One step, the usual attack, and the same for longer and longer; gives back what still stands.
    async fn iterate(&mut self, right: &[usize], emit: &mut dyn FnMut(Event)) -> Going<Vec<usize>> {
        let usual = self.usual();
        let one = AttackConfig {
            method: AttackMethod::Fgsm,
            ..usual.clone()
        };
        let by_one = go!(self.ladder.attack("FGSM", &one, right, emit).await?);
        let name = format!("PGD-{}", usual.iterations);
        let fallen = go!(self.ladder.attack(&name, &usual, right, emit).await?);
        let mut standing = without(right, &fallen);
        self.report.apparent_accuracy = Some(self.share(standing.len()));
        let point = |iterations: usize, accuracy| Point {
            x: iterations as f64,
            accuracy,
        };
        self.report.iterations = vec![
            point(1, self.share(right.len() - by_one.len())),
            point(usual.iterations, self.share(standing.len())),
        ];
        // Restarts first: they are the usual attack itself.
        go!(self.restart(&standing, emit).await?);
        let mut last = None;
        for doubling in 1..=self.plan.doublings {
            let config = self.longer(doubling);
            let name = format!("PGD-{}", config.iterations);
            if standing.is_empty() {
                break;
            }
            let fallen = go!(self.ladder.attack(&name, &config, &standing, emit).await?);
            standing = without(&standing, &fallen);
            last = Some(self.share(fallen.len()));
            let accuracy = self.share(standing.len());
            self.report
                .iterations
                .push(point(config.iterations, accuracy));
        }
        if let Some(last) = last {
            self.sign(SignId::Iterations, last, emit);
        }
        let kept: BTreeSet<usize> = standing.iter().copied().collect();
        let beaten = by_one.iter().filter(|place| kept.contains(place)).count();
        self.sign(SignId::OneStep, self.share(beaten), emit);
        Ok(Some(standing))
    }

    /// Other attacks that follow the model's own gradient, each on all that long PGD on the cross-entropy left
    /// standing.
    async fn follow(&mut self, left: &[usize], emit: &mut dyn FnMut(Event)) -> Going {
        if left.is_empty() {
            return Ok(Some(()));
        }
        let longest = self.longer(self.plan.doublings);
        let by_loss = |loss| AttackConfig {
            loss,
            ..longest.clone()
        };
        let mut ways = vec![
            (
                "PGD, rescaled logits",
                SignId::Rescaled,
                by_loss(AttackLoss::RescaledXent),
            ),
            ("PGD, margin", SignId::OtherLoss, by_loss(AttackLoss::Cw)),
        ];
        if self.is_random() {
            let config = AttackConfig {
                draws: DRAWS,
                ..self.usual()
            };
            ways.push(("PGD over the randomness", SignId::Randomness, config));
        }
        let auto = self.with(AttackMethod::Apgd, AttackLoss::Xent, self.plan.iterations);
        ways.push(("APGD-CE", SignId::Adaptive, auto));
        for (name, id, config) in ways {
            let fallen = go!(self.ladder.attack(name, &config, left, emit).await?);
            self.sign(id, self.share(fallen.len()), emit);
        }
        // Towards nine classes, each point asked twenty times: that has to wait until less is left.
        if !self.is_random() {
            go!(self.towards_classes(AttackMethod::Apgd, left, emit).await?);
        }
        Ok(Some(()))
    }

    /// Attacks that do not follow the model's gradient, each on all that those left standing that do.
    async fn without_gradients(&mut self, left: &[usize], emit: &mut dyn FnMut(Event)) -> Going {
        let noise = self.with(AttackMethod::Noise, AttackLoss::Xent, self.plan.draws);
        let fallen = go!(self
            .ladder
            .attack("Random noise", &noise, left, emit)
            .await?);
        self.sign(SignId::Noise, self.share(fallen.len()), emit);

        let square = self.with(AttackMethod::Square, AttackLoss::Cw, self.plan.queries);
        let fallen = go!(self.ladder.attack("Square", &square, left, emit).await?);
        let mut blind: BTreeSet<usize> = fallen.into_iter().collect();
        let few = &left[..left.len().min(self.plan.slow)];
        for (name, method) in [
            ("SPSA", AttackMethod::Spsa),
            ("HopSkipJump", AttackMethod::HopSkipJump),
        ] {
            if !few.is_empty() {
                let config = self.with(method, AttackLoss::Cw, method.usual_iterations());
                blind.extend(go!(self.ladder.attack(name, &config, few, emit).await?));
            }
        }
        self.sign(SignId::BlackBox, self.share(blind.len()), emit);
        self.transfer(left, emit).await
    }

    /// Images made on a plain model, and on the network without its guard.
    async fn transfer(&mut self, left: &[usize], emit: &mut dyn FnMut(Event)) -> Going {
        let name = "Transfer from a plain model";
        let began = Instant::now();
        announce(name, emit);
        let source = surrogate(self.target.data, self.config, self.control).await?;
        let id = SignId::Transfer;
        go!(self
            .transfer_from(&source, name, id, left, began, emit)
            .await?);
        if self.target.model.is_guarded() {
            // What is done to the images may hide the gradient of what sees them.
            let name = "PGD around the guard";
            let began = Instant::now();
            announce(name, emit);
            let (source, id) = (self.target.model.unguarded(), SignId::Guard);
            go!(self
                .transfer_from(&source, name, id, left, began, emit)
                .await?);
        }
        Ok(Some(()))
    }

    async fn transfer_from(
        &mut self,
        source: &Model,
        name: &str,
        id: SignId,
        left: &[usize],
        began: Instant,
        emit: &mut dyn FnMut(Event),
    ) -> Going {
        let attack = AttackConfig {
            loss: AttackLoss::Cw,
            ..self.usual()
        };
        let on_source = Target {
            model: source,
            ..*self.target
        };
        let made = make(&on_source, &attack, left, self.control, &mut |_| {}).await?;
        let outcome = try_on(self.target, left, go!(made), attack.batch_size).await?;
        let seconds = began.elapsed().as_secs_f64();
        let fallen = self.ladder.offer(name, attack, &outcome, seconds, emit);
        self.sign(id, self.share(fallen.len()), emit);
        Ok(Some(()))
    }

    /// The usual attack again and again, on what it left standing.
    async fn restart(&mut self, left: &[usize], emit: &mut dyn FnMut(Event)) -> Going {
        let usual = self.usual();
        let mut standing = left.to_vec();
        if standing.is_empty() {
            return Ok(Some(()));
        }
        self.report.restarts = vec![Point {
            x: 1.0,
            accuracy: self.share(standing.len()),
        }];
        let mut late = 0;
        for restart in 2..=self.plan.restarts {
            if standing.is_empty() {
                break;
            }
            let name = format!("PGD-{}, start {restart}", usual.iterations);
            let fallen = go!(self.ladder.attack(&name, &usual, &standing, emit).await?);
            standing = without(&standing, &fallen);
            if 2 * restart > self.plan.restarts {
                late += fallen.len();
            }
            self.report.restarts.push(Point {
                x: restart as f64,
                accuracy: self.share(standing.len()),
            });
        }
        self.sign(SignId::Restarts, self.share(late), emit);
        Ok(Some(()))
    }

    /// The parts of AutoAttack that are left, on what is left.
    async fn last(&mut self, emit: &mut dyn FnMut(Event)) -> Going {
        let methods = [AttackMethod::Apgd, AttackMethod::Fab];
        for &method in &methods[usize::from(!self.is_random())..] {
            let standing = self.ladder.standing();
            if !standing.is_empty() {
                go!(self.towards_classes(method, &standing, emit).await?);
            }
        }
        Ok(Some(()))
    }

    /// AutoAttack's targeted form of a method, towards the likeliest classes.
    async fn towards_classes(
        &mut self,
        method: AttackMethod,
        places: &[usize],
        emit: &mut dyn FnMut(Event),
    ) -> Going {
        let (name, loss) = match method {
            AttackMethod::Fab => ("FAB-T", AttackLoss::Xent),
            _ => (TARGETED, AttackLoss::Dlr),
        };
        let config = AttackConfig {
            goal: Goal::Likely(self.plan.targets),
            ..self.with(method, loss, self.plan.iterations)
        };
        go!(self.ladder.attack(name, &config, places, emit).await?);
        Ok(Some(()))
    }

    /// What is left of the robustness that the usual attack saw.
    fn collapse(&mut self, emit: &mut dyn FnMut(Event)) {
        let apparent = self.report.apparent_accuracy.unwrap_or_default();
        let left = self.share(self.ladder.standing().len());
        // What does not even look robust has nothing to lose.
        if looks_robust(self.report.clean_accuracy, apparent) {
            self.sign(SignId::Collapse, (apparent - left) / apparent, emit);
        }
    }

    /// The usual attack at other radii, up to one at which anything can become anything.
    async fn widen(&mut self, right: &[usize], emit: &mut dyn FnMut(Event)) -> Going {
        let epsilon = self.config.attack.epsilon;
        let largest = largest_radius(self.config.attack.norm, self.target.data.data().image_len());
        let mut radii: Vec<f64> = RADII
            .iter()
            .map(|factor| factor * epsilon)
            .filter(|radius| *radius < largest)
            .collect();
        radii.push(largest);
        let few = &right[..right.len().min(self.plan.curve)];
        // The share of the first so many images that are right at all.
        let first = few.last().map_or(0, |last| last + 1);
        let share = |count: usize| count as f64 / first.max(1) as f64;
        self.report.epsilons = vec![Point {
            x: 0.0,
            accuracy: share(few.len()),
        }];
        let mut standing = few.to_vec();
        for radius in radii {
            let config = AttackConfig {
                epsilon: radius,
                step_size: 0.0,
                ..self.usual()
            };
            let fallen = go!(self.beside(&config, &standing, emit).await?);
            standing = without(&standing, &fallen);
            self.report.epsilons.push(Point {
                x: radius,
                accuracy: share(standing.len()),
            });
        }
        let chance = 1.0 / self.report.subject.classes.len().max(1) as f64;
        let above = (share(standing.len()) - chance).max(0.0);
        self.sign(SignId::Unbounded, above, emit);
        Ok(Some(()))
    }

    /// An attack outside the threat model, which is no rung of the ladder.
    async fn beside(
        &mut self,
        config: &AttackConfig,
        places: &[usize],
        emit: &mut dyn FnMut(Event),
    ) -> Going<Vec<usize>> {
        announce(&format!("PGD at radius {:.3}", config.epsilon), emit);
        let manner = Manner::default();
        let outcome = on(
            self.target,
            config,
            places,
            manner,
            self.control,
            &mut |_| {},
        )
        .await?;
        if outcome.stopped {
            return Ok(None);
        }
        let fallen = outcome.places.iter().zip(&outcome.is_right);
        let fallen = fallen
            .filter(|(_, right)| !**right)
            .map(|(&place, _)| place);
        Ok(Some(fallen.collect()))
    }

    /// What is measured to be looked at.
    async fn picture(&mut self, right: &[usize], emit: &mut dyn FnMut(Event)) -> Going {
        let images = self.images.min(self.plan.pictured);
        let first = right.partition_point(|&place| place < images);
        let beside = Beside {
            target: self.target,
            usual: self.usual(),
            images,
            right: right[..first].to_vec(),
            control: self.control,
        };
        let mut tell = |done| {
            emit(Event::RungProgress {
                name: "PGD from many starts".to_owned(),
                done,
            });
        };
        let found = starts(&beside, self.plan.starts, &mut tell).await?;
        self.report.starts = Some(go!(found));
        let mut tell = |done| {
            emit(Event::RungProgress {
                name: "PGD with steps of many lengths".to_owned(),
                done,
            });
        };
        let found = grid(&beside, &self.plan.steps, &mut tell).await?;
        self.report.grid = Some(go!(found));
        Ok(Some(()))
    }

    async fn finish(self) -> Result<Report, EvaluateError> {
        let mut report = self.report;
        let set = self.target.data.data();
        report.rungs = self.ladder.rungs().to_vec();
        report.robust_accuracy = self.ladder.standing().len() as f64 / self.images.max(1) as f64;
        report.attacked_margins = self.ladder.margins().to_vec();
        let fooled: Vec<(usize, &[f32])> = self.ladder.fooled().take(FOOLED).collect();
        if fooled.is_empty() {
            return Ok(report);
        }
        let [channels, height, width] = set.image_shape;
        let pixels: Vec<f32> = fooled.iter().flat_map(|(_, x)| x.iter().copied()).collect();
        let shape = [fooled.len(), channels, height, width];
        let images = Tensor::from_data(TensorData::new(pixels, shape), self.target.data.device());
        let logits = read(self.target.model.answer(images))
            .await
            .map_err(AttackError::from)?;
        let rows = logits.chunks_exact(set.classes.len());
        for ((place, pixels), logits) in fooled.iter().zip(rows) {
            let labels = self
                .target
                .data
                .labels(Source::Test, std::iter::once(*place));
            report.fooled.push(Fooled {
                place: *place,
                label: labels.first().copied().map_or(0, usize::from),
                predicted: argmax(logits),
                clean: set.test.pixels[place * set.image_len()..][..set.image_len()].to_vec(),
                attacked: pixels.iter().map(|x| (x * 255.0).round() as u8).collect(),
            });
        }
        Ok(report)
    }
}

/// How many attacks announce themselves, if each has something to try.
fn planned(plan: &Plan, model: &Model) -> usize {
    // FGSM, the usual attack, two losses, noise, Square, transfer, three of AutoAttack, two pictures.
    let always = 12 + plan.doublings as usize + plan.restarts - 1 + RADII.len() + 1;
    let slow = if plan.slow > 0 { 2 } else { 0 };
    always + slow + usize::from(model.is_random()) + usize::from(model.is_guarded())
}

/// Says what begins.
fn announce(name: &str, emit: &mut dyn FnMut(Event)) {
    emit(Event::RungProgress {
        name: name.to_owned(),
        done: 0.0,
    });
}

fn without(places: &[usize], fallen: &[usize]) -> Vec<usize> {
    let fallen: BTreeSet<usize> = fallen.iter().copied().collect();
    places
        .iter()
        .copied()
        .filter(|place| !fallen.contains(place))
        .collect()
}
