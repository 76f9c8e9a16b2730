//! `squeeze attack`.

use std::process::ExitCode;

use anyhow::{Context, Result};
use squeeze_engine::attack::run::{self as attack, Target};
use squeeze_engine::config::{AttackConfig, AttackMethod};
use squeeze_engine::control::Control;
use squeeze_engine::device;
use squeeze_engine::event::Event;
use squeeze_engine::network::{Network, weights};
use squeeze_engine::run;

use crate::args::AttackArgs;
use crate::interrupt;
use crate::run_dir;
use crate::show::Show;
use crate::train::load;

/// Attacks the model of a run directory and writes what it found beside it.
pub fn attack(args: &AttackArgs) -> Result<ExitCode> {
    let folder = run_dir::existing(&args.run_dir)?;
    let mut config = pollster::block_on(run::read_config(&folder))?;
    if let Some(path) = &args.common.data {
        config.data.path = Some(path.to_string_lossy().into_owned());
    }
    let wanted = args.over(config.attack.clone());
    wanted.validate()?;
    let parameters = pollster::block_on(run::read_model(&folder))?;
    let mut show = Show::new(args.common.json);
    let opened = pollster::block_on(device::open(args.common.device))?;
    show.event(&Event::Device(opened.report.clone()))?;
    let data = load(&config, &opened, &mut show)?;
    let network = Network::new(
        config.network,
        data.data().image_shape,
        data.data().classes.len(),
        &opened.device.clone().autodiff(),
    )?;
    let network = weights::load(network, parameters)
        .with_context(|| format!("the model in {}", folder.name()))?;

    let control = Control::default();
    interrupt::stop_on_interrupt(&control)?;
    let target = Target {
        network: &network,
        data: &data,
        seed: config.seed,
    };
    let mut failed = Ok(());
    let summary = pollster::block_on(attack::run(&target, &wanted, 0, &control, &mut |event| {
        if failed.is_ok() {
            failed = show.event(&event);
        }
    }))?;
    failed?;
    // Every setting that the figures depend on; what was stopped half-way never takes a whole one's
    // place.
    let name = file_name(&wanted, summary.stopped);
    let mut text = serde_json::to_string_pretty(&summary)?;
    text.push('\n');
    pollster::block_on(folder.write(&name, text.as_bytes()))?;
    show.note(&format!("written to {}/{name}", folder.name()));
    Ok(interrupt::status(summary.stopped))
}

fn file_name(config: &AttackConfig, stopped: bool) -> String {
    // Auto-PGD takes neither from the config.
    let steps = match config.method {
        AttackMethod::Pgd => format!("-step{}-m{}", config.step_length(), config.momentum),
        AttackMethod::Apgd => String::new(),
    };
    format!(
        "attack-{}-{}-{}-t{}-eps{}{steps}-k{}-r{}-n{}{}.json",
        config.method.name(),
        config.norm.name(),
        config.loss.name(),
        config.targets,
        config.epsilon,
        config.iterations,
        config.restarts,
        config.images,
        if stopped { "-stopped" } else { "" }
    )
}
