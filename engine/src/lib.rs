//! The engine of Squeeze: what the page and the command line share.
//!
//! Modules in the order data flows through them. Without a backend feature (`cpu`, `gpu`) only the
//! description of a run and of what it reports is compiled, which is all the page itself needs.
//! Feature `data` adds the readers of data sets, without a line of Burn.

pub mod choice;
pub mod config;
pub mod event;
pub mod protocol;

#[cfg(feature = "backend")]
pub mod attack;
#[cfg(feature = "backend")]
mod batch;
#[cfg(feature = "backend")]
pub mod control;
#[cfg(feature = "data")]
pub mod data;
#[cfg(feature = "backend")]
pub mod device;
#[cfg(feature = "backend")]
pub mod evaluate;
#[cfg(feature = "backend")]
pub mod network;
#[cfg(feature = "backend")]
pub mod objective;
#[cfg(feature = "backend")]
mod platform;
#[cfg(feature = "data")]
pub mod random;
#[cfg(feature = "backend")]
pub mod session;
#[cfg(feature = "backend")]
pub mod train;
