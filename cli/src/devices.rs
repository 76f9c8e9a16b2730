//! `squeeze devices`.

use crate::say::say;
use anyhow::Result;
use squeeze_engine::choice::DeviceWish;
use squeeze_engine::device;
use squeeze_engine::event::DeviceReport;

/// Prints what each wish would open.
pub fn devices() -> Result<()> {
    let auto = pollster::block_on(device::open(DeviceWish::Auto))?;
    say!("{}", describe(&auto.report));
    if let Some(adapter) = pollster::block_on(device::adapter()) {
        let software = if adapter.software {
            " (software: slower than the CPU backend)"
        } else {
            ""
        };
        say!("gpu  {}{software}", adapter.name);
    }
    say!("cpu  {}", device::cpu_name());
    Ok(())
}

/// One line for people.
pub fn describe(report: &DeviceReport) -> String {
    format!(
        "device: {} through {}. {}",
        report.name, report.api, report.reason
    )
}
