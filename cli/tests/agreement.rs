//! The same config on every device of this machine: what is measured agrees with what was written down
//! (`tests/agreement`). The page's tests do the same in the browser.
#![allow(clippy::unwrap_used)]

use std::process::Command;

use serde_json::Value;

const LINK: &str = include_str!("../../tests/agreement/run.link");
const WRITTEN: &str = include_str!("../../tests/agreement/cpu.jsonl");

/// Most that a loss may differ by, of itself: sums in another order, over 30 steps.
const LOSS: f64 = 1e-3;

/// Most that an accuracy may differ by: after so few steps many images are next to a border.
const ACCURACY: f64 = 0.02;

/// Numbers of the lines of a kind.
fn numbers(metrics: &str, kind: &str, name: &str) -> Vec<f64> {
    let lines = metrics
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .filter(|line| line["type"] == kind)
        .map(|line| line[name].as_f64().unwrap())
        .collect()
}

#[test]
fn the_same_config_agrees_on_every_device() {
    for device in ["cpu", "gpu"] {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        let output = Command::new(env!("CARGO_BIN_EXE_squeeze"))
            .args(["train", "--link", &format!("?run={}", LINK.trim())])
            .args(["--device", device, "--out"])
            .arg(&run)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        let found = std::fs::read_to_string(run.join("metrics.jsonl")).unwrap();
        let most = |kind, name, relative: bool| {
            let [written, found] = [WRITTEN, &found].map(|all| numbers(all, kind, name));
            assert_eq!(written.len(), found.len(), "{device}: {kind}");
            let differences = written.iter().zip(&found).map(|(written, found)| {
                (written - found).abs() / if relative { written.abs() } else { 1.0 }
            });
            differences.fold(0.0, f64::max)
        };
        let loss = most("step", "loss", true);
        let cross_entropy = most("evaluation", "cross_entropy", true);
        let accuracy = most("evaluation", "accuracy", false);
        println!(
            "{device}: loss {loss:.1e}, cross-entropy {cross_entropy:.1e}, accuracy {accuracy}"
        );
        assert!(
            loss < LOSS && cross_entropy < LOSS,
            "{device}: {loss}, {cross_entropy}"
        );
        assert!(accuracy < ACCURACY, "{device}: {accuracy}");
    }
}
