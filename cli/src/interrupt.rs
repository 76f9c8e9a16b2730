//! Ctrl-C, and the signal by which schedulers end a program (SIGTERM): the first ends the run at the next edge and
//! keeps what there is, the second ends at once.

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

/// Makes Ctrl-C and SIGTERM stop what `control` steers. SIGHUP is left alone, so that `nohup` does what it should.
pub fn stop_on_interrupt(control: &Control) -> Result<()> {
    let asked = control.clone();
    ctrlc::set_handler(move || stop(&asked)).context("Ctrl-C cannot be handled")?;
    #[cfg(unix)]
    {
        let asked = control.clone();
        let signals = signal_hook::iterator::Signals::new([signal_hook::consts::SIGTERM]);
        let mut signals = signals.context("SIGTERM cannot be handled")?;
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || signals.forever().for_each(|_| stop(&asked)))?;
    }
    Ok(())
}

fn stop(control: &Control) {
    if control.wish() == Wish::Stop {
        process::exit(INTERRUPTED.into());
    }
    control.set(Wish::Stop);
    eprintln!("\nstopping; what is done so far is kept (again to end at once)");
}
