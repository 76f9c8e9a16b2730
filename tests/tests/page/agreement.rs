//! The same config in the browser, on the CPU and through WebGPU: what is measured agrees with what the native
//! CPU backend wrote down (`tests/agreement`).

use squeeze_tests::browser::Graphics;

use super::{Visit, alone};

#[path = "../../agreement/compare.rs"]
mod compare;

/// The metrics of the only stored run.
const METRICS: &str = "(async () => { const root = await navigator.storage.getDirectory(); \
    const runs = await root.getDirectoryHandle('runs'); \
    for await (const run of runs.values()) { \
        const file = await (await run.getFileHandle('metrics.jsonl')).getFile(); return file.text(); } })()";

#[test]
fn the_same_config_agrees_in_the_browser() {
    let _alone = alone();
    for (device, graphics) in [("cpu", Graphics::None), ("gpu", Graphics::WebGpu)] {
        let query = format!("?run={}&device={device}", compare::LINK.trim());
        let visit = Visit::new(graphics, &query);
        visit.wait_for_status("ready");
        visit.browser.click("train").unwrap();
        visit.wait_for_status("trained");
        let found = visit.browser.eval(METRICS).unwrap();
        compare::assert_agreement(&format!("Chromium, {device}"), found.as_str().unwrap());
    }
}
