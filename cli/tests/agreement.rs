//! The same config on every device of this machine: what is measured agrees with what was written down
//! (`tests/agreement`). The page's tests do the same in the browser.
#![allow(clippy::unwrap_used)]

use std::process::Command;

#[path = "../../tests/agreement/compare.rs"]
mod compare;

#[test]
fn the_same_config_agrees_on_every_device() {
    for device in ["cpu", "gpu"] {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        let output = Command::new(env!("CARGO_BIN_EXE_squeeze"))
            .args(["train", "--link", &format!("?run={}", compare::LINK.trim())])
            .args(["--device", device, "--out"])
            .arg(&run)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        let found = std::fs::read_to_string(run.join("metrics.jsonl")).unwrap();
        compare::assert_agreement(device, &found);
    }
}
