//! What an evaluation found, in the folder of its run.

use super::{Folder, StoreError};
use crate::verdict::html::html;
use crate::verdict::report::Report;

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
    let names = if report.stopped {
        ["evaluation-stopped.json", "report-stopped.html"]
    } else {
        [EVALUATION, REPORT]
    };
    // Plain data always has a JSON form.
    let mut text = serde_json::to_string(report).unwrap_or_default();
    text.push('\n');
    folder.write(names[0], text.as_bytes()).await?;
    folder.write(names[1], html(report).as_bytes()).await?;
    Ok(names)
}

/// Reads the report of a run; none if there is none.
///
/// # Errors
/// [`StoreError`] if it is wrong.
pub async fn read_report(folder: &Folder) -> Result<Option<Report>, StoreError> {
    let Some(bytes) = folder.read(EVALUATION).await? else {
        return Ok(None);
    };
    let report = serde_json::from_slice(&bytes).map_err(|error| StoreError::Json {
        folder: folder.name(),
        file: EVALUATION,
        line: String::new(),
        error: error.to_string(),
    })?;
    Ok(Some(report))
}
