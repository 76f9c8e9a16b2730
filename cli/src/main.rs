//! Headless Squeeze: `squeeze train`, `squeeze attack`, `squeeze data` and others.

mod args;
mod attack;
mod bench;
mod data;
mod devices;
mod export;
mod interrupt;
mod run_dir;
mod say;
mod show;
mod train;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};

fn main() -> ExitCode {
    let result = match Args::parse().command {
        Command::Train(args) => train::train(&args),
        Command::Attack(args) => attack::attack(&args),
        Command::Data(command) => data::data(&command),
        Command::Export(args) => export::export(&args),
        Command::Presets => {
            train::presets();
            Ok(())
        }
        Command::Devices => devices::devices(),
        Command::Bench(args) => bench::bench(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
