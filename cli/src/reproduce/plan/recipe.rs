//! Runs as a plan tells them: a preset with other values in some fields, and where that is not the paper's.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow};
use squeeze_engine::config::{AttackConfig, EvaluationConfig, RunConfig, preset};

/// A run: a preset with other values in some fields.
pub(super) fn run<'a>(
    name: &str,
    sets: impl IntoIterator<Item = &'a toml::Table>,
) -> Result<RunConfig> {
    let preset = preset::find(name)
        .with_context(|| format!("there is no preset `{name}`; `squeeze presets` lists them"))?;
    let mut config = preset.config;
    for table in sets {
        config = over(&config, table, str::to_owned)?;
    }
    config.validate()?;
    Ok(config)
}

/// The config with other values in some fields, checked together; `field` makes a field's name of a key.
pub(super) fn over(
    config: &RunConfig,
    table: &toml::Table,
    field: impl Fn(&str) -> String,
) -> Result<RunConfig> {
    let fields = table.iter().map(|(key, value)| (field(key), shown(value)));
    let fields: Vec<(String, String)> = fields.collect();
    let fields = fields
        .iter()
        .map(|(field, value)| (field.as_str(), value.as_str()));
    Ok(config.with_fields(fields)?)
}

/// A value without the quotes of a text.
pub(super) fn shown(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The number in a field of a run.
pub fn number_of(config: &RunConfig, field: &str) -> Result<f64> {
    let fields = fields(config)?;
    let value = fields.iter().find(|(name, _)| name == field);
    let (_, value) = value.with_context(|| format!("a run has no field `{field}`"))?;
    let number = value.parse();
    number.map_err(|_| anyhow!("the field `{field}` holds `{value}`, which is no number"))
}

/// The fields in which a run is not that of the preset `paper`, which is as near to the paper as is known.
pub(super) fn deviations(config: &RunConfig, paper: Option<&str>) -> Result<Vec<String>> {
    let Some(paper) = paper else {
        return Ok(Vec::new());
    };
    let preset = preset::find(paper).with_context(|| {
        format!("paper: there is no preset `{paper}`; `squeeze presets` lists them")
    })?;
    let flat = |config: &RunConfig| {
        let mut config = config.clone();
        // How a model is looked at is no part of what it is.
        config.attack = AttackConfig::default();
        config.evaluation = EvaluationConfig::default();
        config.training.robust_images = 0;
        fields(&config)
    };
    let theirs: BTreeMap<String, String> = flat(&preset.config)?.into_iter().collect();
    let differing = flat(config)?.into_iter().filter_map(|(field, ours)| {
        let theirs = theirs.get(&field).map_or("none", String::as_str);
        (theirs != ours).then(|| format!("{field} {ours} ({paper}: {theirs})"))
    });
    Ok(differing.collect())
}

/// Every field of a run with its value, as they are written.
///
/// # Errors
/// If the config has no text.
pub fn fields(config: &RunConfig) -> Result<Vec<(String, String)>> {
    let table: toml::Table = toml::from_str(&config.to_toml()?)?;
    let mut fields = Vec::new();
    flatten("", &table, &mut fields);
    Ok(fields)
}

fn flatten(path: &str, table: &toml::Table, fields: &mut Vec<(String, String)>) {
    for (key, value) in table {
        let name = match path {
            "" => key.clone(),
            path => format!("{path}.{key}"),
        };
        match value {
            toml::Value::Table(inner) => flatten(&name, inner, fields),
            value => fields.push((name, shown(value))),
        }
    }
}
