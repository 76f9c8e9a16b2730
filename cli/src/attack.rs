//! `squeeze attack`.

use std::process::ExitCode;

use anyhow::Result;
use squeeze_engine::attack::run::{self as attack, Target};
use squeeze_engine::attack::suite;
use squeeze_engine::config::{AttackConfig, AttackMethod, Choice, Setting, distance};
use squeeze_engine::control::Control;

use crate::args::AttackArgs;
use crate::interrupt;
use crate::model::{self, Trained};
use crate::show::Show;

/// Attacks a model and writes what it found beside it.
pub fn attack(args: &AttackArgs) -> Result<ExitCode> {
    let mut show = Show::new(args.common.json);
    let (trained, stage) = model::open(&args.model, &args.common, &mut show)?;
    let Trained {
        folder,
        config,
        model,
        ..
    } = &trained;
    let wanted = args.flags.over(config.attack.clone())?;
    if wanted.method == AttackMethod::Pgd && wanted.reach() < wanted.epsilon {
        show.note(&format!(
            "note: {} steps of {} reach {}, less than epsilon, {}: --step-size 0 lets their length follow",
            wanted.iterations,
            distance(wanted.step_length()),
            distance(wanted.reach()),
            distance(wanted.epsilon)
        ));
    }
    let control = Control::default();
    interrupt::stop_on_interrupt(&control)?;
    let target = Target {
        model,
        data: &stage.data,
        seed: config.seed,
    };
    // Every setting that the figures depend on is in the name; what was stopped half-way never takes
    // a whole one's place.
    let (name, mut text, stopped) = if let Some(suite) = args.suite {
        // AutoAttack's figures are of the test set as it lies, whatever the run's own attack takes.
        let wanted = AttackConfig {
            choose: Choice::First,
            ..wanted
        };
        let summary = show.follow(|emit| {
            pollster::block_on(suite::run(&target, suite, &wanted, &control, emit))
        })?;
        let name = format!(
            "autoattack-{}-{}-eps{}-n{}{}.json",
            suite.name(),
            wanted.norm.name(),
            wanted.epsilon,
            wanted.images,
            if summary.stopped { "-stopped" } else { "" }
        );
        (
            name,
            serde_json::to_string_pretty(&summary)?,
            summary.stopped,
        )
    } else {
        let summary = show
            .follow(|emit| pollster::block_on(attack::run(&target, &wanted, 0, &control, emit)))?;
        let name = file_name(&wanted, summary.stopped);
        (
            name,
            serde_json::to_string_pretty(&summary)?,
            summary.stopped,
        )
    };
    text.push('\n');
    pollster::block_on(folder.write(&name, text.as_bytes()))?;
    show.note(&format!("written to {}/{name}", folder.name()));
    Ok(interrupt::status(stopped))
}

fn file_name(config: &AttackConfig, stopped: bool) -> String {
    let method = config.method;
    let mut name = format!("attack-{}-{}", method.name(), config.norm.name());
    // Nothing that the method has not got.
    let mut put = |setting, text: String| {
        if method.takes(setting) {
            name += &text;
        }
    };
    put(Setting::Loss, format!("-{}", config.loss.name()));
    put(Setting::Goal, format!("-{}", config.goal));
    put(Setting::StepSize, format!("-step{}", config.step_length()));
    put(Setting::Momentum, format!("-m{}", config.momentum));
    put(Setting::Samples, format!("-s{}", config.samples));
    put(Setting::Iterations, format!("-k{}", config.iterations));
    put(Setting::Restarts, format!("-r{}", config.restarts));
    if config.draws > 1 {
        name += &format!("-d{}", config.draws);
    }
    if config.choose != Choice::First {
        name += &format!("-{}", config.choose);
    }
    let end = if stopped { "-stopped" } else { "" };
    format!("{name}-eps{}-n{}{end}.json", config.epsilon, config.images)
}
