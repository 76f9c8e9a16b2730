//! Holds what a run measured on some device against what the native CPU backend wrote down.

use serde_json::Value;

pub const LINK: &str = include_str!("run.link");
const WRITTEN: &str = include_str!("cpu.jsonl");

/// Most that a loss may differ by, of itself: sums in another order, over 30 steps.
const LOSS: f64 = 1e-3;

/// Most that an accuracy may differ by: after so few steps many images are next to a border.
const ACCURACY: f64 = 0.02;

/// Asserts that the `metrics.jsonl` of [`LINK`]'s run on a device agrees, and prints by how much.
pub fn assert_agreement(device: &str, found: &str) {
    let most = |kind, name, relative: bool| {
        let [written, found] = [WRITTEN, found].map(|all| numbers(all, kind, name));
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
        "{device}: loss {loss:.1e}, cross-entropy {cross_entropy:.1e}, accuracy {accuracy:.1e}"
    );
    assert!(loss < LOSS, "{device}: {loss}");
    assert!(cross_entropy < LOSS, "{device}: {cross_entropy}");
    assert!(accuracy < ACCURACY, "{device}: {accuracy}");
}

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
