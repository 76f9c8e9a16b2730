//! Building blocks of the rooms.

pub mod group;
pub mod link;
pub mod meter;
pub mod number;
pub mod problems;
pub mod progress;
pub mod select;
pub mod task;
pub mod toggle;
