//! What was measured, when, and on what.

use std::env;
use std::fs;
use std::process::Command;
use std::thread::available_parallelism;
use std::time::{SystemTime, UNIX_EPOCH};

use squeeze_tests::chromium;

use super::row::Row;
use crate::process::capture;
use crate::project;

/// How much the machine has to do at the moment, where the system tells (Linux).
pub fn load() -> Option<f64> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// The lines above the table: date, commit, CPU, Chromium, the load before anything began, and the
/// devices as they name themselves.
pub fn head(rows: &[Row], load: Option<f64>) -> String {
    let cores = available_parallelism().map_or(0, usize::from);
    let browser = browser().unwrap_or_else(|| "no Chromium".to_owned());
    let mut text = format!(
        "{}, commit {}, {}, {cores} cores, {browser}\n",
        today(),
        commit().unwrap_or_else(|| "unknown".to_owned()),
        cpu().unwrap_or_else(|| env::consts::ARCH.to_owned()),
    );
    if let Some(load) = load {
        // Others' work slows programs down unequally: PyTorch with as many threads as cores most.
        let verdict = if load < 0.5 {
            ""
        } else {
            ": NOT idle, so that ratios say little"
        };
        text += &format!("load average {load} before it began{verdict}\n");
    }
    let mut seen = Vec::new();
    for row in rows {
        let Some(device) = row.device() else { continue };
        let line = format!("{}: {device}", row.place.name());
        if row.is_ours && !seen.contains(&line) {
            text += &format!("{line}\n");
            seen.push(line);
        }
    }
    text
}

/// The commit, with a plus if files differ from it.
fn commit() -> Option<String> {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.current_dir(project::root().ok()?).args(arguments);
        capture(&mut command).ok()
    };
    let name = git(&["rev-parse", "--short", "HEAD"])?;
    let changed = git(&["status", "--porcelain"])?;
    let mark = if changed.trim().is_empty() { "" } else { "+" };
    Some(format!("{}{mark}", name.trim()))
}

fn cpu() -> Option<String> {
    // Linux has a file for it, macOS a program.
    if let Ok(text) = fs::read_to_string("/proc/cpuinfo") {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        return Some(line.split_once(':')?.1.trim().to_owned());
    }
    let name = capture(Command::new("sysctl").args(["-n", "machdep.cpu.brand_string"])).ok()?;
    Some(name.trim().to_owned())
}

fn browser() -> Option<String> {
    let text = capture(Command::new(chromium::find()?).arg("--version")).ok()?;
    Some(named(&text))
}

/// The words up to the version's number.
fn named(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_number = |word: &&str| word.starts_with(|first: char| first.is_ascii_digit());
    let end = words
        .iter()
        .position(is_number)
        .map_or(words.len(), |at| at + 1);
    words[..end].join(" ")
}

fn today() -> String {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_secs());
    date(seconds / 86_400)
}

/// The date, in UTC, so many days after 1970 began.
fn date(mut days: u64) -> String {
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    format!("{year}-{month:02}-{:02}", days + 1)
}

#[cfg(test)]
mod tests {
    use super::{date, named};

    #[test]
    fn days_become_dates() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(11_016), "2000-02-29");
        assert_eq!(date(20_453), "2025-12-31");
        assert_eq!(date(20_454), "2026-01-01");
    }

    #[test]
    fn a_browser_is_its_name_and_its_number() {
        assert_eq!(
            named("Chromium 156.0.1 built on Debian\n"),
            "Chromium 156.0.1"
        );
        assert_eq!(named("Google Chrome 156.0.1"), "Google Chrome 156.0.1");
    }
}
