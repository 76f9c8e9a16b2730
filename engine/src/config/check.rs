//! Ranges of fields, and the error that names a field out of its range.

/// A config that cannot be used: which field, why, and what to write instead.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// A field holds a value out of its range.
    #[error("`{field}` is {value}: it must be {must_be}")]
    OutOfRange {
        /// Dotted path of the field, as in the TOML file.
        field: &'static str,
        /// The value found.
        value: String,
        /// The range, in words.
        must_be: String,
    },
    /// The text is not a config.
    #[error("not a run config: {0}")]
    Syntax(String),
}

pub(super) fn check(
    holds: bool,
    field: &'static str,
    value: impl ToString,
    must_be: impl Into<String>,
) -> Result<(), ConfigError> {
    if holds {
        return Ok(());
    }
    Err(ConfigError::OutOfRange {
        field,
        value: value.to_string(),
        must_be: must_be.into(),
    })
}

/// A whole number of at least 1.
pub(super) fn check_count(field: &'static str, value: usize) -> Result<(), ConfigError> {
    check(value >= 1, field, value, "a whole number, at least 1")
}

/// A finite number of at least 0.
pub(super) fn check_weight(field: &'static str, value: f64) -> Result<(), ConfigError> {
    let holds = value.is_finite() && value >= 0.0;
    check(holds, field, value, "a number, at least 0")
}

/// A finite number above 0.
pub(super) fn check_positive(
    field: &'static str,
    value: f64,
    unit: &str,
) -> Result<(), ConfigError> {
    let holds = value.is_finite() && value > 0.0;
    check(holds, field, value, format!("a number above 0{unit}"))
}

/// Clause that reminds of the unit of pixels.
pub(super) const PIXELS: &str = " (pixels are in [0, 1])";
