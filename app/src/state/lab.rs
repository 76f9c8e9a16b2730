//! [`Lab`]: the state that all rooms of the page share.
//!
//! What the visitor does to it is in [`super::actions`] and [`super::runs`], what the engine does in
//! [`super::events`].

use std::collections::BTreeMap;

use leptos::prelude::*;
use squeeze_engine::bench::BenchFigures;
use squeeze_engine::config::{DataKind, RunConfig};
use squeeze_engine::event::{
    AttackProgress, AttackSummary, BrokenRun, DataReport, DeviceKind, Filters, RunInfo,
};
use squeeze_engine::protocol::Command;

use crate::browser::{offline, sheets};
use crate::chart::model::Shown;
use crate::engine::link::{Link, worker_name};
use crate::engine::start;
use crate::files::picked::Picked;
use crate::state::comparison::{Comparing, Comparison};
use crate::state::complaint::Complaint;
use crate::state::defence::Defence;
use crate::state::device::DeviceView;
use crate::state::events::Inbox;
use crate::state::field::Field;
use crate::state::gallery::Gallery;
use crate::state::guess::Guess;
use crate::state::history::{History, Other};
use crate::state::judgement::{Climbing, Judgement};
use crate::state::live::Live;
use crate::state::models::ReadyModel;
use crate::state::phase::Phase;
use crate::state::presets;
use crate::state::problem::{Problem, WayOut};
use crate::state::recovery::Recovery;
use crate::state::share::Shared;
use crate::state::sources::Sources;

/// Images of an attack that are shown.
pub const ON_SHOW: usize = 12;

/// A command that the engine has not answered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To take other images.
    Load,
    /// To train.
    Train,
    /// To pause.
    Pause,
    /// To go on.
    Resume,
    /// To end training, the attack or the evaluation.
    Stop,
    /// To attack.
    Attack,
    /// To compare models on one image.
    Compare,
    /// To judge.
    Judge,
    /// To measure the device.
    Bench,
    /// To open a model that lies ready.
    OpenModel,
    /// To open a stored run.
    OpenRun,
    /// To do something else with the stored runs.
    Runs,
}

/// The shared state. Copies are handles to the same state.
#[derive(Clone, Copy)]
pub struct Lab {
    /// What the next run computes: the one thing that the form edits.
    pub config: RwSignal<RunConfig>,
    /// The defence whose fields stand in front: the one chosen last.
    pub front: RwSignal<Defence>,
    /// Fields whose text is not a value, with the reason.
    pub invalid: RwSignal<BTreeMap<Field, String>>,
    /// What in the config does not go together.
    pub complaint: Memo<Option<Complaint>>,
    /// The data set whose presets are offered, since the settings were made for another one.
    pub offer: RwSignal<Option<DataKind>>,
    /// What has become of the link to the settings.
    pub shared: RwSignal<Shared>,
    /// The device.
    pub device: RwSignal<DeviceView>,
    /// The data.
    pub data: RwSignal<Option<DataReport>>,
    /// The data set chosen in the list; its files may not be here yet.
    pub wanted: RwSignal<DataKind>,
    /// How far the loading of data has come: done, of so much.
    pub loading: RwSignal<Option<(usize, usize)>>,
    /// Files found so far in a dropped folder.
    pub found: RwSignal<Option<usize>>,
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
    /// Curves of other runs, seen beside them; a change is told through `history_version` too.
    pub others: StoredValue<Vec<Other>>,
    /// The first layer of the model at hand.
    pub filters: RwSignal<Option<Filters>>,
    /// Changes with the curves.
    pub history_version: RwSignal<u32>,
    /// The stored runs, once they are known.
    pub runs: RwSignal<Option<Vec<RunInfo>>>,
    /// Stored runs that cannot be read.
    pub broken_runs: RwSignal<Vec<BrokenRun>>,
    /// The stored run at hand.
    pub run: RwSignal<Option<String>>,
    /// The step at which it was last written down.
    pub saved: RwSignal<Option<usize>>,
    /// What is known of devices that went away.
    pub(super) recovery: StoredValue<Recovery>,
    /// The models that lie ready.
    pub models: RwSignal<Vec<ReadyModel>>,
    /// The one of them that is at hand.
    pub model: RwSignal<Option<String>>,
    /// One of them was opened without being asked for; that is done once.
    pub(super) greeted: StoredValue<bool>,
    /// The images of the attack.
    pub gallery: RwSignal<Option<Gallery>>,
    /// The visitor's own image, as the model takes it: `[channels, height, width]` bytes.
    pub own: RwSignal<Option<Vec<u8>>>,
    /// The newest run, if it was there when the page was opened and has not come to its end.
    pub cut_off: RwSignal<Option<RunInfo>>,
    /// The model to open when the one on its way is there.
    pub(super) then_model: StoredValue<Option<ReadyModel>>,
    /// What the model takes that image for.
    pub guess: RwSignal<Guess>,
    /// The one of them that is looked at closely.
    pub closeup: RwSignal<usize>,
    /// How many test images the model was asked about, of all, to choose those to attack from.
    pub choosing: RwSignal<Option<(usize, usize)>>,
    /// A sentence, if there are fewer images than the attack was to take.
    pub shortfall: RwSignal<Option<String>>,
    /// How far the attack has come.
    pub attack_progress: RwSignal<Option<AttackProgress>>,
    /// What the attack found.
    pub attack_summary: RwSignal<Option<AttackSummary>>,
    /// The models that were compared on one image.
    pub comparison: RwSignal<Option<Comparison>>,
    /// The comparison that is at work.
    pub comparing: RwSignal<Option<Comparing>>,
    /// The evaluation.
    pub judgement: RwSignal<Option<Judgement>>,
    /// The attack of it that is at work.
    pub climbing: RwSignal<Option<Climbing>>,
    /// What the device was measured to take.
    pub bench: RwSignal<Option<BenchFigures>>,
    /// The worker.
    pub engine: StoredValue<Option<Link>, LocalStorage>,
    /// The files of data sets.
    pub sources: StoredValue<Sources, LocalStorage>,
    /// Events that wait to be shown.
    pub(super) inbox: StoredValue<Inbox, LocalStorage>,
}

impl Lab {
    /// The state of a page that has just been opened.
    pub fn new() -> Self {
        let first = presets::first();
        let front = RwSignal::new(Defence::of(&first.objective));
        let config = RwSignal::new(first);
        Self {
            front,
            config,
            invalid: RwSignal::default(),
            complaint: Memo::new(move |_| config.with(Complaint::of)),
            offer: RwSignal::default(),
            shared: RwSignal::default(),
            device: RwSignal::default(),
            data: RwSignal::default(),
            wanted: RwSignal::default(),
            loading: RwSignal::default(),
            found: RwSignal::default(),
            phase: RwSignal::default(),
            asked: RwSignal::default(),
            problems: RwSignal::default(),
            live: RwSignal::default(),
            history: StoredValue::new(History::default()),
            others: StoredValue::default(),
            filters: RwSignal::default(),
            history_version: RwSignal::default(),
            runs: RwSignal::default(),
            broken_runs: RwSignal::default(),
            run: RwSignal::default(),
            saved: RwSignal::default(),
            recovery: StoredValue::default(),
            models: RwSignal::default(),
            model: RwSignal::default(),
            greeted: StoredValue::new(false),
            gallery: RwSignal::default(),
            own: RwSignal::default(),
            guess: RwSignal::default(),
            cut_off: RwSignal::default(),
            then_model: StoredValue::new(None),
            closeup: RwSignal::default(),
            choosing: RwSignal::default(),
            shortfall: RwSignal::default(),
            attack_progress: RwSignal::default(),
            attack_summary: RwSignal::default(),
            comparison: RwSignal::default(),
            comparing: RwSignal::default(),
            judgement: RwSignal::default(),
            climbing: RwSignal::default(),
            bench: RwSignal::default(),
            engine: StoredValue::new_local(None),
            sources: StoredValue::new_local(Sources::default()),
            inbox: StoredValue::new_local(Inbox::default()),
        }
    }

    /// The state of the page that the calling component belongs to.
    pub fn get() -> Self {
        expect_context::<Self>()
    }

    /// The engine is not there yet, at work, or about to be.
    pub fn is_locked(self) -> bool {
        let phase = self.phase.get();
        !phase.open || phase.busy() || self.asked.get().is_some()
    }

    /// Makes room for a run of the planned length in the empty charts.
    pub fn plan(self) {
        let steps = self.config.with(|config| config.training.steps);
        if self.live.with(Option::is_none) {
            self.show_history(History::new(steps));
        }
    }

    /// Puts other curves into the charts.
    pub(super) fn show_history(self, history: History) {
        self.history.set_value(history);
        self.history_version.update(|version| *version += 1);
    }

    /// Reads the curves.
    pub fn with_curves<T>(self, read: impl FnOnce(Shown<'_>) -> T) -> T {
        self.history
            .with_value(|run| self.others.with_value(|others| read(Shown { run, others })))
    }

    /// Nothing is at hand any more: no run, no attack, no verdict. The stored runs stay.
    pub(super) fn clear_the_bench(self) {
        self.live.set(None);
        self.run.set(None);
        self.model.set(None);
        self.saved.set(None);
        self.filters.set(None);
        self.others.update_value(Vec::clear);
        let steps = self.config.with_untracked(|config| config.training.steps);
        self.show_history(History::new(steps));
        self.clear_the_trials();
    }

    /// What was found out about a model goes with it.
    pub(super) fn clear_the_trials(self) {
        self.clear_the_attack();
        self.judgement.set(None);
        self.climbing.set(None);
    }

    /// No attack is on show any more.
    pub(super) fn clear_the_attack(self) {
        let newest = self
            .gallery
            .with_untracked(|gallery| gallery.as_ref()?.sheets().last().copied());
        self.gallery.set(None);
        if let Some(newest) = newest {
            sheets::tidy(newest, &[]);
        }
        self.choosing.set(None);
        self.shortfall.set(None);
        self.attack_progress.set(None);
        self.attack_summary.set(None);
        self.comparison.set(None);
        self.comparing.set(None);
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

    /// What has to be mended among the fields for which `counts` holds, as a line.
    pub fn to_mend(self, counts: fn(Field) -> bool) -> Option<String> {
        let mut names: Vec<&str> = self.invalid.with(|invalid| {
            let wrong = invalid.keys().copied().filter(|field| counts(*field));
            wrong.map(|field| field.words().label).collect()
        });
        self.complaint.with(|complaint| {
            if let Some(complaint) = complaint {
                // Values that do not go together are all of the training.
                if counts(Field::Steps) {
                    names.push(complaint.label());
                }
            }
        });
        (!names.is_empty()).then(|| format!("Mend first: {}.", names.join(", ")))
    }

    /// The data set that is loaded, with its images or without.
    pub fn data_kind(self) -> Option<DataKind> {
        self.data.with(|data| data.as_ref().map(|data| data.kind))
    }

    /// The data set at hand is that of a model which was opened without any: it has no images.
    pub fn lacks_images(self) -> bool {
        self.data
            .with(|data| data.as_ref().is_some_and(|data| data.test_images == 0))
    }

    /// Opens the device afresh. The config stays, and so do the stored runs.
    pub fn start_again(self) {
        self.put_all_away();
        start::open(self);
    }

    /// Drops the engine and all it held. The config stays, and so do the stored runs.
    pub(super) fn put_all_away(self) {
        self.engine.set_value(None);
        self.guess.set(Guess::default());
        self.inbox.update_value(Inbox::clear);
        self.phase.set(Phase::default());
        self.asked.set(None);
        self.loading.set(None);
        self.problems.set(Vec::new());
        self.clear_the_bench();
        self.runs.set(None);
        self.broken_runs.set(Vec::new());
        self.data.set(None);
        self.device.set(DeviceView::Looking);
    }

    /// The engine and MNIST are kept for visits without a connection, now that they have been loaded.
    pub(super) fn keep_engine(self) {
        if let DeviceView::Open { attempt, .. } = self.device.get_untracked() {
            offline::keep(&[worker_name(attempt.kind), "data/mnist/"]);
        }
    }

    /// Sends a command of the visitor's that will be answered. What there was to take note of has been
    /// read by then.
    pub fn ask(self, asked: Asked, command: &Command, files: &[Picked]) {
        self.problems
            .update(|problems| problems.retain(|problem| problem.way_out != WayOut::Dismiss));
        self.ask_unbidden(asked, command, files);
    }

    /// Sends a command that nobody gave and that will be answered.
    pub(super) fn ask_unbidden(self, asked: Asked, command: &Command, files: &[Picked]) {
        self.asked.set(Some(asked));
        self.send(command, files);
    }

    /// Sends a command to the worker.
    pub fn send(self, command: &Command, files: &[Picked]) {
        let sent = self
            .engine
            .with_value(|engine| engine.as_ref().map(|link| link.send(command, files)));
        match sent {
            Some(Ok(())) => {}
            Some(Err(sentence)) => self.report(Problem::new(sentence, WayOut::StartAgain)),
            None => self.report(Problem::new(
                "The engine is not running.",
                WayOut::StartAgain,
            )),
        }
    }

    /// The command has been answered, if it was this one.
    pub(super) fn answered(self, asked: Asked) {
        if self.asked.get_untracked() == Some(asked) {
            self.asked.set(None);
        }
    }

    /// Tells the visitor something to take note of.
    pub fn note(self, sentence: impl AsRef<str>) {
        self.report(Problem::new(sentence, WayOut::Dismiss));
    }

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
            DeviceView::Open { report, .. } if report.kind == DeviceKind::Gpu => {
                self.device_lost(self.phase.get_untracked(), sentence);
                return;
            }
            _ => None,
        };
        if self.phase.get_untracked().can_stop_evaluation() {
            // Half of an evaluation is none.
            self.judgement.set(None);
            self.climbing.set(None);
        }
        self.engine.set_value(None);
        self.inbox.update_value(Inbox::clear);
        self.phase.set(Phase::default());
        self.asked.set(None);
        self.loading.set(None);
        self.choosing.set(None);
        self.comparing.set(None);
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
                format!(
                    "{sentence} The settings are kept, and so are the runs as they were last saved."
                ),
                WayOut::StartAgain,
            ),
        };
        self.device.set(DeviceView::None);
        self.report(problem);
    }
}
