//! `squeeze attack`.

use anyhow::{Context, Result};
use squeeze_engine::attack::run::{Target, run};
use squeeze_engine::control::Control;
use squeeze_engine::device;
use squeeze_engine::event::Event;
use squeeze_engine::network::{Network, weights};

use crate::args::AttackArgs;
use crate::data;
use crate::interrupt::stop_on_interrupt;
use crate::run_dir::RunDir;
use crate::show::Show;

/// Attacks the model of a run directory and writes what it found beside it.
pub fn attack(args: &AttackArgs) -> Result<()> {
    let (directory, config) = RunDir::open(&args.run_dir)?;
    let attack = args.over(config.attack.clone());
    attack.validate()?;
    let parameters = directory.read_model()?;
    let mut show = Show::new(args.common.json);
    let opened = pollster::block_on(device::open(args.common.device))?;
    show.event(&Event::Device(opened.report.clone()))?;
    let data = data::load(&data::mnist_at(args.common.data.as_deref()), config.seed)?;
    show.event(&Event::Data(data.report()))?;
    let network = Network::new(
        config.network,
        data.image_shape,
        data.classes.len(),
        &opened.device.clone().autodiff(),
    )?;
    let network = weights::load(network, parameters)
        .with_context(|| format!("the model in {}", directory.path().display()))?;

    let control = Control::default();
    stop_on_interrupt(&control)?;
    let target = Target {
        network: &network,
        data: &data,
        device: &opened.device,
        seed: config.seed,
    };
    let mut failed = Ok(());
    let summary = pollster::block_on(run(&target, &attack, 0, &control, &mut |event| {
        if failed.is_ok() {
            failed = show.event(&event);
        }
    }))?;
    failed?;
    let name = format!("attack-linf-{}-{}.json", attack.epsilon, attack.iterations);
    directory.write_json(&name, &summary)?;
    show.note(&format!(
        "written to {}",
        directory.path().join(name).display()
    ));
    Ok(())
}
