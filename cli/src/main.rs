//! Headless Squeeze: `squeeze train`, `squeeze attack`, `squeeze data` and others.

mod args;
mod attack;
mod bench;
mod data;
mod devices;
mod estimate;
mod evaluate;
mod export;
mod interrupt;
mod made_up;
mod memory;
mod model;
mod reproduce;
mod run_dir;
mod say;
mod show;
mod sweep;
mod table;
mod train;
mod transfer;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};

fn main() -> ExitCode {
    let done = |()| ExitCode::SUCCESS;
    let result = match Args::parse().command {
        Command::Train(args) => train::train(&args),
        Command::Estimate(args) => estimate::estimate(&args).map(done),
        Command::Attack(args) => attack::attack(&args),
        Command::Evaluate(args) => evaluate::evaluate(&args),
        Command::Transfer(args) => transfer::transfer(&args),
        Command::Reproduce(args) => reproduce::reproduce(&args),
        Command::Sweep(args) => sweep::sweep(&args),
        Command::Data(command) => data::data(&command).map(done),
        Command::Export(args) => export::export(&args).map(done),
        Command::Presets => {
            train::presets();
            Ok(ExitCode::SUCCESS)
        }
        Command::Devices => devices::devices().map(done),
        Command::Bench(args) => bench::bench(&args).map(done),
    };
    match result {
        Ok(status) => status,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
