//! What the page knows, and what becomes of it when the engine reports. Nothing here draws.

pub mod device;
pub mod field;
pub mod gallery;
pub mod history;
pub mod lab;
pub mod live;
pub mod phase;
pub mod preset;
pub mod problem;
