//! [`Complaint`]: what is wrong with a config as a whole, at the field that has to change.
//!
//! A single value out of its range never gets into the config; what is left are values that do not
//! go together.

use squeeze_engine::config::{ConfigError, RunConfig};

use crate::state::field::Field;
use crate::state::switch::Switch;

/// What is wrong with a config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Dotted path of the field.
    pub path: &'static str,
    /// What it must be.
    pub sentence: String,
}

impl Complaint {
    /// The first thing wrong with a config, if anything is.
    pub fn of(config: &RunConfig) -> Option<Self> {
        match config.validate() {
            Err(ConfigError::OutOfRange { field, must_be, .. }) => Some(Self {
                path: field,
                sentence: sentence(&must_be),
            }),
            // Only a text can be no config at all.
            Ok(()) | Err(ConfigError::Syntax(_)) => None,
        }
    }

    /// The field's name for people.
    pub fn label(&self) -> &'static str {
        label(self.path).unwrap_or(self.path)
    }
}

/// A range as a sentence, in which fields have the names that the page gives them.
pub(super) fn sentence(must_be: &str) -> String {
    let mut sentence = format!("Must be {must_be}.");
    let fields = Field::ALL.map(Field::path);
    let switches = Switch::ALL.map(Switch::path);
    for path in fields.into_iter().chain(switches) {
        if let Some(label) = label(path) {
            sentence = sentence.replace(&format!("`{path}`"), &format!("“{label}”"));
        }
    }
    sentence
}

fn label(path: &str) -> Option<&'static str> {
    let field = Field::ALL.into_iter().find(|field| field.path() == path);
    let switch = Switch::ALL.into_iter().find(|switch| switch.path() == path);
    field
        .map(|field| field.words().label)
        .or((path == "guard.kind").then_some("Guard"))
        .or_else(|| switch.map(|switch| switch.words().label))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use squeeze_engine::config::OptimizerKind;

    use super::*;

    #[test]
    fn values_that_do_not_go_together_are_named_as_the_page_names_them() {
        let mut config = RunConfig::default();
        assert_eq!(Complaint::of(&config), None);
        config.training.patience = 3;
        config.training.eval_every = 0;
        let complaint = Complaint::of(&config).unwrap();
        assert_eq!(complaint.path, Field::Patience.path());
        assert_eq!(complaint.label(), "Patience");
        assert_eq!(
            complaint.sentence,
            "Must be off, or “Held-out images” and “Look every” above 0."
        );
        config.training.patience = 0;
        config.training.keep_best = true;
        assert_eq!(Complaint::of(&config).unwrap().label(), "Keep the best");
        config.training.keep_best = false;
        config.optimizer.kind = OptimizerKind::Nesterov;
        config.optimizer.momentum = 0.0;
        let complaint = Complaint::of(&config).unwrap();
        assert_eq!(complaint.path, Field::Momentum.path());
    }
}
