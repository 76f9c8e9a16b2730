//! The images: what is loaded, and how to load others.

pub mod facts;
mod needs;
mod panel;

pub use panel::DataPanel;
