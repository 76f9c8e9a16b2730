//! A stored run in words.

use squeeze_engine::config::DataKind;
use squeeze_engine::event::RunInfo;

use crate::format::count;
use crate::words;

/// Data, network and objective.
pub fn what(info: &RunInfo) -> String {
    let config = &info.config;
    let data = match config.data.set {
        DataKind::Folder => "own images",
        other => other.title(),
    };
    [
        data.to_owned(),
        config.network.name(),
        words::objective(&config.objective),
    ]
    .join(" · ")
}

/// How far it has come.
pub fn progress(info: &RunInfo) -> String {
    let total = info.config.training.steps;
    if info.finished && info.step >= total {
        format!("{} steps", count(total))
    } else {
        format!("{} / {} steps", count(info.step), count(total))
    }
}

/// Whether anything is left of it.
pub fn state(info: &RunInfo) -> &'static str {
    if info.finished {
        "finished"
    } else {
        "can go on"
    }
}

#[cfg(test)]
mod tests {
    use squeeze_engine::config::RunConfig;

    use super::*;

    #[test]
    fn a_run_is_told_in_a_line() {
        let mut info = RunInfo {
            id: "1".to_owned(),
            name: "first".to_owned(),
            created: 0.0,
            config: RunConfig::default(),
            step: 1200,
            finished: false,
            test_accuracy: None,
            verdict: None,
            bytes: 1,
        };
        assert_eq!(
            what(&info).replace('\u{a0}', " "),
            "MNIST · small-cnn · squeezing batch-wise β 5, noise σ 0.5"
        );
        assert_eq!(progress(&info), "1,200 / 2,000 steps");
        assert_eq!(state(&info), "can go on");
        // Patience may end a run before its last step.
        info.finished = true;
        assert_eq!(progress(&info), "1,200 / 2,000 steps");
        info.step = 2000;
        assert_eq!(progress(&info), "2,000 steps");
        assert_eq!(state(&info), "finished");
    }
}
