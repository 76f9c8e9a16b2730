//! What the end-to-end tests stand on: a static server for the built page, and a browser to open it in.

pub mod chromium;

#[cfg(feature = "browser")]
pub mod browser;
#[cfg(feature = "browser")]
pub mod devtools;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "browser")]
pub mod wire;
