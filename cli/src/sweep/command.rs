//! The command line of a task, for every place that it may run in.

use std::env;
use std::path::Path;

use anyhow::{Context, Result};
use squeeze_engine::choice::DeviceWish;

use super::args::StartArgs;
use super::place::Place;

/// `squeeze sweep task` with this program and this folder, without its number.
///
/// # Errors
/// If the data that are named are not there.
pub fn words(place: &Place, args: &StartArgs) -> Result<Vec<String>> {
    let program = env::current_exe().context("this program's own path cannot be told")?;
    let mut words = vec![shown(&program)];
    words.extend(["sweep", "task"].map(str::to_owned));
    words.push(shown(&place.folder));
    if let Some(data) = &args.data {
        let data = data
            .canonicalize()
            .with_context(|| format!("--data {}", data.display()))?;
        words.extend(["--data".to_owned(), shown(&data)]);
    }
    words.extend(options(args));
    Ok(words)
}

/// What of a task's command line is the same wherever it runs.
pub fn options(args: &StartArgs) -> Vec<String> {
    vec![
        "--device".to_owned(),
        match args.device {
            DeviceWish::Auto => "auto",
            DeviceWish::Gpu => "gpu",
            DeviceWish::Cpu => "cpu",
        }
        .to_owned(),
        "--save-every".to_owned(),
        args.save_every.to_string(),
    ]
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// A word as a shell takes it.
pub fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_where_a_shell_would_take_it_apart() {
        assert_eq!(quoted("/a/b-c_1.toml"), "/a/b-c_1.toml");
        assert_eq!(quoted("it's $HOME"), "'it'\\''s $HOME'");
        assert_eq!(quoted(""), "''");
    }
}
