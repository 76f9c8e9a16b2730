//! `squeeze transfer`.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use squeeze_engine::attack::transfer::{Matrix, matrix};
use squeeze_engine::config::distance;
use squeeze_engine::control::Control;

use crate::args::TransferArgs;
use crate::interrupt;
use crate::model::{self, Trained};
use crate::say::say;
use crate::show::Show;

/// Makes images on each model, tries them on all, and writes the matrix.
pub fn transfer(args: &TransferArgs) -> Result<ExitCode> {
    let mut show = Show::new(args.common.json);
    let first = model::config(&args.models[0], args.dataset)?;
    // Models that bring no data set are for that of the first.
    let set = Some(args.dataset.unwrap_or(first.data.set));
    let configs = args.models.iter().map(|source| model::config(source, set));
    let configs: Vec<_> = configs.collect::<Result<_>>()?;
    for (source, config) in args.models.iter().zip(&configs) {
        ensure!(
            config.data.set == first.data.set,
            "{} is for {}, and {} for {}: images cannot go from one to the other",
            source.name(),
            config.data.set.title(),
            args.models[0].name(),
            first.data.set.title()
        );
    }
    let attack = args.flags.over(first.attack.clone())?;
    attack.validate()?;
    let (first, stage) = model::begin(first, &args.common, &mut show)?;
    let models = args.models.iter().zip(configs);
    let models: Vec<(String, Trained)> = models
        .map(|(source, config)| {
            Ok((
                source.name(),
                model::fill(source, config, &stage, &mut show)?,
            ))
        })
        .collect::<Result<_>>()?;
    let named: Vec<_> = models
        .iter()
        .map(|(name, trained)| (name.as_str(), &trained.model))
        .collect();
    let control = Control::default();
    interrupt::stop_on_interrupt(&control)?;
    let (data, seed) = (&stage.data, first.seed);
    let found = show
        .follow(|emit| pollster::block_on(matrix(&named, data, seed, &attack, &control, emit)))?;
    if !args.common.json {
        print(&found);
    }
    // What was stopped half-way takes nothing's place.
    if found.stopped {
        show.note("stopped: nothing is written");
    } else {
        let text = serde_json::to_string_pretty(&found)? + "\n";
        let out = args.out.display();
        fs::write(&args.out, text).with_context(|| format!("{out} cannot be written"))?;
        show.note(&format!("written to {out}"));
    }
    Ok(interrupt::status(found.stopped))
}

fn print(matrix: &Matrix) {
    let row = |name: &str, shares: &[f64]| {
        let shares = shares.iter().map(|share| format!("{:9.2}", 100.0 * share));
        say!("{name:>28} {}", shares.collect::<String>());
    };
    say!();
    say!(
        "{}, {} {}, {} images: accuracy in %",
        matrix.attack.describe(),
        matrix.attack.norm.name(),
        distance(matrix.attack.epsilon),
        matrix.images
    );
    say!();
    let heads = (1..=matrix.models.len()).map(|number| format!("{:>9}", format!("on {number}")));
    say!("{:>28} {}", "", heads.collect::<String>());
    row("untouched", &matrix.clean);
    for (number, (name, shares)) in matrix.models.iter().zip(&matrix.rows).enumerate() {
        row(
            &format!("made on {}: {}", number + 1, last(name, 18)),
            shares,
        );
    }
    say!();
}

/// The end of a text, at most so many characters.
fn last(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    let end = text.chars().skip(count - most + 1);
    std::iter::once('…').chain(end).collect()
}
