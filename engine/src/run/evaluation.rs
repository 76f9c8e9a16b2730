//! What an evaluation found, in the folder of its run.

use serde::Deserialize;

use super::{Folder, StoreError, read_json};
use crate::config::{Effort, Norm, distance};
use crate::verdict::html::html;
use crate::verdict::report::{Judged, Report, Verdict};

/// The numbers.
pub(super) const EVALUATION: &str = "evaluation.json";
/// The same for people.
pub(super) const REPORT: &str = "report.html";

/// What [`can_write_report`] writes and takes away again.
const TRIED: &str = "evaluation.tried";

/// Whether a file is the report for another budget than the last one's.
pub(super) fn is_aside(name: &str) -> bool {
    let is = |start, end| name.starts_with(start) && name.ends_with(end);
    is("evaluation-", ".json") || is("report-", ".html")
}

/// Names of the report for a budget, once another one took its place.
fn aside(norm: Norm, epsilon: f64) -> [String; 2] {
    let budget = format!("{}-{}", norm.name(), distance(epsilon).replace('/', "-"));
    [
        format!("evaluation-{budget}.json"),
        format!("report-{budget}.html"),
    ]
}

/// Tries whether a report could be written, before the work that it takes.
///
/// # Errors
/// [`StoreError`] if it could not.
pub async fn can_write_report(folder: &Folder) -> Result<(), StoreError> {
    folder.write(TRIED, &[]).await?;
    folder.remove(TRIED).await
}

/// Writes a report as numbers and as a page, and gives back their names. What was stopped half-way
/// never takes a whole one's place, and one for another norm or radius is moved aside.
///
/// # Errors
/// [`StoreError`] if they cannot be written.
pub async fn write_report(
    folder: &Folder,
    report: &Report,
) -> Result<[&'static str; 2], StoreError> {
    let names = if report.is_whole() {
        move_aside(folder, report).await?;
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

/// Makes way for a report: one of the same model for another budget keeps a name of its own.
async fn move_aside(folder: &Folder, report: &Report) -> Result<(), StoreError> {
    // One that cannot be read is no loss.
    let Some(before) = read_brief(folder).await.map(|brief| brief.subject) else {
        return Ok(());
    };
    let subject = &report.subject;
    let is_other = (before.norm, before.epsilon) != (subject.norm, subject.epsilon);
    for (from, to) in [EVALUATION, REPORT]
        .into_iter()
        .zip(aside(before.norm, before.epsilon))
    {
        if is_other
            && before.step == subject.step
            && let Some(bytes) = folder.read(from).await?
        {
            folder.write(&to, &bytes).await?;
        }
    }
    // What lay aside for this budget is out of date.
    let names = folder.names().await?;
    for name in aside(subject.norm, subject.epsilon) {
        if names.contains(&name) {
            folder.remove(&name).await?;
        }
    }
    Ok(())
}

/// No more of a report than a list of runs shows.
#[derive(Deserialize)]
struct Brief {
    verdict: Verdict,
    subject: BriefSubject,
}

#[derive(Deserialize)]
struct BriefSubject {
    step: Option<usize>,
    norm: Norm,
    epsilon: f64,
    effort: Effort,
    images: usize,
}

/// None if there is none, or it cannot be read, which makes no run unreadable.
async fn read_brief(folder: &Folder) -> Option<Brief> {
    read_json(folder, EVALUATION).await.ok()?
}

/// What the last evaluation of a run came to; none if it was of another step.
pub(super) async fn read_judged(folder: &Folder, step: usize) -> Option<Judged> {
    let Brief { verdict, subject } = read_brief(folder).await?;
    (subject.step == Some(step)).then_some(Judged {
        verdict,
        norm: subject.norm,
        epsilon: subject.epsilon,
        effort: subject.effort,
        images: subject.images,
    })
}

/// Reads the report of a run; none if there is none.
///
/// # Errors
/// [`StoreError`] if it is wrong.
pub async fn read_report(folder: &Folder) -> Result<Option<Report>, StoreError> {
    read_json(folder, EVALUATION).await
}
