//! `cargo xtask soak`: what takes too long for every day. Memory and pace over many steps, many kills, many
//! cycles, many random actions.

use anyhow::Result;
use clap::Args;

use crate::process::{cargo, run};
use crate::{lint, page, phases::Phases, setup, test_needs};

/// How much.
#[derive(Args)]
pub struct Options {
    /// How many times as many cycles and random actions as `cargo xtask test` makes: 40 are 200 cycles and
    /// 12,000 actions.
    #[arg(long, default_value_t = 40)]
    times: u32,
    /// How often a run is killed.
    #[arg(long, default_value_t = 100)]
    kills: u32,
    /// Only the tests whose names contain this.
    filter: Option<String>,
    /// Take the page that was built before.
    #[arg(long)]
    no_build: bool,
}

/// Runs the long tests one after the other and shows what they measure.
pub fn run_chore(options: &Options) -> Result<()> {
    let mut phases = Phases::default();
    let tools = setup::for_page()?;
    setup::for_tests()?;
    phases.step("kills, and memory of the command line", || {
        let mut tests = cargo()?;
        tests.args(["test", "--release"]);
        for package in lint::ENGINE_PACKAGES {
            tests.args(["--package", package]);
        }
        tests.args(["--test", "resume", "--test", "memory"]);
        tests.args(&options.filter);
        tests.args([
            "--",
            "--nocapture",
            "--test-threads",
            "1",
            "--include-ignored",
        ]);
        tests.envs(test_needs::vulkan_variables());
        tests.env("SQUEEZE_KILLS", options.kills.to_string());
        run(&mut tests)
    });
    if !options.no_build {
        phases.step("building the page", || page::build(&tools));
    }
    phases.step("the page, for long", || {
        let mut tests = cargo()?;
        tests.args(["test", "--release", "--package", "squeeze-tests"]);
        tests.args(["--features", "squeeze-tests/page", "--test", "page"]);
        tests.arg(options.filter.as_deref().unwrap_or("soak::"));
        tests.args([
            "--",
            "--nocapture",
            "--test-threads",
            "1",
            "--include-ignored",
        ]);
        tests.env("SQUEEZE_SOAK", options.times.to_string());
        run(&mut tests)
    });
    phases.report();
    if phases.failed() > 0 {
        anyhow::bail!("{} of the long tests failed", phases.failed());
    }
    Ok(())
}
