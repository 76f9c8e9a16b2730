//! The runs that a page stores: a folder of folders, each with a name of the user's.

use serde::{Deserialize, Serialize};
use web_time::{SystemTime, UNIX_EPOCH};

use super::evaluation::{EVALUATION, REPORT, is_aside, read_judged};
use super::{
    CHECKPOINT, CONFIG, Folder, METRICS, MODEL, Run, SUMMARY, StoreError, archive, read_config,
    read_summary,
};
use crate::config::RunConfig;
use crate::event::{BrokenRun, DeviceReport, Part, RunInfo};

/// The user's words for a run.
const LABEL: &str = "label.json";
/// All files of a run, but for reports that were moved aside.
const FILES: [&str; 8] = [
    CONFIG, METRICS, CHECKPOINT, MODEL, SUMMARY, EVALUATION, REPORT, LABEL,
];

/// Stored runs.
#[derive(Clone, Debug)]
pub struct Library(Folder);

#[derive(Serialize, Deserialize)]
struct Label {
    name: String,
    created: f64,
}

impl Library {
    /// The runs in a folder.
    pub fn new(folder: Folder) -> Self {
        Self(folder)
    }

    /// Clears away what a closed page left half-made: its label is written last.
    ///
    /// # Errors
    /// [`StoreError`] if the folder cannot be read.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        for id in self.0.names().await? {
            let folder = self.0.folder(&id).await?;
            // Another tab may be at work on it.
            if folder.size(LABEL).await? == 0
                && let Ok(_held) = folder.hold().await
            {
                self.0.remove(&id).await?;
            }
        }
        Ok(())
    }

    /// All runs, newest first, and those that cannot be read.
    ///
    /// # Errors
    /// [`StoreError`] if the folder cannot be read.
    pub async fn list(&self) -> Result<(Vec<RunInfo>, Vec<BrokenRun>), StoreError> {
        let mut runs = Vec::new();
        let mut broken = Vec::new();
        for id in self.0.names().await? {
            match self.info(&id).await {
                Ok(info) => runs.push(info),
                Err(error) => broken.push(BrokenRun {
                    name: self.name(&id).await,
                    reason: error.to_string().trim_end().to_owned(),
                    id,
                }),
            }
        }
        runs.sort_by(|a, b| b.created.total_cmp(&a.created).then(b.id.cmp(&a.id)));
        Ok((runs, broken))
    }

    /// The user's name for a run, or its id if there is none.
    async fn name(&self, id: &str) -> String {
        let name = async { Ok::<_, StoreError>(read_label(&self.folder(id).await?).await?.name) };
        name.await.unwrap_or_else(|_| id.to_owned())
    }

    /// One run.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub async fn info(&self, id: &str) -> Result<RunInfo, StoreError> {
        let folder = self.folder(id).await?;
        let config = read_config(&folder).await?;
        let label = read_label(&folder).await?;
        let summary = read_summary(&folder).await?;
        let mut bytes = 0;
        for file in names(&folder).await? {
            bytes += folder.size(&file).await?;
        }
        let test = summary.as_ref().and_then(|summary| summary.evaluation);
        let step = summary.as_ref().map_or(0, |summary| summary.steps);
        Ok(RunInfo {
            id: id.to_owned(),
            name: label.name,
            created: label.created,
            config,
            step,
            finished: summary.as_ref().is_some_and(|summary| summary.finished),
            test_accuracy: test
                .filter(|test| test.part == Part::Test)
                .map(|test| test.accuracy),
            verdict: read_judged(&folder, step).await,
            bytes,
        })
    }

    /// Begins a run, named after its data set; gives back its id too.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub async fn add(
        &self,
        config: &RunConfig,
        device: &DeviceReport,
    ) -> Result<(String, Run), StoreError> {
        let taken = self.0.names().await?.len();
        let name = format!("{} {}", config.data.set.title(), taken + 1);
        let created = now();
        let (id, folder) = self.fresh().await?;
        let run = Run::create(folder, config, device).await?;
        write_label(run.folder(), &Label { name, created }).await?;
        Ok((id, run))
    }

    /// The folder of a run.
    ///
    /// # Errors
    /// [`StoreError`] if there is no such run.
    pub async fn folder(&self, id: &str) -> Result<Folder, StoreError> {
        let folder = self.0.existing(id).await?;
        folder.ok_or_else(|| StoreError::Failed {
            what: "found",
            name: format!("the run {id}"),
            reason: "it may have been deleted in another window".to_owned(),
        })
    }

    /// The folder of a run, held.
    ///
    /// # Errors
    /// [`StoreError`] if there is no such run, or another window has it.
    pub async fn hold(&self, id: &str) -> Result<Folder, StoreError> {
        match self.folder(id).await?.hold().await {
            Err(StoreError::Held(_)) => Err(StoreError::Held(format!("“{}”", self.name(id).await))),
            other => other,
        }
    }

    /// Gives a run another name.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub async fn rename(&self, id: &str, name: &str) -> Result<(), StoreError> {
        let folder = self.folder(id).await?;
        let created = match read_label(&folder).await {
            Ok(label) => label.created,
            Err(_) => now(),
        };
        let name = name.to_owned();
        write_label(&folder, &Label { name, created }).await
    }

    /// Copies a run.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read or written.
    pub async fn duplicate(&self, id: &str) -> Result<(), StoreError> {
        let label = read_label(&self.folder(id).await?).await?;
        let files = self.files(id).await?;
        self.store(files, format!("{} (copy)", label.name)).await
    }

    /// Deletes a run.
    ///
    /// # Errors
    /// [`StoreError`] if it is held or cannot be removed.
    pub async fn delete(&self, id: &str) -> Result<(), StoreError> {
        let _held = self.hold(id).await?;
        self.0.remove(id).await
    }

    /// A run as one zip, with a name for it.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub async fn download(&self, id: &str) -> Result<(String, Vec<u8>), StoreError> {
        let bytes = archive::pack(&self.files(id).await?).map_err(|error| archived(id, &error))?;
        let name: String = self
            .name(id)
            .await
            .chars()
            .map(|c| if c.is_alphanumeric() { c } else { '-' })
            .collect();
        Ok((format!("{name}.zip"), bytes))
    }

    /// Stores the run in a zip.
    ///
    /// # Errors
    /// [`StoreError`] if it is no zip of a run; then nothing is stored.
    pub async fn upload(&self, file: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let files =
            archive::unpack(file, bytes, is_of_run).map_err(|error| archived(file, &error))?;
        let label = files.iter().find(|(name, _)| name == LABEL);
        let label: Option<Label> = label.and_then(|(_, bytes)| serde_json::from_slice(bytes).ok());
        let name = label.map_or_else(|| file.to_owned(), |label| label.name);
        self.store(files, name).await
    }

    async fn files(&self, id: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let folder = self.folder(id).await?;
        let mut files = Vec::new();
        for file in names(&folder).await? {
            if let Some(bytes) = folder.read(&file).await? {
                files.push((file, bytes));
            }
        }
        Ok(files)
    }

    /// Writes files into a new run, and takes it away again if they are no run.
    async fn store(&self, files: Vec<(String, Vec<u8>)>, name: String) -> Result<(), StoreError> {
        let (id, folder) = self.fresh().await?;
        let fill = async {
            for (file, bytes) in files {
                folder.write(&file, &bytes).await?;
            }
            let created = now();
            write_label(&folder, &Label { name, created }).await?;
            self.info(&id).await.map(drop)
        };
        if let Err(error) = fill.await {
            self.0.remove(&id).await?;
            return Err(error);
        }
        Ok(())
    }

    async fn fresh(&self) -> Result<(String, Folder), StoreError> {
        let taken = self.0.names().await?;
        let millis = (now() * 1e3) as u64;
        // Two runs may begin in one millisecond.
        let mut number = millis;
        while taken.contains(&number.to_string()) {
            number += 1;
        }
        let id = number.to_string();
        let folder = self.0.folder(&id).await?.hold().await?;
        Ok((id, folder))
    }
}

fn is_of_run(name: &str) -> bool {
    FILES.contains(&name) || is_aside(name)
}

/// The files of a run that are there.
async fn names(folder: &Folder) -> Result<Vec<String>, StoreError> {
    let mut names = folder.names().await?;
    names.retain(|name| is_of_run(name));
    Ok(names)
}

fn now() -> f64 {
    // A clock before 1970 is as good as one at it.
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs_f64()
}

async fn read_label(folder: &Folder) -> Result<Label, StoreError> {
    let label = super::read_json(folder, LABEL).await?;
    label.ok_or_else(|| super::missing(folder, LABEL, "it was not stored whole"))
}

async fn write_label(folder: &Folder, label: &Label) -> Result<(), StoreError> {
    // Plain data always has a JSON form.
    let text = serde_json::to_string(label).unwrap_or_default();
    folder.write(LABEL, text.as_bytes()).await
}

fn archived(file: &str, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Failed {
        what: "taken as a run",
        name: file.to_owned(),
        reason: error.to_string(),
    }
}
