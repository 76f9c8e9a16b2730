//! `squeeze reproduce`, end to end, on real MNIST.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

const PLAN: &str = r#"
title = "A small table"
about = "Two models of a few steps."
notes = ["It is <only> a test."]
set = { "training.steps" = 30, "training.held_out" = 0, "network" = "small-cnn" }

[[model]]
name = "natural"
title = "natural"
preset = "mnist-lite-natural"
paper = "mnist-natural"
figures = { "pgd" = 12.5 }

[[model]]
name = "squeezed"
title = "squeezed, beta 5"
preset = "mnist-lite-lsq-batch-5"

[[column]]
name = "test"

[[column]]
name = "pgd"
images = 40
attack = { iterations = 5, epsilon = 0.1, step_size = 0.05 }

[[column]]
name = "moved"
images = 40
transfer_from = "natural"
attack = { iterations = 5, epsilon = 0.1, step_size = 0.05 }

[[column]]
name = "logits"
images = 40
profile = true

[[trend]]
title = "A trend"
field = "objective.beta"
columns = ["logits"]
of = "gradient-l1"

[[histogram]]
title = "A histogram"
column = "logits"
of = "margins"

[[curve]]
title = "A curve"
along = "nothing"
columns = ["test", "pgd"]
x = [1, 5]
"#;

fn run(folder: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_squeeze"))
        .args(["reproduce", "plan.toml", "--device", "cpu"])
        .args(words)
        .current_dir(folder)
        .output()
        .unwrap()
}

/// The table, and all that was said.
fn succeed(folder: &Path, words: &[&str]) -> (String, String) {
    let output = run(folder, words);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{errors}");
    let said = String::from_utf8(output.stdout).unwrap();
    let (_, rest) = said.split_once("A small table: ").unwrap();
    let (table, _) = rest.split_once("written to").unwrap();
    (table.to_owned(), said)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn a_table_is_made_once_and_then_only_what_is_missing() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    fs::write(folder.join("plan.toml"), PLAN).unwrap();
    let (table, _) = succeed(folder, &[]);
    assert!(table.contains("(12.50)"), "{table}");
    let out = folder.join("reproductions/plan");
    let csv = read(&out.join("results.csv"));
    assert_eq!(csv.lines().count(), 9, "{csv}");
    assert!(csv.contains("\nnatural,pgd,0."), "{csv}");

    let json: Value = serde_json::from_str(&read(&out.join("results.json"))).unwrap();
    let natural = &json["models"][0];
    let accuracy = |column: &str| natural["cells"][column]["accuracy"].as_f64().unwrap();
    // Images that were made on a model itself are those that its own attack finds.
    assert!(
        accuracy("test") > 0.3 && accuracy("pgd") < accuracy("test"),
        "{json}"
    );
    assert_eq!(natural["cells"]["moved"]["images"], 40);
    assert_eq!(accuracy("moved"), accuracy("pgd"));
    let profile = &natural["cells"]["logits"]["profile"];
    assert!(profile["gradient_l1"].as_f64().unwrap() > 0.0, "{profile}");
    assert!(profile["distance"].as_f64().unwrap() > 0.0, "{profile}");
    let deviations = natural["deviations"].to_string();
    assert!(
        deviations.contains("training.steps 30 (mnist-natural: 2000)"),
        "{deviations}"
    );
    let page = read(&out.join("index.html"));
    for part in [
        "paper 12.50",
        "It is &lt;only&gt; a test.",
        "<polyline",
        "aria-label=\"A trend. logits: ",
        "beta_c = 10.7",
        "aria-label=\"A histogram. natural: 90 % between ",
        "squeezed, beta 5",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }

    // Again: nothing is trained or measured, and the table is the same.
    let (again, said) = succeed(folder, &[]);
    assert_eq!(again, table);
    assert!(
        !said.contains("natural: pgd") && !said.contains("trained 30 steps"),
        "{said}"
    );
    assert_eq!(read(&out.join("results.csv")), csv);
    let svg = read(&out.join("a-trend.svg"));
    assert!(svg.contains("xmlns=") && svg.contains("<style>"), "{svg}");

    // The results alone, elsewhere.
    succeed(folder, &["--results", "kept/table"]);
    let kept = folder.join("kept/table");
    assert_eq!(read(&kept.join("results.csv")), csv);
    assert_eq!(read(&kept.join("a-trend.svg")), svg);
    assert!(!kept.join("runs").exists());

    // Another column alone is measured anew.
    fs::write(
        folder.join("plan.toml"),
        PLAN.replacen("iterations = 5, epsilon", "iterations = 6, epsilon", 1),
    )
    .unwrap();
    let (_, said) = succeed(folder, &[]);
    assert!(
        said.contains("natural: pgd") && !said.contains("natural: test"),
        "{said}"
    );

    // A run elsewhere, of the same seeds, gives the same table.
    fs::write(folder.join("plan.toml"), PLAN).unwrap();
    let (elsewhere, _) = succeed(folder, &["--out", "other"]);
    assert_eq!(elsewhere, table);

    // Another run in a model's place is not overwritten.
    fs::write(
        folder.join("plan.toml"),
        PLAN.replace("\"training.steps\" = 30", "\"training.steps\" = 31"),
    )
    .unwrap();
    let output = run(folder, &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(
        said.contains("model `natural`")
            && said.contains("holds another run")
            && said.contains("--out"),
        "{said}"
    );
}

#[test]
fn a_plan_that_is_none_is_told_by_its_name() {
    let place = tempfile::tempdir().unwrap();
    let output = run(place.path(), &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("plan.toml cannot be read") && said.contains("experiments"),
        "{said}"
    );
    fs::write(
        place.path().join("plan.toml"),
        PLAN.replace("[[column]]", "[[colum]]"),
    )
    .unwrap();
    let output = run(place.path(), &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("in plan.toml") && said.contains("colum"),
        "{said}"
    );
    assert!(!place.path().join("reproductions").exists());
}

/// Lines of a table without what the clock says.
fn figures(csv: &str) -> Vec<String> {
    let fields = |line: &str| line.split(',').take(6).collect::<Vec<_>>().join(",");
    csv.lines().map(fields).collect()
}

#[test]
fn kills_in_training_and_in_measuring_change_no_figure() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    // Long enough that kills fall into it.
    let plan = PLAN
        .replace("\"training.steps\" = 30", "\"training.steps\" = 120")
        .replace("images = 40", "images = 1000");
    fs::write(folder.join("plan.toml"), plan).unwrap();
    succeed(folder, &["--out", "whole"]);
    let whole = folder.join("whole");

    let killed = folder.join("killed");
    let kill_when = |there: &dyn Fn() -> bool| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_squeeze"))
            .args(["reproduce", "plan.toml", "--device", "cpu"])
            .args(["--save-every", "0.001", "--out", "killed"])
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while !there() {
            assert_eq!(child.try_wait().unwrap(), None, "it ended before the kill");
            sleep(Duration::from_millis(5));
        }
        // SIGKILL, on Unix.
        child.kill().unwrap();
        child.wait().unwrap();
    };
    let is_there = |file: &str| killed.join("runs").join(file).exists();
    kill_when(&|| is_there("natural/checkpoint.safetensors"));
    assert!(!is_there("natural/cells.json"));
    kill_when(&|| is_there("natural/cells.json"));
    kill_when(&|| is_there("squeezed/config.toml"));
    succeed(folder, &["--out", "killed"]);
    let table = |out: &Path| figures(&read(&out.join("results.csv")));
    assert_eq!(table(&killed), table(&whole));
}

#[test]
fn a_model_that_diverges_is_left_out_and_the_others_go_on() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    let wild = "preset = \"mnist-lite-natural\"\nset = { \"optimizer.learning_rate\" = 1e30 }";
    let plan = PLAN.replacen("preset = \"mnist-lite-natural\"", wild, 1);
    fs::write(folder.join("plan.toml"), plan).unwrap();
    let output = run(folder, &[]);
    assert!(!output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("left out: model `natural`") && said.contains("diverged"),
        "{said}"
    );
    let out = folder.join("reproductions/plan");
    let csv = read(&out.join("results.csv"));
    assert!(csv.contains("\nsqueezed,pgd,0."), "{csv}");
    // Not on images that are made on a model that is not there.
    assert!(!csv.contains("natural,") && !csv.contains("moved"), "{csv}");
    assert!(read(&out.join("index.html")).contains("diverged"));
}
