//! What memory this process has, and the machine has left, where the system tells (Linux).

use std::fs;

/// The most memory that this process has had so far, in MiB. A GPU's own memory is not in it.
pub fn peak_mib() -> Option<f64> {
    field("/proc/self/status", "VmHWM:")
}

/// Memory that programs can still have without swapping, in MiB.
pub fn available_mib() -> Option<f64> {
    field("/proc/meminfo", "MemAvailable:")
}

fn field(file: &str, name: &str) -> Option<f64> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}
