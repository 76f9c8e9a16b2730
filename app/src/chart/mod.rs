//! Line charts of a training run.
//!
//! Small and our own, because nothing kept well fits: `plotters` draws static pictures, the bindings
//! to JavaScript libraries (`charming`, `apexcharts`, `plotly`) would bring a script many times the
//! page's size, and the SVG crates for Leptos keep one element per point. Here a run of any length
//! becomes one path of at most two points per screen column, in SVG: crisp on every screen, coloured
//! by the style sheet in light and dark, its text real text.

pub mod accuracy;
pub mod filters;
pub mod loss;
pub mod model;
pub mod path;
pub mod scale;
pub mod single;
pub mod spread;
pub mod view;
pub mod width;
