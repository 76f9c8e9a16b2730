//! A sweep on a Kubernetes cluster: an Indexed Job, a pod a model.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::args::StartArgs;
use super::command::options;
use super::place::Place;
use super::slurm::plain;
use super::state::now;
use super::task::DIVERGED;
use crate::reproduce::work::is_moved;
use crate::say::say;

/// Name of the manifest in the sweep's folder.
const MANIFEST: &str = "job.json";

/// Where the volume is in a container; a sweep's folder is in it, by its name.
const VOLUME: &str = "/sweeps";

/// Times that a pod is started anew for one model.
const RETRIES: u32 = 6;

/// Seconds that a pod has to save its state when it is to end.
const GRACE: u32 = 120;

/// Writes the manifest and applies it.
///
/// # Errors
/// If something of the command line is missing, or kubectl does not take it.
pub fn submit(place: &Place, numbers: &[usize], args: &StartArgs) -> Result<()> {
    let path = place.folder.join(MANIFEST);
    let text = serde_json::to_string_pretty(&manifest(place, numbers, args)?)? + "\n";
    fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    say!("written to {}", path.display());
    if place.plan.columns.iter().any(is_moved) {
        say!(
            "once the job is complete, give this command again: images are moved from models that are trained"
        );
    }
    if args.dry_run {
        return Ok(());
    }
    let mut kubectl = Command::new("kubectl");
    if let Some(namespace) = &args.namespace {
        kubectl.args(["--namespace", namespace]);
    }
    let applied = kubectl.args(["apply", "-f"]).arg(&path).status();
    let applied = applied.with_context(|| {
            format!("kubectl cannot be run: give the command again where it can, or apply {MANIFEST} yourself")
        })?;
    ensure!(applied.success(), "kubectl refused the job");
    Ok(())
}

/// The plan, as a config map, and the job, which is another one each time: finished jobs cannot be begun again.
fn manifest(place: &Place, numbers: &[usize], args: &StartArgs) -> Result<Value> {
    let image = args.image.as_deref();
    let image = image.context("--image: name the container's image, with `squeeze` in it")?;
    let claim = args.claim.as_deref();
    let claim = claim.context(
        "--claim: name a persistent volume claim with access ReadWriteMany, for models and results",
    )?;
    let file = place.folder.join("plan.toml");
    let plan = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let list: Vec<String> = numbers.iter().map(usize::to_string).collect();
    let list = list.join(",");
    let folder = place.folder.file_name().unwrap_or_default();
    let folder = folder.to_string_lossy();
    let mut words = vec![
        "sweep".to_owned(),
        "task".to_owned(),
        format!("{VOLUME}/{folder}"),
        "--plan".to_owned(),
        "/plan/plan.toml".to_owned(),
        "--of".to_owned(),
        list,
        "--number".to_owned(),
        "$(JOB_COMPLETION_INDEX)".to_owned(),
    ];
    words.extend(options(args));
    if let Some(data) = &args.data {
        words.extend(["--data".to_owned(), data.to_string_lossy().into_owned()]);
    }
    // A name has 63 characters at most, and pods' names have the index behind it.
    let short: String = plain(&folder).chars().take(32).collect();
    let name = format!("squeeze-{}-{}", short.trim_end_matches('-'), now());
    let labels = json!({ "app.kubernetes.io/name": "squeeze", "app.kubernetes.io/instance": name });
    let mut metadata = json!({ "name": name, "labels": labels });
    if let Some(namespace) = &args.namespace {
        metadata["namespace"] = json!(namespace);
    }
    let mut container = json!({
        "name": "squeeze",
        "image": image,
        "command": ["squeeze"],
        "args": words,
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "capabilities": { "drop": ["ALL"] },
        },
        "volumeMounts": [
            { "name": "sweep", "mountPath": VOLUME },
            { "name": "plan", "mountPath": "/plan", "readOnly": true },
        ],
    });
    if args.gpus > 0 {
        container["resources"] = json!({ "limits": { "nvidia.com/gpu": args.gpus.to_string() } });
    }
    let job = json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata,
        "spec": {
            "completionMode": "Indexed",
            "completions": numbers.len(),
            "parallelism": args.jobs.map_or(numbers.len(), |jobs| numbers.len().min(jobs as usize)),
            "backoffLimitPerIndex": RETRIES,
            // One model's failure ends no other's task.
            "maxFailedIndexes": numbers.len(),
            "podFailurePolicy": { "rules": [
                {
                    // The node was drained or lost: that counts as no try.
                    "action": "Ignore",
                    "onPodConditions": [{ "type": "DisruptionTarget", "status": "True" }],
                },
                {
                    "action": "FailIndex",
                    "onExitCodes": { "containerName": "squeeze", "operator": "In", "values": [DIVERGED] },
                },
            ] },
            "template": {
                "metadata": { "labels": labels },
                "spec": {
                    "restartPolicy": "Never",
                    "terminationGracePeriodSeconds": GRACE,
                    "securityContext": {
                        "runAsNonRoot": true,
                        "runAsUser": 10_001,
                        "fsGroup": 10_001,
                        "seccompProfile": { "type": "RuntimeDefault" },
                    },
                    "containers": [container],
                    "volumes": [
                        { "name": "sweep", "persistentVolumeClaim": { "claimName": claim } },
                        { "name": "plan", "configMap": { "name": name } },
                    ],
                },
            },
        },
    });
    let config = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata,
        "data": { "plan.toml": plan },
    });
    Ok(json!({ "apiVersion": "v1", "kind": "List", "items": [config, job] }))
}
