//! The images: what is loaded, and how to load others.

mod facts;
mod needs;
mod panel;

pub use panel::DataPanel;
