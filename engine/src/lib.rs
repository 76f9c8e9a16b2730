//! The engine of Squeeze: what the page and the command line share.
//!
//! Modules in the order data flows through them. Without a backend feature (`cpu`, `gpu`) only the
//! description of a run and of what it reports is compiled, which is all the page itself needs.

pub mod choice;
pub mod config;
pub mod event;
pub mod protocol;
