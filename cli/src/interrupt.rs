//! Ctrl-C: the first ends the run at the next edge and keeps what there is, the second ends at once.

use std::process::{self, ExitCode};

use anyhow::{Context, Result};
use squeeze_engine::control::{Control, Wish};

/// What a shell says of a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// The exit status of something that came to its end, or was stopped before.
pub fn status(stopped: bool) -> ExitCode {
    if stopped {
        ExitCode::from(INTERRUPTED)
    } else {
        ExitCode::SUCCESS
    }
}

/// Makes Ctrl-C stop what `control` steers.
pub fn stop_on_interrupt(control: &Control) -> Result<()> {
    let control = control.clone();
    ctrlc::set_handler(move || {
        if control.wish() == Wish::Stop {
            process::exit(INTERRUPTED.into());
        }
        control.set(Wish::Stop);
        eprintln!("\nstopping; what is done so far is kept (again to end at once)");
    })
    .context("Ctrl-C cannot be handled")
}
