//! The page's side of the engine: which device, which worker, what it says.

pub mod adapter;
pub mod link;
pub mod start;
