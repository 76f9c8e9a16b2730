//! What the visitor does with stored runs.

use leptos::prelude::*;
use squeeze_engine::event::{RunCurves, RunInfo};
use squeeze_engine::protocol::Command;

use crate::files::picked::Picked;
use crate::state::history::{History, Other};
use crate::state::lab::{Asked, Lab};

/// What runs that are seen beside the one at hand are called; more of them would hide each other.
const LETTERS: [&str; 3] = ["A", "B", "C"];

impl Lab {
    /// Opens a stored run. The data set that it was trained on is loaded first, if another one is.
    pub fn open_run(self, info: &RunInfo) {
        if !self.free_for("open the run") {
            return;
        }
        let kind = info.config.data.set;
        let loaded = untrack(|| self.data_kind().filter(|_| !self.lacks_images()));
        if loaded == Some(kind) {
            self.ask_to_open(&info.id);
            return;
        }
        self.sources
            .update_value(|sources| sources.then_open = Some((kind, info.id.clone())));
        // A folder's images are brought to the size that the run was trained on, and parted alike.
        self.config.update(|config| {
            config.seed = info.config.seed;
            config.data.image_size = info.config.data.image_size;
            config.data.test_share = info.config.data.test_share;
        });
        self.wanted.set(kind);
        if self.has_files(kind) {
            self.load_again(kind);
        } else {
            self.note(format!(
                "“{}” was trained on {}: drop those files on the page, or choose them under Data, \
                 and it opens.",
                info.name,
                kind.title()
            ));
        }
    }

    /// Shows the curves of a stored run beside those at hand, or takes them away again.
    pub fn compare_run(self, id: &str) {
        if self.is_compared(id) {
            self.others
                .update_value(|others| others.retain(|other| other.id != id));
            self.history_version.update(|version| *version += 1);
            return;
        }
        if self.others.with_value(Vec::len) == LETTERS.len() {
            self.note(format!(
                "{} runs are in the charts already: take one out first.",
                LETTERS.len()
            ));
        } else if self.free_for("read the run") {
            let id = id.to_owned();
            self.ask(Asked::Runs, &Command::ReadRun { id }, &[]);
        }
    }

    /// Whether a stored run's curves are beside those at hand.
    pub fn is_compared(self, id: &str) -> bool {
        self.history_version.track();
        self.others
            .with_value(|others| others.iter().any(|other| other.id == id))
    }

    pub(super) fn take_in_other(self, curves: &RunCurves) {
        self.answered(Asked::Runs);
        self.others.update_value(|others| {
            others.retain(|other| other.id != curves.info.id);
            let is_free = |letter: &&&str| others.iter().all(|other| other.letter != **letter);
            let Some(letter) = LETTERS.iter().find(is_free) else {
                return;
            };
            others.push(Other {
                id: curves.info.id.clone(),
                name: curves.info.name.clone(),
                letter,
                history: History::from(curves),
            });
        });
        self.history_version.update(|version| *version += 1);
    }

    /// Of the runs in the charts those stay that still exist, under the names that they have now, but for the
    /// one at hand.
    pub(super) fn keep_others(self) {
        let at_hand = self.run.get_untracked();
        let changed = self.runs.with_untracked(|runs| {
            let runs = runs.as_deref().unwrap_or_default();
            self.others.try_update_value(|others| {
                let before: Vec<String> = others.iter().map(|other| other.name.clone()).collect();
                others.retain_mut(|other| {
                    let run = runs.iter().find(|run| run.id == other.id);
                    if let Some(run) = run {
                        run.name.clone_into(&mut other.name);
                    }
                    run.is_some() && at_hand.as_ref() != Some(&other.id)
                });
                !others.iter().map(|other| &other.name).eq(&before)
            })
        });
        if changed == Some(true) {
            self.history_version.update(|version| *version += 1);
        }
    }

    pub(super) fn ask_to_open(self, id: &str) {
        self.ask(Asked::OpenRun, &Command::OpenRun { id: id.to_owned() }, &[]);
    }

    /// Gives a stored run another name. Without one it keeps its own.
    pub fn rename_run(self, id: &str, name: &str) {
        let name = name.trim().to_owned();
        if !name.is_empty() && self.free_for("rename the run") {
            let id = id.to_owned();
            self.ask(Asked::Runs, &Command::RenameRun { id, name }, &[]);
        }
    }

    /// Copies a stored run.
    pub fn duplicate_run(self, id: &str) {
        if self.free_for("copy the run") {
            let id = id.to_owned();
            self.ask(Asked::Runs, &Command::DuplicateRun { id }, &[]);
        }
    }

    /// Deletes a stored run.
    pub fn delete_run(self, id: &str) {
        if self.free_for("delete the run") {
            let id = id.to_owned();
            self.ask(Asked::Runs, &Command::DeleteRun { id }, &[]);
        }
    }

    /// Asks for a stored run as one file, which is then saved.
    pub fn download_run(self, id: &str) {
        if self.free_for("download the run") {
            let id = id.to_owned();
            self.ask(Asked::Runs, &Command::DownloadRun { id }, &[]);
        }
    }

    /// Adds a run from the one file that it was downloaded as.
    pub(super) fn upload_run(self, files: Vec<Picked>) {
        if self.free_for("add the run") {
            self.ask(Asked::Runs, &Command::UploadRun, &files);
        }
    }
}
