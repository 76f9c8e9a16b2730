//! `cargo xtask bench`: one table, ours beside every peer that is installed.

mod goals;
mod in_browser;
mod machine;
mod native;
mod peers;
mod row;
pub mod sizes;
mod table;
mod torch;
mod turns;

use std::num::NonZeroUsize;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::process::{cargo, run};
use crate::{page, project, setup, test_needs};

/// What to measure.
#[derive(Args)]
pub struct Options {
    /// Leave the page out: native figures alone.
    #[arg(long, conflicts_with = "page")]
    native: bool,
    /// The page alone.
    #[arg(long)]
    page: bool,
    /// Measure the page that was built before.
    #[arg(long, conflicts_with = "native")]
    no_build: bool,
    /// First install what ours is compared with: jax-js and TensorFlow.js by npm, PyTorch by pip.
    #[arg(long)]
    install_peers: bool,
    /// One network [default: both].
    #[arg(long, value_enum)]
    network: Option<Network>,
    /// How often ours and each peer take turns; medians count.
    #[arg(long, default_value = "2")]
    rounds: NonZeroUsize,
}

#[derive(Clone, Copy, ValueEnum)]
enum Network {
    SmallCnn,
    MnistCnn,
}

impl Network {
    fn name(self) -> &'static str {
        match self {
            Self::SmallCnn => "small-cnn",
            Self::MnistCnn => "mnist-cnn",
        }
    }
}

/// Measures training steps and PGD iterations, natively and in Chromium, ours and the peers', and the
/// page's size. Prints the table when all is done; until then, what is being measured.
pub fn run_chore(options: &Options) -> Result<()> {
    let load = machine::load();
    if options.install_peers {
        install_peers();
    }
    let networks: Vec<&'static str> = match options.network {
        Some(network) => vec![network.name()],
        None => [Network::SmallCnn, Network::MnistCnn]
            .map(Network::name)
            .to_vec(),
    };
    let rounds = options.rounds.get();
    let mut rows = Vec::new();
    let mut sizes = String::new();
    if !options.native {
        let dist = project::dist()?;
        if options.no_build {
            test_needs::bring()?;
        } else {
            let tools = setup::for_page()?;
            setup::for_tests()?;
            page::build(&tools)?;
        }
        if !dist.join("index.html").is_file() {
            bail!(
                "there is no page in {}: run without --no-build",
                dist.display()
            );
        }
        run(cargo()?.args(["build", "--release", "--package", "squeeze-tests"]))?;
        sizes = sizes::sizes(&dist)?;
        rows = in_browser::measure(&dist, &networks, rounds)?;
    }
    if !options.page {
        rows.extend(native::measure(&networks, rounds)?);
    }
    println!("{}", machine::head(&rows, load));
    println!("{}", table::table(&rows));
    for line in goals::judged(&rows) {
        println!("- {line}");
    }
    if !sizes.is_empty() {
        println!("\nThe page over the wire, in bytes:\n\n{sizes}");
    }
    let failed = rows
        .iter()
        .filter(|row| row.is_ours && row.error().is_some());
    match failed.count() {
        0 => Ok(()),
        failed => bail!("{failed} of our own rows failed: their remarks say why"),
    }
}

/// A peer that cannot be installed is told of here and again in its row; the others are still measured.
fn install_peers() {
    for (name, installed) in [
        ("the libraries for browsers", peers::install()),
        ("PyTorch", torch::install()),
    ] {
        if let Err(error) = installed {
            eprintln!("{name} could not be installed: {error:#}");
        }
    }
}
