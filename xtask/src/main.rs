//! The project's chores: `cargo xtask setup | serve | dist | test | lint | bench | soak | fuzz`.

mod apt;
mod bench;
mod dist;
mod dist_cli;
mod fuzz;
mod lint;
mod offline;
mod page;
mod phases;
mod policy;
mod process;
mod project;
mod serve;
mod setup;
mod sheet;
mod soak;
mod test;
mod test_needs;
mod tools;
mod wasm_target;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The chores of Squeeze. Each brings what it needs first.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Chores {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Bring all that building and testing needs; seconds when it is there.
    Setup,
    /// Build the page in release and serve it on 127.0.0.1.
    Serve(serve::Options),
    /// Write the folder to put on a static host, or the command line as one file.
    Dist(dist::Options),
    /// Run the lints and all tests: native, and the page in Chromium.
    Test(test::Options),
    /// Check formatting, clippy (native and wasm) and dependencies.
    Lint,
    /// Measure training steps and PGD iterations, natively and in Chromium, and the size of the page.
    Bench(bench::Options),
    /// Run what takes hours: memory and pace, kills, cycles, random actions.
    Soak(soak::Options),
    /// Give every parser that a stranger's bytes reach to libFuzzer.
    Fuzz(fuzz::Options),
}

fn main() -> ExitCode {
    // Printed here, because these errors are for people: no backtrace, whatever RUST_BACKTRACE says.
    match run(Chores::parse().chore) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(chore: Chore) -> Result<()> {
    match chore {
        Chore::Setup => {
            setup::for_page()?;
            setup::for_tests()
        }
        Chore::Serve(options) => serve::run(&options),
        Chore::Dist(options) => dist::run(&options),
        Chore::Test(options) => test::run(&options),
        Chore::Lint => lint::run_chore(),
        Chore::Bench(options) => bench::run_chore(&options),
        Chore::Soak(options) => soak::run_chore(&options),
        Chore::Fuzz(options) => fuzz::run(&options),
    }
}
