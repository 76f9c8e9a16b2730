//! What is drawn of a plan's cells: curves, trends and histograms.

use serde::Deserialize;

/// Columns that are points of a curve.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Curve {
    /// What it shows.
    pub title: String,
    /// What `x` is.
    pub along: String,
    /// Names of columns.
    pub columns: Vec<String>,
    /// A number for each.
    pub x: Vec<f64>,
}

/// Numbers against a field of the models' runs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trend {
    /// What it shows.
    pub title: String,
    /// A field of a run, such as `objective.beta`, in which the models differ; the critical beta is marked.
    pub field: String,
    /// Names of columns, each a line.
    pub columns: Vec<String>,
    /// Which number of them.
    #[serde(default)]
    pub of: Quantity,
    /// By its logarithm.
    #[serde(default)]
    pub log: bool,
}

/// A number of a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quantity {
    /// Share that is right.
    #[default]
    Accuracy,
    /// Those of a [`Profile`](squeeze_engine::verdict::profile::Profile).
    LogitNorm,
    /// Mean of the logits.
    LogitMean,
    /// In l_1.
    GradientL1,
    /// In l_2.
    GradientL2,
    /// To the boundary, to first order.
    Distance,
}

impl Quantity {
    /// What it is, for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy in %",
            Self::LogitNorm => "mean norm of the logits of an image",
            Self::LogitMean => "mean of all logits",
            Self::GradientL1 => "mean l_1 norm of the loss's gradient",
            Self::GradientL2 => "mean l_2 norm of the loss's gradient",
            Self::Distance => "median of margin / norm of its gradient",
        }
    }
}

/// How logits or margins are spread, a histogram a model.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Histogram {
    /// What it shows.
    pub title: String,
    /// A column that is a profile.
    pub column: String,
    /// Of what.
    pub of: Spreads,
}

/// What is spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spreads {
    /// All logits.
    Logits,
    /// Margins.
    Margins,
}
