//! The same config in the browser, on the CPU and through WebGPU: what is measured agrees with what the native
//! CPU backend wrote down (`tests/agreement`).

use serde_json::Value;
use squeeze_tests::browser::Graphics;

use super::{Visit, alone};

const LINK: &str = include_str!("../../agreement/run.link");
const WRITTEN: &str = include_str!("../../agreement/cpu.jsonl");

/// As in `cli/tests/agreement.rs`.
const LOSS: f64 = 1e-3;
const ACCURACY: f64 = 0.02;

/// The metrics of the only stored run.
const METRICS: &str = "(async () => { const root = await navigator.storage.getDirectory(); \
    const runs = await root.getDirectoryHandle('runs'); \
    for await (const run of runs.values()) { \
        const file = await (await run.getFileHandle('metrics.jsonl')).getFile(); return file.text(); } })()";

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
fn the_same_config_agrees_in_the_browser() {
    let _alone = alone();
    for (device, graphics) in [("cpu", Graphics::None), ("gpu", Graphics::WebGpu)] {
        let visit = Visit::new(graphics, &format!("?run={}&device={device}", LINK.trim()));
        visit.wait_for_status("ready");
        visit.browser.click("train").unwrap();
        visit.wait_for_status("trained");
        let found = visit.browser.eval(METRICS).unwrap();
        let found = found.as_str().unwrap();
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
            "{device}: loss {loss:.1e}, cross-entropy {cross_entropy:.1e}, accuracy {accuracy}"
        );
        assert!(
            loss < LOSS && cross_entropy < LOSS,
            "{device}: {loss}, {cross_entropy}"
        );
        assert!(accuracy < ACCURACY, "{device}: {accuracy}");
    }
}
