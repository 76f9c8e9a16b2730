//! What the page knows, and what becomes of it when the engine reports. Nothing here draws.

pub mod actions;
pub mod comparison;
pub mod complaint;
pub mod defence;
pub mod device;
pub mod events;
pub mod field;
pub mod gallery;
pub mod guess;
pub mod history;
pub mod judgement;
pub mod lab;
pub mod live;
pub mod models;
pub mod phase;
pub mod presets;
pub mod problem;
pub mod recovery;
pub mod runs;
pub mod share;
pub mod sources;
pub mod switch;
pub mod typed;
