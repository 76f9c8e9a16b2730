//! `squeeze devices`.

use crate::say::say;
use anyhow::Result;
use squeeze_engine::choice::{DeviceWish, Place};
use squeeze_engine::device::{self, Device, OpenDevice};
use squeeze_engine::event::DeviceReport;

/// Prints what each wish would open.
pub fn devices() -> Result<()> {
    let auto = pollster::block_on(device::open(DeviceWish::Auto))?;
    say!("{}", describe(&auto.report));
    for (number, adapter) in pollster::block_on(device::adapters()).iter().enumerate() {
        let software = if adapter.software {
            " (software: slower than the CPU backend)"
        } else {
            ""
        };
        say!("gpu:{number}  {}{software}", adapter.name);
    }
    say!("cpu    {}", device::cpu_name());
    Ok(())
}

/// The device that is wished for; or, where places are named, those: the first, which images lie on, and the
/// others.
///
/// # Errors
/// If one of them is not there.
pub fn open(wish: DeviceWish, places: &[Place]) -> Result<(OpenDevice, Vec<Device>)> {
    Ok(if places.is_empty() {
        (pollster::block_on(device::open(wish))?, Vec::new())
    } else {
        pollster::block_on(device::open_together(places))?
    })
}

/// One line for people.
pub fn describe(report: &DeviceReport) -> String {
    format!(
        "device: {} through {}. {}",
        report.name, report.api, report.reason
    )
}
