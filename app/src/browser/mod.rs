//! What the browser offers beyond its typed bindings.

pub mod breath;
pub mod date;
pub mod focus;
pub mod js;
pub mod offline;
pub mod pixels;
pub mod save;
pub mod sheets;
pub mod shrink;
