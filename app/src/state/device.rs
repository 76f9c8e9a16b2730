//! [`DeviceView`]: the device as the header shows it.

use squeeze_engine::event::DeviceReport;

use crate::engine::start::Attempt;

/// How far opening a device has come.
#[derive(Clone, Debug, Default)]
pub enum DeviceView {
    /// The browser is being asked.
    #[default]
    Looking,
    /// A worker is loading.
    Opening(Attempt),
    /// The engine runs on it.
    Open {
        /// The attempt that succeeded; its reason knows what was asked and what failed before.
        attempt: Attempt,
        /// What the engine says of it.
        report: DeviceReport,
    },
    /// There is none.
    None,
}

impl DeviceView {
    /// Why nothing can be started yet.
    pub fn waiting_line(&self) -> &'static str {
        match self {
            Self::Looking => "Looking for a device.",
            Self::Opening(_) => "The engine is loading.",
            Self::Open { .. } => "The images are loading.",
            Self::None => "The engine is not running.",
        }
    }
}
