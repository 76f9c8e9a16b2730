//! `squeeze sweep`: its tasks on this machine, what becomes of those that are killed, fail or diverge, and the
//! manifest for Kubernetes.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

const PLAN: &str = r#"
title = "A small sweep"
about = "Four models of a few steps."
set = { "training.held_out" = 0, "network" = "small-cnn" }

[grid]
preset = "mnist-lite-lsq-batch-5"
axis = [
    { field = "seed", title = "seed", values = [1, 2] },
    { field = "objective.beta", title = "beta", values = [0.0, 5.0] },
]
set = { "training.steps" = 40 }

[[column]]
name = "test"

[[column]]
name = "pgd"
images = 40
attack = { iterations = 5, epsilon = 0.1, step_size = 0.05 }
"#;

/// A name of the plan's first model.
const FIRST: &str = "seed1-beta0.0";

fn squeeze(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_squeeze"));
    command.current_dir(folder);
    command
}

fn run(folder: &Path, words: &[&str]) -> Output {
    squeeze(folder).args(words).output().unwrap()
}

/// What was said.
fn succeed(folder: &Path, words: &[&str]) -> String {
    let output = run(folder, words);
    let errors = String::from_utf8(output.stderr).unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{errors}");
    said
}

/// What was said against it.
fn fail(folder: &Path, words: &[&str]) -> String {
    let output = run(folder, words);
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap() + &String::from_utf8(output.stdout).unwrap()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn status(folder: &Path) -> Vec<Value> {
    let said = succeed(folder, &["sweep", "status", "s", "--json"]);
    said.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Lines of a table without what the clock says.
fn figures(csv: &str) -> Vec<String> {
    let fields = |line: &str| line.split(',').take(6).collect::<Vec<_>>().join(",");
    csv.lines().map(fields).collect()
}

#[test]
fn a_sweep_makes_the_table_that_one_process_makes() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    fs::write(folder.join("plan.toml"), PLAN).unwrap();
    let words = ["sweep", "plan.toml", "--out", "s", "--device", "cpu"];
    let said = succeed(folder, &[&words[..], &["--jobs", "2"]].concat());
    assert!(said.contains("4 models: 4 done"), "{said}");
    let said = succeed(folder, &["sweep", "collect", "s"]);
    assert!(said.contains("4 models: 4 done"), "{said}");
    succeed(
        folder,
        &["reproduce", "plan.toml", "--device", "cpu", "--out", "r"],
    );
    let table = |out: &str| figures(&read(&folder.join(out).join("results.csv")));
    assert_eq!(table("s"), table("r"));
    assert!(folder.join("s/pgd.svg").is_file());

    let tidy = read(&folder.join("s/sweep.csv"));
    let head = "model,objective.beta,seed,measurement,accuracy,images,verdict,";
    assert!(tidy.starts_with(head), "{tidy}");
    assert_eq!(tidy.lines().count(), 9, "{tidy}");
    assert!(tidy.contains("\nseed2-beta5.0,5,2,pgd,0."), "{tidy}");
    let parquet = fs::read(folder.join("s/sweep.parquet")).unwrap();
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));

    // Again: there is nothing to do.
    let said = succeed(folder, &words);
    assert!(said.contains("nothing is left to begin"), "{said}");
    let logs = (0..4).map(|number| read(&folder.join(format!("s/logs/{number}.log"))));
    let trainings: usize = logs
        .map(|log| log.matches("trained 40 steps").count())
        .sum();
    assert_eq!(trainings, 4);

    // Nor do models that were begun go on by other settings, and no other sweep goes into the folder.
    fs::write(folder.join("other.toml"), PLAN.replace("= 40 }", "= 41 }")).unwrap();
    let said = fail(folder, &["sweep", "other.toml", "--out", "s"]);
    assert!(
        said.contains("model `seed1-beta0.0` was begun with other settings")
            && said.contains("steps = 41"),
        "{said}"
    );
    fs::write(folder.join("other.toml"), PLAN.replace("[1, 2]", "[3, 4]")).unwrap();
    let said = fail(folder, &["sweep", "other.toml", "--out", "s"]);
    assert!(
        said.contains("a sweep of other models") && said.contains("--out"),
        "{said}"
    );
}

#[test]
fn a_task_that_is_killed_is_told_and_gone_on_with_alone() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    fs::write(folder.join("plan.toml"), PLAN.replace("= 40 }", "= 200 }")).unwrap();
    let begin = ["sweep", "plan.toml", "--out", "s", "--device", "cpu"];
    let only = [&begin[..], &["--cells", FIRST, "--save-every", "0.001"]].concat();
    // A task alone, which is killed in training.
    let wrong = fail(folder, &[&begin[..], &["--cells", "seed9"]].concat());
    assert!(wrong.contains("no model `seed9`"), "{wrong}");
    let mut child = squeeze(folder)
        .args(["sweep", "task", "s", "--number", "0", "--device", "cpu"])
        .args(["--save-every", "0.001"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let checkpoint = folder.join(format!("s/runs/{FIRST}/checkpoint.safetensors"));
    while !checkpoint.exists() {
        assert_eq!(child.try_wait().unwrap(), None, "it ended before the kill");
        assert!(began.elapsed() < Duration::from_secs(300));
        sleep(Duration::from_millis(5));
    }
    assert_eq!(status(folder)[0]["what"]["is"], "running");
    // Another task for the model waits for this one.
    let second = squeeze(folder)
        .args(["sweep", "task", "s", "--number", "0", "--device", "cpu"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    sleep(Duration::from_secs(1));
    child.kill().unwrap();
    child.wait().unwrap();
    let second = second.wait_with_output().unwrap();
    let said = String::from_utf8(second.stdout).unwrap();
    assert!(second.status.success(), "{said}");
    assert!(said.contains("waits until it ends"), "{said}");
    let found = status(folder);
    assert_eq!(found[0]["what"]["is"], "done", "{found:?}");
    assert_eq!(found[0]["attempts"], 2);
    assert_eq!(found[1]["what"]["is"], "missing");
    let steps = read(&folder.join(format!("s/runs/{FIRST}/metrics.jsonl")));
    let steps = steps
        .lines()
        .filter(|line| line.contains("\"type\":\"step\""));
    assert_eq!(steps.count(), 200);

    // The rest is missing, and is named.
    let said = fail(folder, &["sweep", "collect", "s"]);
    assert!(said.contains("1 done, 3 missing"), "{said}");
    assert!(
        said.contains("not whole: seed1-beta5.0, seed2-beta0.0"),
        "{said}"
    );
    let said = succeed(folder, &only);
    assert!(said.contains("seed 1, beta 0"), "{said}");
}

#[test]
fn a_model_that_diverges_is_not_tried_again_unasked() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    let wild = PLAN.replace(
        "{ field = \"objective.beta\", title = \"beta\", values = [0.0, 5.0] }",
        "{ field = \"optimizer.learning_rate\", title = \"rate\", values = [0.001, 1e30] }",
    );
    fs::write(folder.join("plan.toml"), wild.replace("[1, 2]", "[1]")).unwrap();
    let words = ["sweep", "plan.toml", "--out", "s", "--device", "cpu"];
    let said = succeed(folder, &words);
    assert!(said.contains("1 done, 1 diverged"), "{said}");
    let said = succeed(folder, &["sweep", "status", "s"]);
    assert!(said.contains("diverged"), "{said}");
    assert_eq!(status(folder)[1]["what"]["is"], "diverged");
    let output = run(
        folder,
        &["sweep", "task", "s", "--number", "1", "--device", "cpu"],
    );
    assert_eq!(output.status.code(), Some(65));
    let said = succeed(folder, &words);
    assert!(said.contains("nothing is left to begin"), "{said}");
    succeed(folder, &["sweep", "collect", "s"]);
    assert!(read(&folder.join("s/results.json")).contains("\"diverged\": true"));
}

#[test]
fn images_are_moved_once_their_model_is_trained() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    let moved = format!(
        "{PLAN}\n[[column]]\nname = \"moved\"\nimages = 40\ntransfer_from = \"seed2-beta5.0\"\n\
         attack = {{ iterations = 5, epsilon = 0.1, step_size = 0.05 }}\n"
    );
    fs::write(folder.join("plan.toml"), moved).unwrap();
    let words = ["sweep", "plan.toml", "--out", "s", "--device", "cpu"];
    let said = fail(folder, &[&words[..], &["--cells", FIRST]].concat());
    assert!(said.contains("1 waits, 3 missing"), "{said}");
    assert!(said.contains("not done: seed1-beta0.0"), "{said}");
    let found = status(folder);
    assert_eq!(found[0]["what"]["source"], "seed2-beta5.0", "{found:?}");
    let said = succeed(folder, &words);
    assert!(said.contains("4 models: 4 done"), "{said}");
}

#[test]
fn what_does_not_go_together_is_told() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    fs::write(folder.join("plan.toml"), PLAN).unwrap();
    for (words, part) in [
        (&["--gpus", "1"][..], "--gpus is for --on kubernetes"),
        (&["--sbatch=--exclusive"], "--sbatch is for --on slurm"),
        (&["--on", "kubernetes", "--dry-run"], "--image: name"),
        (
            &["--on", "kubernetes", "--dry-run", "--image", "i"],
            "--claim: name",
        ),
        (
            &["--on", "slurm", "--dry-run", "--sbatch=exclusive"],
            "write an option of sbatch",
        ),
        (
            &["--cells", "seed1-beta5.0,seed1-beta5.0"],
            "stands there twice",
        ),
    ] {
        let said = fail(folder, &[&["sweep", "plan.toml"], words].concat());
        assert!(said.contains(part), "{part}: {said}");
    }
    let said = fail(folder, &["sweep", "status", "nowhere"]);
    assert!(said.contains("nowhere holds no sweep"), "{said}");
}

/// A manifest whose items are of the API: what is read by its types is all that was there.
#[test]
fn the_manifest_is_one_of_kubernetes() {
    use k8s_openapi::api::batch::v1::Job;
    use k8s_openapi::api::core::v1::ConfigMap;

    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    fs::write(folder.join("plan.toml"), PLAN).unwrap();
    let words = [
        "sweep",
        "plan.toml",
        "--out",
        "My sweep_1",
        "--on",
        "kubernetes",
        "--dry-run",
        "--image",
        "registry.example/squeeze:1",
        "--claim",
        "data",
        "--namespace",
        "lab",
        "--gpus",
        "1",
        "--jobs",
        "3",
        "--cells",
        "seed1-beta5.0,seed2-beta5.0",
        "--device",
        "gpu",
        "--data",
        "/sweeps/images",
    ];
    succeed(folder, &words);
    let path = folder.join("My sweep_1/job.json");
    let manifest: Value = serde_json::from_str(&read(&path)).unwrap();
    let [config, job] = &manifest["items"].as_array().unwrap()[..] else {
        panic!("{manifest}");
    };
    let typed: Job = serde_json::from_value(job.clone()).unwrap();
    assert_eq!(&serde_json::to_value(&typed).unwrap(), job);
    let map: ConfigMap = serde_json::from_value(config.clone()).unwrap();
    assert_eq!(&serde_json::to_value(&map).unwrap(), config);
    assert_eq!(map.data.unwrap()["plan.toml"], PLAN);

    let name = typed.metadata.name.unwrap();
    assert!(name.starts_with("squeeze-my-sweep-1-"), "{name}");
    let spec = typed.spec.unwrap();
    assert_eq!((spec.completions, spec.parallelism), (Some(2), Some(2)));
    let pod = spec.template.spec.unwrap();
    assert_eq!(
        pod.volumes.unwrap()[1].config_map.as_ref().unwrap().name,
        name
    );
    let container = &pod.containers[0];
    let args = container.args.as_ref().unwrap().join(" ");
    assert_eq!(
        args,
        "sweep task /sweeps/My sweep_1 --plan /plan/plan.toml --of 1,3 --number $(JOB_COMPLETION_INDEX) \
         --device gpu --save-every 5 --data /sweeps/images"
    );

    // What its pods do, here: the plan comes with the task.
    let said = succeed(
        folder,
        &[
            "sweep",
            "task",
            "pod",
            "--plan",
            "plan.toml",
            "--of",
            "1,3",
            "--number",
            "1",
            "--device",
            "cpu",
        ],
    );
    assert!(said.contains("seed 2, beta 5"), "{said}");
    assert!(folder.join("pod/runs/seed2-beta5.0/cells.json").is_file());
}
