//! [`State`]: what became of a task, as it wrote it down itself.

use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, fs};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use squeeze_engine::run::Folder;

const FILE: &str = "state.json";

/// What became of the last task for a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// What it came to. A task that is killed leaves `Running`.
    pub phase: Phase,
    /// Tasks that were begun for the model, this one among them.
    pub attempts: u32,
    /// The machine, and the cluster's name for the task.
    pub place: String,
    /// Seconds since 1970.
    pub began: u64,
    /// Seconds since 1970.
    pub ended: Option<u64>,
}

/// What a task came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Phase {
    /// It is at work, or was killed.
    Running,
    /// It was asked to stop; what it had done is kept.
    Stopped,
    /// All is done, but images are to be moved from a model that is not trained yet.
    Waits {
        /// The model.
        source: String,
    },
    /// It failed.
    Failed {
        /// Why.
        error: String,
        /// Training diverged, and would again.
        diverged: bool,
    },
    /// All is done.
    Done,
}

impl State {
    /// The state in a task's folder; none if there was no task yet.
    ///
    /// # Errors
    /// Names the file if it is damaged.
    pub fn read(folder: &Folder) -> Result<Option<Self>> {
        let bytes = pollster::block_on(folder.read(FILE))?;
        let read = bytes.map(|bytes| serde_json::from_slice(&bytes));
        read.transpose().with_context(|| {
            format!(
                "{}/{FILE} is damaged: delete it, no result is lost",
                folder.name()
            )
        })
    }

    /// A task begins.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn begin(folder: &Folder) -> Result<Self> {
        let before = Self::read(folder)?;
        let state = Self {
            phase: Phase::Running,
            attempts: 1 + before.map_or(0, |state| state.attempts),
            place: here(),
            began: now(),
            ended: None,
        };
        state.write(folder)?;
        Ok(state)
    }

    /// A task ends.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn end(mut self, folder: &Folder, phase: Phase) -> Result<()> {
        self.phase = phase;
        self.ended = Some(now());
        self.write(folder)
    }

    /// Training diverged.
    pub fn has_diverged(&self) -> bool {
        matches!(self.phase, Phase::Failed { diverged: true, .. })
    }

    fn write(&self, folder: &Folder) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        Ok(pollster::block_on(folder.write(FILE, text.as_bytes()))?)
    }
}

/// Seconds since 1970.
pub fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs())
}

/// This machine, and the cluster's name for this task.
fn here() -> String {
    let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let kernel = || fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let host = variable("SLURMD_NODENAME")
        .or_else(kernel)
        .or_else(|| variable("COMPUTERNAME"));
    let host = host.map_or("an unnamed machine".to_owned(), |host| {
        host.trim().to_owned()
    });
    match variable("SLURM_JOB_ID") {
        Some(job) => format!("{host}, job {job}"),
        None => host,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_state_counts_its_tasks_and_a_damaged_one_is_told() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::at(place.path()).unwrap();
        assert_eq!(State::read(&folder).unwrap(), None);
        let first = State::begin(&folder).unwrap();
        assert_eq!(State::read(&folder).unwrap().as_ref(), Some(&first));
        let failed = Phase::Failed {
            error: "no".to_owned(),
            diverged: true,
        };
        first.end(&folder, failed).unwrap();
        assert!(State::read(&folder).unwrap().unwrap().has_diverged());
        assert_eq!(State::begin(&folder).unwrap().attempts, 2);
        fs::write(place.path().join(FILE), "{").unwrap();
        let error = format!("{:#}", State::read(&folder).unwrap_err());
        assert!(error.contains("state.json is damaged"), "{error}");
    }
}
