//! Steps of a chore, timed, and told at the end.

use std::time::{Duration, Instant};

use anyhow::Result;

/// The steps done so far.
#[derive(Default)]
pub struct Phases {
    done: Vec<(&'static str, Duration, bool)>,
}

impl Phases {
    /// Runs one step. A failure is printed and kept; the steps after it still run.
    pub fn step<T>(&mut self, name: &'static str, body: impl FnOnce() -> Result<T>) -> Option<T> {
        println!("\n=== {name}");
        let start = Instant::now();
        let result = body();
        self.done.push((name, start.elapsed(), result.is_ok()));
        result
            .inspect_err(|error| eprintln!("\n{name} failed: {error:#}"))
            .ok()
    }

    /// How many steps failed.
    pub fn failed(&self) -> usize {
        self.done.iter().filter(|(_, _, passed)| !passed).count()
    }

    /// Prints the steps with their times.
    pub fn report(&self) {
        println!("\nTimes:");
        for (name, time, passed) in &self.done {
            let mark = if *passed { "" } else { "  FAILED" };
            println!("  {:>7.1} s  {name}{mark}", time.as_secs_f64());
        }
        let total: Duration = self.done.iter().map(|(_, time, _)| *time).sum();
        println!("  {:>7.1} s  in all", total.as_secs_f64());
    }
}
