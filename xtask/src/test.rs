//! `cargo xtask test`.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::phases::Phases;
use crate::process::{cargo, shown};
use crate::{lint, page, setup, test_needs};

/// Which tests.
#[derive(Args)]
pub struct Options {
    /// Run only the tests whose names contain this, and no lint.
    filter: Option<String>,
}

/// Runs the lints and the tests. The last line printed holds the counts; a failed step that is not a
/// test (a lint, the page's build) counts as one failure.
pub fn run(options: &Options) -> Result<()> {
    let mut phases = Phases::default();
    let mut counts = Counts::default();
    let tools = phases.step("set-up", || {
        let tools = setup::for_page()?;
        setup::for_tests()?;
        Ok(tools)
    });
    if options.filter.is_none() {
        lint::run_all(&mut phases);
    }
    counts.failed += phases.failed();
    phases.step("tests of the engine and the command line", || {
        let mut tests = cargo_test(&lint::ENGINE_PACKAGES)?;
        // One Vulkan driver everywhere, also where there is a GPU.
        tests.envs(test_needs::vulkan_variables());
        run_counted(&mut tests, options, &mut counts)
    });
    phases.step("tests of the page's parts and of these chores", || {
        let page = run_counted(&mut cargo_test(&["squeeze-app"])?, options, &mut counts);
        let chores = run_counted(
            cargo()?.args(["test", "--package", "xtask"]),
            options,
            &mut counts,
        );
        page.and(chores)
    });
    let built = tools.and_then(|tools| phases.step("building the page", || page::build(&tools)));
    if built.is_some() {
        phases.step("tests of the page in the browser", || {
            let mut tests = cargo_test(&["squeeze-tests"])?;
            tests.args(["--features", "squeeze-tests/page"]);
            run_counted(&mut tests, options, &mut counts)
        });
    } else {
        counts.failed += 1;
    }
    phases.report();
    let failed = counts.failed;
    let skipped = match counts.skipped {
        0 => String::new(),
        skipped => format!(", {skipped} skipped"),
    };
    println!("\n{} passed, {failed} failed{skipped}", counts.passed);
    if failed > 0 {
        std::process::exit(1);
    }
    Ok(())
}

fn cargo_test(packages: &[&str]) -> Result<Command> {
    let mut command = cargo()?;
    command.args(["test", "--release", "--no-fail-fast"]);
    for package in packages {
        command.args(["--package", package]);
    }
    Ok(command)
}

#[derive(Debug, Default, PartialEq)]
struct Counts {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Counts {
    /// Adds a line like `test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; ...`.
    fn add_line(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else {
            return;
        };
        for part in result.split([';', '.']) {
            let mut words = part.split_whitespace();
            let number = words.next().and_then(|word| word.parse::<usize>().ok());
            match (number, words.next()) {
                (Some(number), Some("passed")) => self.passed += number,
                (Some(number), Some("failed")) => self.failed += number,
                (Some(number), Some("ignored")) => self.skipped += number,
                _ => {}
            }
        }
    }
}

/// Runs `cargo test`, shows what it prints and counts the results.
fn run_counted(command: &mut Command, options: &Options, counts: &mut Counts) -> Result<()> {
    command.args(&options.filter);
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    let output = child.stdout.take().context("no output to read")?;
    let failed_before = counts.failed;
    for line in BufReader::new(output).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        println!("{line}");
        counts.add_line(line.trim_end());
    }
    let status = child.wait()?;
    if status.success() {
        return Ok(());
    }
    if counts.failed > failed_before {
        bail!("{} tests failed", counts.failed - failed_before);
    }
    // It did not compile, or a test took the whole program down.
    counts.failed += 1;
    bail!("{} failed ({status})", shown(command))
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn results_are_summed() {
        let mut counts = Counts::default();
        for line in [
            "running 2 tests",
            "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.00s",
            "test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.50s",
        ] {
            counts.add_line(line);
        }
        assert_eq!(
            counts,
            Counts {
                passed: 7,
                failed: 3,
                skipped: 1,
            }
        );
    }
}
