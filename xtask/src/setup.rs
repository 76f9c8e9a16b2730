//! What has to be on the machine, brought in order.

use anyhow::Result;

use crate::{test_needs, tools, wasm_target};

/// All that building the page needs.
pub fn for_page() -> Result<tools::Tools> {
    wasm_target::bring()?;
    tools::bring()
}

/// All that the tests need beyond that.
pub fn for_tests() -> Result<()> {
    test_needs::bring()
}
