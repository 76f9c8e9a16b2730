//! `cargo xtask bench`.

use anyhow::{Result, bail};
use clap::Args;

/// What to measure.
#[derive(Args)]
pub struct Options {}

/// Measures.
pub fn run(_options: &Options) -> Result<()> {
    bail!("there is nothing to measure yet")
}
