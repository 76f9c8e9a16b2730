//! What the visitor does with stored runs.

use leptos::prelude::*;
use squeeze_engine::event::RunInfo;
use squeeze_engine::protocol::Command;

use crate::files::picked::Picked;
use crate::state::lab::{Asked, Lab};

impl Lab {
    /// Opens a stored run. The data set that it was trained on is loaded first, if another one is.
    pub fn open_run(self, info: &RunInfo) {
        if !self.free_for("open the run") {
            return;
        }
        let kind = info.config.data.set;
        let loaded = self
            .data
            .with_untracked(|data| data.as_ref().map(|data| data.kind));
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
