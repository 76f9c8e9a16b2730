//! [`Column`]: a measurement of every model.

use anyhow::{Result, bail, ensure};
use squeeze_engine::config::{AttackConfig, Effort, EvaluationConfig, RunConfig, Suite};

use super::file::ColumnEntry;
use super::recipe::over;

/// A measurement.
pub struct Column {
    /// Its name.
    pub name: String,
    /// What is measured.
    pub what: What,
    /// On so many test images, if that is said.
    images: Option<usize>,
}

/// What is measured.
pub enum What {
    /// Accuracy without attack.
    Clean,
    /// Accuracy under an attack: settings that go over those of the model's own.
    Attack(toml::Table),
    /// Accuracy under a version of AutoAttack, with a norm and a radius that may be others than the model's own.
    Suite(Suite, toml::Table),
    /// Accuracy under everything, and the verdict, for a norm and a radius that may be others than the model's own.
    Verdict(Effort, toml::Table),
    /// Accuracy on images that an attack made on another model of the plan.
    Transfer(String, toml::Table),
    /// Logits, margins and gradients without attack.
    Profile,
}

impl Column {
    /// The attack on a model, with its own norm, radius and batch size.
    ///
    /// # Errors
    /// Names the setting that is none.
    pub fn attack(&self, config: &RunConfig) -> Result<AttackConfig> {
        let mut config = config.clone();
        if let Some(images) = self.images {
            config.attack.images = images;
        }
        let table = match &self.what {
            What::Attack(table)
            | What::Transfer(_, table)
            | What::Suite(_, table)
            | What::Verdict(_, table) => table,
            What::Clean | What::Profile => {
                return Ok(config.attack);
            }
        };
        let fields = |part: &str| format!("attack.{part}");
        Ok(over(&config, table, fields)?.attack)
    }

    /// How a model is judged.
    pub fn evaluation(&self, config: &RunConfig, effort: Effort) -> EvaluationConfig {
        EvaluationConfig {
            effort,
            images: self.images.unwrap_or(config.evaluation.images),
            ..config.evaluation.clone()
        }
    }
}

impl TryFrom<ColumnEntry> for Column {
    type Error = anyhow::Error;

    fn try_from(entry: ColumnEntry) -> Result<Self> {
        let ColumnEntry {
            name,
            images,
            attack,
            suite,
            effort,
            transfer_from,
            profile,
        } = entry;
        let what = match (attack, suite, effort, transfer_from, profile) {
            (None, None, None, None, false) => What::Clean,
            (None, None, None, None, true) => What::Profile,
            (Some(attack), None, None, None, false) => What::Attack(attack),
            (attack, Some(suite), None, None, false) => {
                What::Suite(suite, attack.unwrap_or_default())
            }
            (attack, None, Some(effort), None, false) => {
                What::Verdict(effort, attack.unwrap_or_default())
            }
            (attack, None, None, Some(source), false) => {
                What::Transfer(source, attack.unwrap_or_default())
            }
            _ => bail!(
                "column `{name}`: it may have one of `attack`, `profile`, or `effort`, `suite` or `transfer_from` with or without `attack`"
            ),
        };
        ensure!(
            images.is_none() || !matches!(what, What::Clean),
            "column `{name}`: `images` goes with an attack or a profile; without one the whole test set is taken"
        );
        ensure!(
            images != Some(0),
            "column `{name}`: images must be 1 or more"
        );
        Ok(Self { name, what, images })
    }
}
