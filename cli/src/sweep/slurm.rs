//! A sweep on a Slurm cluster: a job array, a task a model.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::args::StartArgs;
use super::command::{quoted, words};
use super::place::Place;
use crate::reproduce::work::is_moved;
use crate::say::say;

/// Name of the script in the sweep's folder.
const SCRIPT: &str = "job.sbatch";

/// Writes the script and submits it.
///
/// # Errors
/// If Slurm does not take it.
pub fn submit(place: &Place, numbers: &[usize], args: &StartArgs) -> Result<()> {
    let path = place.folder.join(SCRIPT);
    fs::write(&path, script(place, numbers, args)?)
        .with_context(|| format!("{} cannot be written", path.display()))?;
    say!("written to {}", path.display());
    if args.dry_run {
        return Ok(());
    }
    let script = path.to_string_lossy();
    let job = sbatch(&[&script])?;
    say!(
        "submitted as job {job}: a task for each of {} models",
        numbers.len()
    );
    if place.plan.columns.iter().any(is_moved) {
        // Images can only be moved from a model that is trained: each task looks again behind them all.
        let after = format!("--dependency=afterany:{job}");
        let again = sbatch(&[&after, &script])?;
        say!(
            "and as job {again} behind it, for images that are moved from other models; to end both: scancel {job} {again}"
        );
    }
    Ok(())
}

fn sbatch(words: &[&str]) -> Result<String> {
    let output = Command::new("sbatch")
        .arg("--parsable")
        .args(words)
        .output()
        .with_context(|| {
            format!("sbatch cannot be run: go to a machine of a Slurm cluster and give the command again there, or submit {SCRIPT} yourself")
        })?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "sbatch refused the job: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    // The job's number, and behind a semicolon the cluster's name.
    Ok(said.trim().split(';').next().unwrap_or_default().to_owned())
}

/// The script of the job array.
///
/// Slurm starts a task anew where a node failed or a job of higher priority took it (`--requeue`). Near the
/// end of its time a task is asked to stop, and puts itself into the queue again; so does one whose program
/// was killed, by the kernel for want of memory, say.
fn script(place: &Place, numbers: &[usize], args: &StartArgs) -> Result<String> {
    let array: Vec<String> = numbers.iter().map(usize::to_string).collect();
    let limit = args
        .jobs
        .map_or_else(String::new, |jobs| format!("%{jobs}"));
    let name = place.folder.file_name().unwrap_or_default();
    let folder = place.folder.display().to_string();
    let is_plain = |c: char| !c.is_whitespace() && !"%\"'\\".contains(c);
    ensure!(
        folder.chars().all(is_plain),
        "--out {folder}: Slurm takes no folder with blanks, quotes, % or \\ in its name for what tasks say; name another"
    );
    let words = words(place, args)?;
    let command: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    let mut options = vec![
        format!("--job-name=squeeze-{}", plain(&name.to_string_lossy())),
        format!("--array={}{limit}", array.join(",")),
        format!("--output={folder}/logs/%a.log"),
        "--open-mode=append".to_owned(),
        "--requeue".to_owned(),
        "--signal=B:USR1@120".to_owned(),
    ];
    for option in &args.sbatch {
        ensure!(
            option.starts_with('-') && !option.contains('\n'),
            "--sbatch {option}: write an option of sbatch, for example --sbatch=--partition=gpu"
        );
        options.push(option.clone());
    }
    let options = options.iter().map(|option| format!("#SBATCH {option}\n"));
    Ok(format!(
        r#"#!/bin/sh
{options}
# Every task trains and measures one model of the sweep, and goes on from what the last one for that model
# saved. Written by `squeeze sweep`; it is written anew each time.

near_end=
trap 'near_end=1; kill -TERM "$task" 2>/dev/null' USR1
# Slurm tells the task itself, too.
trap : TERM INT

{command} --number "$SLURM_ARRAY_TASK_ID" &
task=$!
# A signal ends the wait, not the task.
wait "$task"
status=$?
while kill -0 "$task" 2>/dev/null; do
    wait "$task"
    status=$?
done

# Out of time, or killed: once more, but not for ever.
most=0
[ "$status" -gt 130 ] && [ "$status" -ne 143 ] && most=3
[ -n "$near_end" ] && [ "$status" -ne 0 ] && most=100
if [ "${{SLURM_RESTART_COUNT:-0}}" -lt "$most" ] &&
    scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_${{SLURM_ARRAY_TASK_ID}}"; then
    # Slurm ends what is left of this one.
    sleep 60
fi
exit "$status"
"#,
        options = options.collect::<String>(),
        command = command.join(" "),
    ))
}

/// Letters, digits and hyphens alone.
pub fn plain(name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    let name: String = name.chars().map(plain).collect();
    name.trim_matches('-').to_owned()
}
