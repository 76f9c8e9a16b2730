//! Building blocks of the rooms.

pub mod meter;
pub mod number;
pub mod problems;
pub mod progress;
