//! `squeeze evaluate`: the verdict.

use std::process::ExitCode;

use anyhow::Result;
use squeeze_engine::attack::run::Target;
use squeeze_engine::config::distance;
use squeeze_engine::control::Control;
use squeeze_engine::run::{can_write_report, write_report};
use squeeze_engine::verdict::interval::in_words;
use squeeze_engine::verdict::report::{Finding, Report};
use squeeze_engine::verdict::run::evaluate as judge;

use crate::args::EvaluateArgs;
use crate::interrupt;
use crate::model::{self, Trained};
use crate::say::say;
use crate::show::Show;
use crate::table;

/// Judges a model and writes what it found beside it.
pub fn evaluate(args: &EvaluateArgs) -> Result<ExitCode> {
    if let Some(set) = args.table {
        return table::table(args, set);
    }
    let mut show = Show::new(args.common.json);
    let (trained, stage) = model::open(&args.model, &args.common, &mut show)?;
    let Trained {
        folder,
        config,
        model,
        about,
    } = &trained;
    let config = args.over(config.clone())?;
    pollster::block_on(can_write_report(folder))?;
    let control = Control::default();
    interrupt::stop_on_interrupt(&control)?;
    let target = Target {
        model,
        data: &stage.data,
        seed: config.seed,
    };
    let report =
        show.follow(|emit| pollster::block_on(judge(&target, &config, about, &control, emit)))?;
    // First: what was found must not be lost where it cannot be written.
    if !args.common.json {
        print(&report);
    }
    let [numbers, page] = pollster::block_on(write_report(folder, &report))?;
    show.note(&format!(
        "written to {0}/{numbers} and {0}/{page}",
        folder.name()
    ));
    Ok(interrupt::status(!report.is_whole()))
}

fn print(report: &Report) {
    let percent = |share: f64| format!("{:6.2} %", 100.0 * share);
    let subject = &report.subject;
    say!();
    say!(
        "{} on {}: {}; {} {}, {} images, {} evaluation",
        subject.network,
        subject.data,
        subject.training,
        subject.norm.name(),
        distance(subject.epsilon),
        subject.images,
        subject.effort.name()
    );
    say!();
    say!(
        "{:30} {:>8} {:>8} {:>10} {:>9}",
        "attack",
        "tried on",
        "fooled",
        "left",
        "seconds"
    );
    say!(
        "{:30} {:>8} {:>8} {:>10}",
        "none",
        subject.images,
        "",
        percent(report.clean_accuracy)
    );
    for rung in &report.rungs {
        let left = rung.standing as f64 / rung.images.max(1) as f64;
        say!(
            "{:30} {:8} {:8} {:>10} {:9.1}",
            rung.name,
            rung.attacked,
            rung.fallen,
            percent(left),
            rung.seconds
        );
    }
    say!();
    for sign in &report.signs {
        let mark = match sign.finding {
            Finding::Clear => " ",
            Finding::Caution => "?",
            Finding::Masking => "!",
        };
        say!("{mark} {}", sign.sentence);
    }
    say!();
    say!(
        "Verdict, {} {}, {} images: {}. {}",
        subject.norm.name(),
        distance(subject.epsilon),
        subject.images,
        report.verdict.title(),
        report.meaning()
    );
    let shares = [
        ("right without attack", Some(report.clean_accuracy)),
        ("under the usual attack", report.apparent_accuracy),
        ("under everything", Some(report.robust_accuracy)),
    ];
    for (what, share) in shares {
        let Some(share) = share else { continue };
        let sure = in_words(share, subject.images);
        say!("{what:24} {}; {sure}", percent(share));
    }
    // The first one says the numbers again.
    for reason in report.reasons.iter().skip(1) {
        say!("- {reason}");
    }
    let open: Vec<_> = report
        .checklist
        .iter()
        .filter(|item| !item.covered)
        .collect();
    if !open.is_empty() {
        say!();
        say!("Not covered of the checklist of Carlini et al. (2019):");
        for item in open {
            say!("- {}: {}", item.item, item.how);
        }
    }
    say!();
}
