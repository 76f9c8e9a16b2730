//! What an evaluation found, in the folder of its run.

use serde::Deserialize;

use super::{Folder, StoreError, read_json};
use crate::verdict::html::html;
use crate::verdict::report::{Report, Verdict};

/// The numbers.
pub(super) const EVALUATION: &str = "evaluation.json";
/// The same for people.
pub(super) const REPORT: &str = "report.html";

/// Writes a report as numbers and as a page, and gives back their names. What was stopped half-way
/// never takes a whole one's place.
///
/// # Errors
/// [`StoreError`] if they cannot be written.
pub async fn write_report(
    folder: &Folder,
    report: &Report,
) -> Result<[&'static str; 2], StoreError> {
    let names = if report.is_whole() {
        [EVALUATION, REPORT]
    } else {
        ["evaluation-stopped.json", "report-stopped.html"]
    };
    // Plain data always has a JSON form.
    let mut text = serde_json::to_string(report).unwrap_or_default();
    text.push('\n');
    folder.write(names[0], text.as_bytes()).await?;
    folder.write(names[1], html(report).as_bytes()).await?;
    Ok(names)
}

/// The verdict of a run and the step of its model.
#[derive(Deserialize)]
pub(super) struct Brief {
    pub verdict: Verdict,
    subject: Step,
}

#[derive(Deserialize)]
struct Step {
    step: Option<usize>,
}

/// Reads no more of a run's report than a list of runs shows; none if it is of another step, or
/// cannot be read, which makes no run unreadable.
pub(super) async fn read_brief(folder: &Folder, step: usize) -> Option<Brief> {
    let brief: Brief = read_json(folder, EVALUATION).await.ok()??;
    (brief.subject.step == Some(step)).then_some(brief)
}

/// Reads the report of a run; none if there is none.
///
/// # Errors
/// [`StoreError`] if it is wrong.
pub async fn read_report(folder: &Folder) -> Result<Option<Report>, StoreError> {
    read_json(folder, EVALUATION).await
}
