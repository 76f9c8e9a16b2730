//! How far a download or a reader is.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

/// Lines come about this often where there is no terminal, in shares of the whole.
const LINES: u64 = 10;

/// The progress of a download: a bar on a terminal, else lines on standard error.
pub struct Bar {
    name: String,
    bar: Option<ProgressBar>,
    lines: u64,
}

impl Bar {
    /// Nothing shown yet.
    pub fn new(name: &str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::no_length().with_message(name.to_owned());
            bar.set_style(style("{msg}  {bar:24} {bytes}/{total_bytes} {eta} left"));
            bar
        });
        Self {
            name: name.to_owned(),
            bar,
            lines: 0,
        }
    }

    /// `done` of `total` bytes are there.
    pub fn at(&mut self, done: u64, total: Option<u64>) {
        if let Some(bar) = &self.bar {
            if let Some(total) = total {
                bar.set_length(total);
            }
            bar.set_position(done);
        } else if let Some(total) = total.filter(|&total| total > 0) {
            let lines = (u128::from(done) * u128::from(LINES) / u128::from(total)) as u64;
            if lines > self.lines {
                self.lines = lines;
                eprintln!("{}: {done} of {total} bytes", self.name);
            }
        }
    }

    /// Takes the bar away.
    pub fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A bar while a data set is read, on a terminal only: elsewhere it would be noise.
pub fn reading() -> Option<ProgressBar> {
    std::io::stderr().is_terminal().then(|| {
        let bar = ProgressBar::no_length().with_message("reading data");
        bar.set_style(style("{msg}  {bar:24} {percent} %"));
        bar
    })
}

fn style(template: &str) -> ProgressStyle {
    // A fixed template is always valid; if not, the default bar does.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
