//! Ctrl-C: the first ends the run at the next edge and keeps what there is, the second ends at once.

use std::process;

use anyhow::{Context, Result};
use squeeze_engine::control::{Control, Wish};

/// Makes Ctrl-C stop what `control` steers.
pub fn stop_on_interrupt(control: &Control) -> Result<()> {
    let control = control.clone();
    ctrlc::set_handler(move || {
        if control.wish() == Wish::Stop {
            process::exit(130);
        }
        control.set(Wish::Stop);
        eprintln!("\nstopping; what is done so far is kept (again to end at once)");
    })
    .context("Ctrl-C cannot be handled")
}
