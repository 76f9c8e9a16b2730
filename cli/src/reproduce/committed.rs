//! The results in `experiments/results` are those of the plans in `experiments`, and what REPRODUCTION.md
//! says is in them.
//!
//! A table of REPRODUCTION.md stands between `<!-- table PLAN: COLUMN, COLUMN/QUANTITY, training -->` and
//! `<!-- end -->`; a number in its text is followed by `<!-- = PLAN MODEL COLUMN -->`. The test writes the
//! tables anew when `SQUEEZE_WRITE_TABLES` is set.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use squeeze_engine::config::RunConfig;

use super::cells::settings;
use super::plan::Plan;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn results(plan: &str) -> Value {
    let path = root().join(format!("experiments/results/{plan}/results.json"));
    serde_json::from_str(&read(&path)).unwrap()
}

/// The names of the plans whose results are committed.
fn names() -> Vec<String> {
    let folder = root().join("experiments/results");
    let folders = fs::read_dir(folder).unwrap();
    let names = folders.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn the_results_are_those_of_their_plans() {
    assert!(!names().is_empty());
    for name in names() {
        let plan = Plan::read(&root().join(format!("experiments/{name}.toml"))).unwrap();
        let results = results(&name);
        assert_eq!(results["title"], plan.title, "{name}");
        let models = results["models"].as_array().unwrap();
        assert_eq!(models.len(), plan.models.len(), "{name}");
        for (model, planned) in models.iter().zip(&plan.models) {
            // A setting that came later had its default.
            let config: RunConfig = serde_json::from_value(model["config"].clone()).unwrap();
            assert_eq!(config, planned.config, "{name}, {}", planned.name);
            if model["diverged"] == true {
                continue;
            }
            for column in &plan.columns {
                let source = plan.source(column).map(|source| &source.config);
                let wanted = settings(&planned.config, column, source).unwrap();
                let cell = &model["cells"][&column.name];
                let place = format!("{name}, {}, {}", planned.name, column.name);
                assert_eq!(cell["settings"], wanted, "{place}");
                assert!(
                    cell["made_by"].as_str().unwrap().contains("Squeeze"),
                    "{place}"
                );
            }
        }
    }
}

/// A model of several plans is trained for each of them anew, days apart and on other machines.
#[test]
fn a_model_of_two_plans_came_to_the_same_figures_in_both() {
    let mut seen: BTreeMap<[String; 2], (Value, Value)> = BTreeMap::new();
    let mut compared = 0;
    for name in names() {
        let results = results(&name);
        for model in results["models"].as_array().unwrap() {
            for (column, cell) in model["cells"].as_object().unwrap() {
                let key = [model["config"].to_string(), cell["settings"].to_string()];
                let figures = (cell["accuracy"].clone(), cell["verdict"].clone());
                match seen.get(&key) {
                    Some(before) => {
                        assert_eq!(*before, figures, "{name}, {}, {column}", model["name"]);
                        compared += 1;
                    }
                    None => {
                        seen.insert(key, figures);
                    }
                }
            }
        }
    }
    assert!(compared >= 40, "{compared} figures were measured twice");
}

/// The title of a column in a table.
fn heading(results: &Value, column: &str) -> String {
    let (name, quantity) = column.split_once('/').unwrap_or((column, ""));
    let images = results["models"][0]["cells"][name]["images"].as_u64();
    match (quantity, images) {
        ("", Some(images)) => format!("{name} ({images})"),
        ("", None) => "training, s".to_owned(),
        (quantity, _) => quantity.replace('_', " "),
    }
}

/// What stands in a table for a column of a model.
fn entry(model: &Value, column: &str) -> String {
    if model["diverged"] == true {
        return "diverged".to_owned();
    }
    let (name, quantity) = column.split_once('/').unwrap_or((column, ""));
    if name == "training" {
        return format!("{:.0}", model["training_seconds"].as_f64().unwrap());
    }
    let cell = &model["cells"][name];
    if !quantity.is_empty() {
        let value = cell["profile"][quantity].as_f64();
        return value.map_or("none".to_owned(), squeeze_engine::verdict::plot::number);
    }
    let accuracy = cell["accuracy"].as_f64();
    let accuracy = accuracy.unwrap_or_else(|| panic!("{}: no {name}", model["name"]));
    let mut text = format!("{:.1}", 100.0 * accuracy);
    if let Some(verdict) = cell["verdict"].as_str() {
        text += &format!(", {}", verdict.replace('-', " "));
    }
    if let Some(paper) = model["paper_percent"][name].as_f64() {
        text += &format!(" ({paper:.2})");
    }
    text
}

fn table(name: &str, columns: &[&str]) -> String {
    let results = results(name);
    let heads: Vec<String> = columns
        .iter()
        .map(|column| heading(&results, column))
        .collect();
    let mut text = format!(
        "| | {} |\n|---|{}\n",
        heads.join(" | "),
        "---:|".repeat(columns.len())
    );
    for model in results["models"].as_array().unwrap() {
        let cells: Vec<String> = columns.iter().map(|column| entry(model, column)).collect();
        let title = model["title"].as_str().unwrap();
        text += &format!("| {title} | {} |\n", cells.join(" | "));
    }
    text
}

/// The text with its tables made anew.
fn renewed(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<!-- table ") {
        let (what, after) = after.split_once(" -->\n").unwrap();
        let (name, columns) = what.split_once(": ").unwrap();
        let columns: Vec<&str> = columns.split(", ").collect();
        let (_, after) = after.split_once("<!-- end -->").unwrap();
        out += &format!(
            "{before}<!-- table {what} -->\n{}<!-- end -->",
            table(name, &columns)
        );
        rest = after;
    }
    out + rest
}

#[test]
fn reproduction_md_says_what_the_results_say() {
    let path = root().join("REPRODUCTION.md");
    let text = read(&path);
    let renewed = renewed(&text);
    if std::env::var_os("SQUEEZE_WRITE_TABLES").is_some() {
        fs::write(&path, &renewed).unwrap();
    } else {
        assert!(
            text == renewed,
            "its tables are old: run the test with SQUEEZE_WRITE_TABLES=1"
        );
    }
    let mut count = 0;
    let mut rest = renewed.as_str();
    while let Some((before, after)) = rest.split_once(" <!-- = ") {
        let (what, after) = after.split_once(" -->").unwrap();
        let [plan, model, column] = what.splitn(3, ' ').collect::<Vec<_>>()[..] else {
            panic!("{what}");
        };
        let results = results(plan);
        let models = results["models"].as_array().unwrap();
        let model = models.iter().find(|found| found["name"] == model);
        let wanted = entry(model.unwrap_or_else(|| panic!("{what}")), column);
        let wanted = wanted.split([',', ' ']).next().unwrap();
        let said = before.rsplit([' ', '\n', '(']).next().unwrap();
        assert_eq!(said.trim_end_matches('%'), wanted, "{what}");
        count += 1;
        rest = after;
    }
    assert!(
        count >= 10,
        "{count} numbers of the text are tied to results"
    );
    // Pictures and files are there.
    for part in renewed.split("](").skip(1) {
        let (link, _) = part.split_once(')').unwrap();
        if !link.contains("://") {
            assert!(root().join(link).exists(), "{link}");
        }
    }
}
