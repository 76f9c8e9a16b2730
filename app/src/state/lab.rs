//! [`Lab`]: the state that all rooms of the page share.
//!
//! The engine may report far more often than a screen can show. Its events wait in a queue and are
//! taken in together, [`CADENCE_MS`] apart at most, so that the page redraws at a bounded rate
//! whatever the GPU does, and no task of the main thread grows long.

use std::collections::{BTreeMap, VecDeque};

use leptos::prelude::*;
use squeeze_engine::config::{NetworkKind, OptimizerKind, RunConfig};
use squeeze_engine::event::{AttackProgress, AttackSummary, DataReport, Event};
use squeeze_engine::protocol::Command;

use crate::engine::link::Link;
use crate::engine::start;
use crate::state::device::DeviceView;
use crate::state::field::Field;
use crate::state::gallery::Gallery;
use crate::state::history::History;
use crate::state::live::Live;
use crate::state::phase::Phase;
use crate::state::preset::Preset;
use crate::state::problem::{Problem, WayOut};

/// Least time between two redraws.
const CADENCE_MS: f64 = 90.0;

/// Images of an attack that are shown.
pub const ON_SHOW: usize = 12;

/// A command that the engine has not answered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To train.
    Train,
    /// To pause.
    Pause,
    /// To go on.
    Resume,
    /// To end training or the attack.
    Stop,
    /// To attack.
    Attack,
}

/// Events that wait to be shown.
#[derive(Default)]
pub struct Inbox {
    events: VecDeque<Event>,
    scheduled: bool,
    last_ms: f64,
}

/// The shared state. Copies are handles to the same state.
#[derive(Clone, Copy)]
pub struct Lab {
    /// What the next run computes: the one thing that the form edits.
    pub config: RwSignal<RunConfig>,
    /// The objective in front.
    pub preset: RwSignal<Preset>,
    /// Fields whose text is not a value, with the reason.
    pub invalid: RwSignal<BTreeMap<Field, String>>,
    /// The device.
    pub device: RwSignal<DeviceView>,
    /// The data.
    pub data: RwSignal<Option<DataReport>>,
    /// Where the page stands.
    pub phase: RwSignal<Phase>,
    /// The command on its way.
    pub asked: RwSignal<Option<Asked>>,
    /// What went wrong.
    pub problems: RwSignal<Vec<Problem>>,
    /// The run's numbers.
    pub live: RwSignal<Option<Live>>,
    /// The run's curves. They are large, so a change is told through `history_version`.
    pub history: StoredValue<History>,
    /// Changes with the curves.
    pub history_version: RwSignal<u32>,
    /// The images of the attack.
    pub gallery: RwSignal<Option<Gallery>>,
    /// How far the attack has come.
    pub attack_progress: RwSignal<Option<AttackProgress>>,
    /// What the attack found.
    pub attack_summary: RwSignal<Option<AttackSummary>>,
    /// The worker.
    pub engine: StoredValue<Option<Link>, LocalStorage>,
    inbox: StoredValue<Inbox, LocalStorage>,
}

impl Lab {
    /// The state of a page that has just been opened.
    pub fn new() -> Self {
        let config = RunConfig::default();
        Self {
            preset: RwSignal::new(Preset::of(&config.objective)),
            config: RwSignal::new(config),
            invalid: RwSignal::default(),
            device: RwSignal::default(),
            data: RwSignal::default(),
            phase: RwSignal::default(),
            asked: RwSignal::default(),
            problems: RwSignal::default(),
            live: RwSignal::default(),
            history: StoredValue::new(History::default()),
            history_version: RwSignal::default(),
            gallery: RwSignal::default(),
            attack_progress: RwSignal::default(),
            attack_summary: RwSignal::default(),
            engine: StoredValue::new_local(None),
            inbox: StoredValue::new_local(Inbox::default()),
        }
    }

    /// The state of the page that the calling component belongs to.
    pub fn get() -> Self {
        expect_context::<Self>()
    }

    // What the visitor does.

    /// Puts an objective in front.
    pub fn choose_preset(self, preset: Preset) {
        self.preset.set(preset);
        self.config
            .update(|config| preset.apply(&mut config.objective));
        self.forget_invalid(&[Field::Lambda, Field::Beta, Field::Sigma]);
    }

    /// Chooses the network by its name.
    pub fn choose_network(self, name: &str) {
        if let Some(network) = NetworkKind::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
        {
            self.config.update(|config| config.network = network);
        }
    }

    /// Chooses the optimiser by its name. Its usual learning rate comes with it.
    pub fn choose_optimizer(self, name: &str) {
        let Some(kind) = OptimizerKind::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
        else {
            return;
        };
        self.config.update(|config| {
            config.optimizer.kind = kind;
            config.optimizer.learning_rate = match kind {
                OptimizerKind::Adam => 1e-3,
                OptimizerKind::Sgd => 0.05,
            };
        });
        self.forget_invalid(&[Field::LearningRate, Field::Momentum]);
    }

    /// What stands typed in these fields no longer counts: they show the config again.
    pub fn forget_invalid(self, fields: &[Field]) {
        let any = |invalid: &BTreeMap<Field, String>| {
            fields.iter().any(|field| invalid.contains_key(field))
        };
        if self.invalid.try_with_untracked(any) == Some(true) {
            self.invalid
                .update(|invalid| invalid.retain(|field, _| !fields.contains(field)));
        }
    }

    /// Makes room for a run of the planned length in the empty charts.
    pub fn plan(self) {
        let steps = self.config.with(|config| config.training.steps);
        if self.live.with(Option::is_none) {
            self.history.set_value(History::new(steps));
            self.history_version.update(|version| *version += 1);
        }
    }

    /// Starts a run.
    pub fn train(self) {
        let config = self.config.get_untracked();
        self.ask(Asked::Train, &Command::Train { config });
    }

    /// Pauses the run.
    pub fn pause(self) {
        self.ask(Asked::Pause, &Command::Pause);
    }

    /// Goes on after a pause.
    pub fn resume(self) {
        self.ask(Asked::Resume, &Command::Resume);
    }

    /// Ends what runs, or gives up on going on after a pause.
    pub fn stop(self) {
        let phase = self.phase.get_untracked();
        if phase.can_resume() {
            // The engine stands still already: there is nothing to tell it.
            self.phase.set(phase.give_up_pause());
            return;
        }
        self.ask(Asked::Stop, &Command::Stop);
    }

    /// Attacks the model as it stands.
    pub fn attack(self) {
        let config = self.config.with_untracked(|config| config.attack.clone());
        let show = ON_SHOW.min(config.images);
        self.ask(Asked::Attack, &Command::Attack { config, show });
    }

    /// Drops the engine and all it held, and opens the device afresh. The config stays.
    pub fn start_again(self) {
        self.engine.set_value(None);
        self.inbox.update_value(|inbox| inbox.events.clear());
        self.phase.set(Phase::default());
        self.asked.set(None);
        self.problems.set(Vec::new());
        self.live.set(None);
        self.history.set_value(History::default());
        self.history_version.update(|version| *version += 1);
        self.gallery.set(None);
        self.attack_progress.set(None);
        self.attack_summary.set(None);
        self.data.set(None);
        self.device.set(DeviceView::Looking);
        start::open(self);
    }

    fn ask(self, asked: Asked, command: &Command) {
        self.problems
            .update(|problems| problems.retain(|problem| problem.way_out != WayOut::Dismiss));
        self.asked.set(Some(asked));
        self.send(command);
    }

    /// Sends a command to the worker.
    pub fn send(self, command: &Command) {
        let sent = self
            .engine
            .with_value(|engine| engine.as_ref().map(|link| link.send(command)));
        match sent {
            Some(Ok(())) => {}
            Some(Err(sentence)) => self.report(Problem::new(sentence, WayOut::StartAgain)),
            None => self.report(Problem::new(
                "The engine is not running.",
                WayOut::StartAgain,
            )),
        }
    }

    // What goes wrong.

    /// Shows a problem.
    pub fn report(self, problem: Problem) {
        self.problems.update(|problems| {
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        });
    }

    /// The worker did not load, broke down, or could not open its device.
    pub fn broke_down(self, sentence: String) {
        // Dropped a little later, because the worker's own callback may be what runs now.
        set_timeout(move || self.give_up(&sentence), std::time::Duration::ZERO);
    }

    fn give_up(self, sentence: &str) {
        let attempt = match self.device.get_untracked() {
            DeviceView::Opening(attempt) => Some(attempt),
            _ => None,
        };
        self.engine.set_value(None);
        self.inbox.update_value(|inbox| inbox.events.clear());
        self.phase.set(Phase::default());
        self.asked.set(None);
        if let Some(next) = attempt
            .as_ref()
            .and_then(|attempt| start::next_attempt(attempt, sentence))
        {
            start::launch(self, next);
            return;
        }
        let problem = match attempt {
            Some(_) => Problem::new(sentence, WayOut::OtherDevice),
            None => Problem::new(
                format!("{sentence} Its model is lost; the settings are kept."),
                WayOut::StartAgain,
            ),
        };
        self.device.set(DeviceView::None);
        self.report(problem);
    }

    // What the engine says.

    /// Queues an event; it is shown with the next redraw.
    pub fn hear(self, event: Event) {
        let wait_ms = self.inbox.try_update_value(|inbox| {
            inbox.events.push_back(event);
            if inbox.scheduled {
                return None;
            }
            inbox.scheduled = true;
            Some((inbox.last_ms + CADENCE_MS - now_ms()).max(0.0))
        });
        // A timer and not an animation frame: those stand still while the page is hidden, and the
        // queue would grow.
        if let Some(Some(wait_ms)) = wait_ms {
            let wait = std::time::Duration::from_millis(wait_ms as u64);
            set_timeout(move || self.take_in(), wait);
        }
    }

    fn take_in(self) {
        let events = self.inbox.try_update_value(|inbox| {
            inbox.scheduled = false;
            inbox.last_ms = now_ms();
            std::mem::take(&mut inbox.events)
        });
        for event in events.unwrap_or_default() {
            self.apply(event);
        }
    }

    fn apply(self, event: Event) {
        let mut phase = self.phase.get_untracked();
        let before = phase;
        phase.on(&event);
        if phase != before {
            self.phase.set(phase);
            self.asked.set(None);
        }
        match event {
            Event::Device(report) => {
                if let DeviceView::Opening(attempt) = self.device.get_untracked() {
                    self.device.set(DeviceView::Open { attempt, report });
                }
            }
            Event::Data(report) => self.data.set(Some(report)),
            Event::TrainingStarted(started) => {
                self.gallery.set(None);
                self.attack_progress.set(None);
                self.attack_summary.set(None);
                if started.step == 0 || self.live.with_untracked(Option::is_none) {
                    self.history
                        .set_value(History::new(started.config.training.steps));
                    self.history_version.update(|version| *version += 1);
                    self.live.set(Some(Live {
                        step: started.step,
                        parameters: started.parameters,
                        config: started.config,
                        steps_per_sec: 0.0,
                        latest: None,
                        train_accuracy: None,
                        test: None,
                        summary: None,
                    }));
                }
            }
            Event::Steps(steps) => {
                let train_accuracy = self.history.try_update_value(|history| {
                    for metrics in &steps.steps {
                        history.push(metrics);
                    }
                    history.accuracy.latest()
                });
                self.history_version.update(|version| *version += 1);
                self.update_live(|live| {
                    live.latest = steps.steps.last().copied().or(live.latest);
                    live.step = live.latest.map_or(live.step, |latest| latest.step);
                    live.steps_per_sec = steps.steps_per_sec;
                    live.train_accuracy = train_accuracy.flatten();
                });
            }
            Event::Evaluation(evaluation) => self.take_in_test(evaluation),
            Event::Paused { step } | Event::Stopped { step } => {
                self.update_live(|live| live.step = step);
            }
            Event::TrainingFinished(summary) => {
                self.take_in_test(summary.test);
                self.update_live(|live| {
                    live.step = summary.steps;
                    live.summary = Some(summary);
                });
            }
            Event::AttackStarted(start) => {
                self.attack_progress.set(None);
                self.attack_summary.set(None);
                self.gallery.set(Some(Gallery { start, frame: None }));
            }
            Event::AttackFrame(frame) => self.gallery.update(|gallery| {
                if let Some(gallery) = gallery {
                    gallery.frame = Some(frame);
                }
            }),
            Event::AttackProgress(progress) => self.attack_progress.set(Some(progress)),
            Event::AttackFinished(summary) => self.attack_summary.set(Some(summary)),
            Event::Failed { message } => {
                self.asked.set(None);
                if before.device_open {
                    let way_out = if before.open {
                        WayOut::Dismiss
                    } else {
                        WayOut::StartAgain
                    };
                    self.report(Problem::new(message, way_out));
                } else {
                    self.broke_down(message);
                }
            }
        }
    }

    fn take_in_test(self, evaluation: squeeze_engine::event::Evaluation) {
        self.history
            .update_value(|history| history.push_test(&evaluation));
        self.history_version.update(|version| *version += 1);
        self.update_live(|live| live.test = Some(evaluation));
    }

    fn update_live(self, change: impl FnOnce(&mut Live)) {
        self.live.update(|live| {
            if let Some(live) = live {
                change(live);
            }
        });
    }
}

fn now_ms() -> f64 {
    web_sys::window()
        .and_then(|window| window.performance())
        .map_or(0.0, |performance| performance.now())
}
