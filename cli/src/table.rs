//! `squeeze evaluate --table`: the poster's tables, and ours beside them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use squeeze_engine::attack::run::{self as attack, Target};
use squeeze_engine::config::{AttackConfig, DataKind, RunConfig};
use squeeze_engine::control::Control;
use squeeze_engine::evaluate::evaluate;
use squeeze_engine::event::Part;
use squeeze_engine::run;
use squeeze_engine::verdict::table::{Column, Row, columns, rows};

use crate::args::EvaluateArgs;
use crate::interrupt;
use crate::model::{self, Source, Stage, Trained};
use crate::run_dir;
use crate::say::say;
use crate::show::Show;

/// Where runs are unless somebody says otherwise.
const RUNS: &str = "runs";

/// Shares in [0, 1] by column; some may be missing.
#[derive(Serialize)]
struct Measured {
    run: String,
    network: String,
    steps: Option<usize>,
    training: String,
    /// The poster's row, if it is one.
    row: Option<&'static str>,
    images: usize,
    accuracy: Vec<(&'static str, Option<f64>)>,
}

/// Measures the columns of the poster's table for the runs that are there.
pub fn table(args: &EvaluateArgs, set: DataKind) -> Result<ExitCode> {
    let mut show = Show::new(args.common.json);
    let base = AttackConfig::default();
    let base = AttackConfig {
        images: args.images.unwrap_or(base.images),
        batch_size: args.batch_size.unwrap_or(base.batch_size),
        ..base
    };
    base.validate()?;
    let columns = wanted(&args.columns, columns(&base))?;
    let paths = match &args.model.run_dir {
        Some(path) => vec![path.clone()],
        None => runs_of(set, Path::new(RUNS))?,
    };
    let sources: Vec<Source> = paths.into_iter().map(Source::Run).collect();
    let control = Control::default();
    interrupt::stop_on_interrupt(&control)?;
    let mut stage: Option<Stage> = None;
    let mut table = Vec::new();
    let mut stopped = false;
    for source in &sources {
        let config = model::config(source, None)?;
        ensure!(
            config.data.set == set,
            "{} is a run on {}; the table is of {}",
            source.name(),
            config.data.set.title(),
            set.title()
        );
        let stage = match &mut stage {
            Some(stage) => stage,
            none => none.insert(model::begin(config.clone(), &args.common, &mut show)?.1),
        };
        show.note(&format!(
            "{}: {}",
            source.name(),
            config.objective.describe()
        ));
        let trained = model::fill(source, config, stage, &mut show)?;
        let measured = measure(source, &trained, stage, &columns, &control, &mut show)?;
        stopped = measured.accuracy.iter().any(|(_, share)| share.is_none());
        table.push(measured);
        if stopped {
            break;
        }
    }
    if !args.common.json {
        print(set, &columns, &table);
    }
    let file = match &args.model.run_dir {
        Some(path) => path.join(format!("table-{}.json", set.name())),
        None => Path::new(RUNS).join(format!("table-{}.json", set.name())),
    };
    // What was stopped half-way takes nothing's place.
    if stopped {
        show.note("stopped: nothing is written");
    } else {
        let text = serde_json::to_string_pretty(&table)? + "\n";
        let shown = file.display();
        fs::write(&file, text).with_context(|| format!("{shown} cannot be written"))?;
        show.note(&format!("written to {shown}"));
    }
    Ok(interrupt::status(stopped))
}

fn wanted(names: &[String], columns: Vec<Column>) -> Result<Vec<Column>> {
    let known: Vec<&str> = columns.iter().map(|column| column.name).collect();
    for name in names {
        ensure!(
            known.contains(&name.as_str()),
            "--columns: there is no column {name}; there are {}",
            known.join(", ")
        );
    }
    let is_wanted =
        |column: &Column| names.is_empty() || names.iter().any(|name| name == column.name);
    Ok(columns.into_iter().filter(is_wanted).collect())
}

/// The finished runs on a data set in a folder, by name.
fn runs_of(set: DataKind, folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).map(|entries| entries.flatten().map(|entry| entry.path()));
    let mut paths: Vec<PathBuf> = entries.map(Iterator::collect).unwrap_or_default();
    paths.sort();
    for path in paths
        .into_iter()
        .filter(|path| path.join("config.toml").is_file())
    {
        let folder = run_dir::existing(&path)?;
        let config = pollster::block_on(run::read_config(&folder))?;
        let summary = pollster::block_on(run::read_summary(&folder))?;
        if config.data.set == set && summary.is_some_and(|summary| summary.finished) {
            found.push(path);
        }
    }
    if found.is_empty() {
        bail!(
            "there is no finished run on {} in {}; train one (`squeeze train --preset {}-lsq-batch-5 --out {}/lsq-5`), or name one",
            set.title(),
            folder.display(),
            set.name(),
            folder.display()
        );
    }
    Ok(found)
}

fn measure(
    source: &Source,
    trained: &Trained,
    stage: &Stage,
    columns: &[Column],
    control: &Control,
    show: &mut Show,
) -> Result<Measured> {
    let target = Target {
        model: &trained.model,
        data: &stage.data,
        seed: trained.config.seed,
    };
    let mut accuracy = Vec::new();
    let mut images = stage.data.data().test.len();
    for column in columns {
        let share = match &column.attack {
            None => {
                let places: Vec<u32> = (0..stage.data.data().test.len() as u32).collect();
                let (model, data) = (&trained.model, &stage.data);
                let step = trained.about.step.unwrap_or_default();
                let seen = evaluate(model, data, Part::Test, &places, step, control);
                pollster::block_on(seen)?.map(|seen| seen.evaluation.accuracy)
            }
            Some(config) => {
                let summary = show.follow(|emit| {
                    pollster::block_on(attack::run(&target, config, 0, control, emit))
                })?;
                images = summary.images;
                (!summary.stopped).then_some(summary.robust_accuracy)
            }
        };
        accuracy.push((column.name, share));
        if share.is_none() {
            break;
        }
    }
    Ok(Measured {
        run: source.name(),
        network: trained.about.network.clone(),
        steps: trained.about.step,
        training: trained.config.objective.describe(),
        row: row_of(&trained.config).map(|row| row.defence),
        images,
        accuracy,
    })
}

fn row_of(config: &RunConfig) -> Option<&'static Row> {
    rows(config.data.set).find(|row| (row.is)(config))
}

fn print(set: DataKind, columns: &[Column], table: &[Measured]) {
    let line = |name: &str, figure: &dyn Fn(&str) -> Option<f64>| {
        let figures = columns.iter().map(|column| {
            figure(column.name)
                .map_or_else(|| format!("{:>9}", "–"), |figure| format!("{figure:9.2}"))
        });
        say!("{name:44} {}", figures.collect::<String>());
    };
    let ours = |measured: &Measured| {
        let steps = measured
            .steps
            .map_or_else(String::new, |steps| format!(", {steps} steps"));
        let name = format!("  ours: {}, {}{steps}", measured.run, measured.network);
        line(&name, &|column| {
            let (_, share) = measured.accuracy.iter().find(|(name, _)| *name == column)?;
            share.map(|share| 100.0 * share)
        });
    };
    say!();
    say!(
        "{}: accuracy in %; attacks on the first {} test images",
        set.title(),
        table.first().map_or(0, |measured| measured.images)
    );
    let heads = columns.iter().map(|column| format!("{:>9}", column.name));
    say!("{:44} {}", "", heads.collect::<String>());
    for row in rows(set) {
        line(row.defence, &|column| {
            row.figures
                .iter()
                .find(|(name, _)| *name == column)
                .map(|(_, figure)| *figure)
        });
        for measured in table
            .iter()
            .filter(|measured| measured.row == Some(row.defence))
        {
            ours(measured);
        }
    }
    for measured in table.iter().filter(|measured| measured.row.is_none()) {
        say!("{} (not on the poster)", measured.training);
        ours(measured);
    }
    say!();
}
