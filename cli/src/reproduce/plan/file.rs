//! A plan, as its file has it.

use std::collections::BTreeMap;

use serde::Deserialize;
use squeeze_engine::config::{Effort, Suite};
use squeeze_engine::verdict::plot::FigureId;

use super::drawn::{Curve, Histogram, Trend};

/// A plan, as its file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub title: String,
    pub about: String,
    #[serde(default)]
    pub notes: Vec<String>,
    #[serde(default)]
    pub set: toml::Table,
    #[serde(default)]
    pub model: Vec<ModelEntry>,
    pub grid: Option<GridEntry>,
    pub column: Vec<ColumnEntry>,
    #[serde(default)]
    pub curve: Vec<Curve>,
    #[serde(default)]
    pub trend: Vec<Trend>,
    #[serde(default)]
    pub histogram: Vec<Histogram>,
    #[serde(default)]
    pub pictures: Vec<FigureId>,
    pub pictured: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelEntry {
    pub name: String,
    pub title: String,
    pub preset: String,
    #[serde(default)]
    pub set: toml::Table,
    pub paper: Option<String>,
    #[serde(default)]
    pub figures: BTreeMap<String, f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GridEntry {
    pub preset: String,
    #[serde(default)]
    pub set: toml::Table,
    pub paper: Option<String>,
    pub axis: Vec<AxisEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AxisEntry {
    pub field: String,
    pub title: String,
    pub values: Vec<toml::Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ColumnEntry {
    pub name: String,
    pub images: Option<usize>,
    pub attack: Option<toml::Table>,
    pub suite: Option<Suite>,
    pub effort: Option<Effort>,
    pub transfer_from: Option<String>,
    #[serde(default)]
    pub profile: bool,
}
