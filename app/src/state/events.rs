//! What the engine says, and what becomes of it.
//!
//! The engine may report far more often than a screen can show. Its events wait in a queue and are
//! taken in together, [`CADENCE_MS`] apart at most, so that the page redraws at a bounded rate
//! whatever the GPU does, and no task of the main thread grows long.

use std::collections::VecDeque;

use leptos::prelude::*;
use squeeze_engine::config::DataKind;
use squeeze_engine::event::{
    DataReport, Evaluation, Event, RunCurves, RunInfo, RunOpened, Steps, TrainingStarted,
};
use squeeze_engine::protocol::Command;

use crate::browser::breath::now_ms;
use crate::browser::{save, sheets};
use crate::state::device::DeviceView;
use crate::state::gallery::Gallery;
use crate::state::guess::Guess;
use crate::state::history::History;
use crate::state::judgement::{Climbing, Judgement};
use crate::state::lab::{Asked, Lab};
use crate::state::live::Live;
use crate::state::phase::Model;
use crate::state::problem::{Problem, WayOut};

/// Least time between two redraws.
const CADENCE_MS: f64 = 90.0;

/// Widest window that the style sheet (`layout.css`) gives one column: 60rem.
const ONE_COLUMN_PX: f64 = 960.0;

/// Events that wait to be shown.
#[derive(Default)]
pub struct Inbox {
    events: VecDeque<Event>,
    scheduled: bool,
    last_ms: f64,
}

impl Inbox {
    pub(super) fn clear(&mut self) {
        self.events.clear();
    }
}

/// Whether an event changes so much of the page that the browser is to draw and answer after it.
fn is_large(event: &Event) -> bool {
    matches!(
        event,
        Event::Device(_)
            | Event::Data(_)
            | Event::Runs { .. }
            | Event::ModelOpened(_)
            | Event::RunOpened(_)
            | Event::Verdict(_)
    )
}

impl Lab {
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
        loop {
            let next = self.inbox.try_update_value(|inbox| {
                let next = inbox.events.pop_front();
                if next.is_none() {
                    inbox.scheduled = false;
                    inbox.last_ms = now_ms();
                }
                next
            });
            let Some(Some(event)) = next else {
                return;
            };
            let is_large = is_large(&event);
            self.apply(event);
            if is_large {
                // What it changes is drawn in this task. The rest of the queue has another one.
                set_timeout(move || self.take_in(), std::time::Duration::ZERO);
                return;
            }
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
            Event::DataProgress { done, total } => self.loading.set(Some((done, total))),
            Event::Data(report) => self.take_in_data(report),
            Event::Runs { runs, broken } => {
                if self.runs.with_untracked(Option::is_none) {
                    let is_cut = |run: &&RunInfo| !run.finished && run.step > 0;
                    self.cut_off.set(runs.first().filter(is_cut).cloned());
                }
                self.runs.set(Some(runs));
                self.keep_others();
                self.broken_runs.set(broken);
                self.answered(Asked::Runs);
            }
            Event::RunOpened(opened) => self.take_in_run(opened),
            Event::RunCurves(curves) => self.take_in_other(&curves),
            Event::ModelOpened(opened) => self.take_in_model(opened),
            Event::File { name, bytes } => {
                self.answered(Asked::Runs);
                if let Err(sentence) = save::save(&name, &bytes) {
                    self.note(sentence);
                }
            }
            Event::TrainingStarted(started) => self.take_in_start(started),
            Event::Steps(steps) => self.take_in_steps(&steps),
            Event::Evaluation(evaluation) => self.take_in_evaluation(evaluation),
            Event::Look(look) => {
                self.history.update_value(|history| history.push_look(look));
                self.history_version.update(|version| *version += 1);
            }
            Event::Filters(filters) => self.filters.set(Some(filters)),
            Event::Paused { step } | Event::Stopped { step } => {
                self.update_live(|live| live.step = step);
            }
            Event::Saved { step } => {
                self.device_works();
                self.saved.set(Some(step));
            }
            Event::TrainingFinished(summary) => {
                self.take_in_evaluation(summary.test);
                self.update_live(|live| {
                    live.step = summary.steps;
                    live.summary = Some(summary);
                });
            }
            Event::AttackChoosing { done, total } => {
                if done == 0 {
                    self.clear_the_attack();
                }
                self.choosing.set(Some((done, total)));
            }
            Event::AttackChosen(chosen) => {
                self.clear_the_attack();
                self.shortfall.set(chosen.shortfall());
            }
            Event::AttackStarted(start) => {
                // An image of the visitor's own was not chosen among others.
                let is_chosen = !start.places.is_empty();
                let shortfall = self.shortfall.get_untracked().filter(|_| is_chosen);
                self.clear_the_attack();
                self.shortfall.set(shortfall);
                if self.closeup.get_untracked() >= start.labels.len() {
                    self.closeup.set(0);
                }
                self.gallery.set(Some(Gallery::new(start)));
                if is_chosen && is_narrow() {
                    request_animation_frame(|| show("attack"));
                }
            }
            Event::AttackFrame(frame) => self.gallery.update(|gallery| {
                if let Some(gallery) = gallery {
                    let newest = frame.sheet;
                    gallery.push(frame);
                    if let Some(newest) = newest {
                        sheets::tidy(newest, &gallery.sheets());
                    }
                }
            }),
            Event::AttackProgress(progress) => self.attack_progress.set(Some(progress)),
            Event::AttackFinished(summary) => {
                self.device_works();
                self.choosing.set(None);
                self.attack_summary.set(Some(summary));
            }
            Event::Comparing { done } => self.comparing.update(|comparing| {
                if let Some(comparing) = comparing {
                    comparing.done = done;
                }
            }),
            Event::Compared { sides } => self.take_in_comparison(sides),
            Event::Guessed { probabilities } => self.take_in_guess(probabilities),
            Event::EvaluationStarted(start) => {
                let before = self.judgement.get_untracked();
                self.judgement.set(Some(Judgement::begin(start, before)));
                // Where everything is in one column, the settings were before the eyes, below what they change.
                if is_narrow() {
                    request_animation_frame(|| show("judgement"));
                }
            }
            Event::RungProgress { name, done } => {
                let goes_on = self.climbing.with_untracked(|climbing| {
                    climbing
                        .as_ref()
                        .is_some_and(|climbing| climbing.name == name)
                });
                if !goes_on {
                    self.update_judgement(|judgement| judgement.begun += 1);
                }
                self.climbing.set(Some(Climbing { name, done }));
            }
            Event::Rung(rung) => {
                self.climbing.set(None);
                self.update_judgement(|judgement| judgement.rungs.push(rung));
            }
            Event::Sign(sign) => self.update_judgement(|judgement| judgement.signs.push(sign)),
            Event::Verdict(report) => {
                self.device_works();
                self.climbing.set(None);
                self.judgement.update(|judgement| {
                    *judgement = Some(match judgement.take() {
                        Some(begun) => begun.end(report),
                        None => Judgement::of(report),
                    });
                });
            }
            Event::Bench(figures) => {
                self.answered(Asked::Bench);
                self.bench.set(Some(figures));
            }
            // The page asks for none of these.
            Event::SuiteFinished(_) | Event::Transfer(_) => {}
            Event::Warning { message } => self.note(message),
            Event::DeviceLost {
                message,
                memory_full: true,
            } => self.memory_full(before, &message),
            // What the driver says of it helps nobody.
            Event::DeviceLost { .. } => self.device_lost(before, "The GPU was lost."),
            Event::Failed { message } => {
                self.guess.set(Guess::default());
                self.asked.set(None);
                self.loading.set(None);
                self.choosing.set(None);
                self.comparing.set(None);
                self.sources.update_value(|sources| {
                    sources.send(Vec::new());
                    sources.then_open = None;
                });
                self.then_model.set_value(None);
                if before.can_stop_evaluation() {
                    // Half of an evaluation is none.
                    self.climbing.set(None);
                    self.judgement.set(None);
                }
                if before.model == Model::Training {
                    // The engine has put the run away.
                    self.run.set(None);
                }
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

    fn take_in_data(self, report: DataReport) {
        // It is of the size of the images before.
        self.own.set(None);
        self.answered(Asked::Load);
        self.loading.set(None);
        self.clear_the_bench();
        let kind = report.kind;
        let [_, height, _] = report.image_shape;
        let wanted = self.config.with_untracked(|config| config.data.set);
        // MNIST is there first, also when a link (or a page that was started again) wants other images.
        let is_first = self.data.with_untracked(Option::is_none);
        let waits = is_first && wanted != kind;
        let comes = waits && self.has_files(wanted);
        let then_open = self.sources.try_update_value(|sources| {
            sources.learn(kind);
            if comes {
                return None;
            }
            // Other images than those of the run: the visitor has changed their mind.
            sources
                .then_open
                .take()
                .filter(|(wanted, _)| *wanted == kind)
        });
        if is_first {
            self.keep_engine();
        }
        self.data.set(Some(report));
        if waits {
            self.wanted.set(wanted);
            self.load_again(wanted);
        } else {
            self.wanted.set(kind);
            self.set_up_for(kind);
            if kind == DataKind::Folder {
                self.config.update(|config| config.data.image_size = height);
            }
        }
        if let Some((_, id)) = then_open.flatten() {
            self.ask_unbidden(Asked::OpenRun, &Command::OpenRun { id }, &[]);
        }
        if !comes && self.asked.get_untracked().is_none() {
            self.open_next_model();
        }
        self.greet();
        if !comes && self.asked.get_untracked().is_none() {
            self.recovered();
        }
    }

    fn take_in_run(self, opened: RunOpened) {
        self.answered(Asked::OpenRun);
        self.clear_the_trials();
        let RunOpened {
            info,
            parameters,
            steps,
            evaluations,
            looks,
            report,
        } = opened;
        let judged = report.as_ref().map(|report| report.subject.clone());
        self.judgement.set(report.map(Judgement::of));
        let curves = RunCurves {
            info,
            steps,
            evaluations,
            looks,
        };
        let history = History::from(&curves);
        let RunCurves {
            info,
            steps,
            evaluations,
            ..
        } = curves;
        let mut live = Live::new(info.config.clone(), parameters, info.step);
        for evaluation in evaluations {
            live.evaluated(evaluation);
        }
        live.latest = steps.last().copied();
        live.train_accuracy = history.accuracy.latest();
        self.show_history(history);
        self.live.set(Some(live));
        self.model.set(None);
        self.run.set(Some(info.id));
        self.keep_others();
        self.saved.set(Some(info.step));
        self.offer.set(None);
        let mut config = info.config;
        // Where the files lay on another machine is of no use here.
        config.data.path = None;
        // What is set is what the verdict on show is for.
        if let Some(judged) = judged {
            config.attack.norm = judged.norm;
            config.attack.epsilon = judged.epsilon;
            config.evaluation.effort = judged.effort;
            config.evaluation.images = judged.images;
        }
        self.cut_off.set(None);
        self.wanted.set(config.data.set);
        self.show_config(config);
        // The list of runs is below everything that has just changed.
        show("train");
        self.recovered();
    }

    fn take_in_start(self, started: TrainingStarted) {
        self.clear_the_trials();
        self.run.set(started.run);
        self.model.set(None);
        let fresh = started.step == 0 || self.live.with_untracked(Option::is_none);
        if fresh {
            self.saved.set(None);
            // Those of the model before; the next look brings this one's.
            self.filters.set(None);
            self.show_history(History::new(started.config.training.steps));
            let live = Live::new(started.config, started.parameters, started.step);
            self.live.set(Some(live));
            // Where everything is in one column, the settings were before the eyes.
            if is_narrow() {
                request_animation_frame(|| show("numbers"));
            }
        } else {
            self.history
                .update_value(|history| history.cut(started.step));
            self.history_version.update(|version| *version += 1);
            self.update_live(|live| live.step = started.step);
        }
    }

    fn take_in_steps(self, steps: &Steps) {
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

    fn take_in_evaluation(self, evaluation: Evaluation) {
        self.history
            .update_value(|history| history.push_evaluation(&evaluation));
        self.history_version.update(|version| *version += 1);
        self.update_live(|live| live.evaluated(evaluation));
    }

    fn update_live(self, change: impl FnOnce(&mut Live)) {
        self.live.update(|live| {
            if let Some(live) = live {
                change(live);
            }
        });
    }
}

impl Lab {
    fn update_judgement(self, change: impl FnOnce(&mut Judgement)) {
        self.judgement.update(|judgement| {
            if let Some(judgement) = judgement {
                change(judgement);
            }
        });
    }
}

/// Brings a part of the page before the visitor's eyes.
fn show(id: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        element.scroll_into_view();
    }
}

/// The style sheet puts everything in one column.
fn is_narrow() -> bool {
    let width = window().inner_width().ok().and_then(|width| width.as_f64());
    width.is_some_and(|width| width <= ONE_COLUMN_PX)
}
