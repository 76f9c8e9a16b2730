//! From what was typed to a value of the config, and back.

use squeeze_engine::config::{ConfigError, MAX_SEED, Place, RunConfig};

use crate::state::complaint::sentence;
use crate::state::field::Field;

const SEED_RANGE: &str = "Must be a whole number, from 0 to 2⁵³ − 1.";

impl Field {
    /// The field's value as text.
    pub fn read(self, config: &RunConfig) -> String {
        match config.clone().place(self.path()) {
            Some(Place::Real(value)) => real_text(*value),
            Some(Place::List(values)) => {
                let texts: Vec<String> = values.iter().map(f64::to_string).collect();
                texts.join(", ")
            }
            Some(other) => other.word(),
            // A test looks for every field.
            None => String::new(),
        }
    }

    /// Puts what was typed into `config`.
    ///
    /// # Errors
    /// A sentence that names the range; `config` is untouched then.
    pub fn write(self, typed: &str, config: &mut RunConfig) -> Result<(), String> {
        // Every other value of the trial is a default and so valid: what `validate` finds is ours. The
        // norm alone decides what a radius may be.
        let mut trial = RunConfig::default();
        trial.attack.norm = config.attack.norm;
        let complaint = |trial: &RunConfig| match trial.validate() {
            Ok(()) => None,
            Err(ConfigError::OutOfRange { must_be, .. }) => Some(sentence(&must_be)),
            Err(other) => Some(other.to_string()),
        };
        let is_value = match trial.place(self.path()) {
            Some(Place::Real(value)) => {
                *value = number(typed).unwrap_or(f64::NAN);
                true
            }
            Some(Place::List(values)) => {
                *values = list(typed);
                true
            }
            Some(Place::Seed(value)) => match whole(typed).filter(|seed| *seed <= MAX_SEED) {
                Some(seed) => {
                    *value = seed;
                    true
                }
                None => return Err(SEED_RANGE.to_owned()),
            },
            Some(Place::Count(value)) => {
                let count = whole(typed).and_then(|value| usize::try_from(value).ok());
                *value = count.unwrap_or(0);
                count.is_some()
            }
            // What is on or off, or has a name, is not typed.
            _ => true,
        };
        if let Some(sentence) = complaint(&trial) {
            return Err(sentence);
        }
        if !is_value {
            // It would have done as a 0, but it is none. Its upper bound may say what it must be.
            if let Some(Place::Count(value)) = trial.place(self.path()) {
                *value = usize::MAX;
            }
            return Err(complaint(&trial)
                .unwrap_or_else(|| "Must be a whole number, 0 or more.".to_owned()));
        }
        match (config.place(self.path()), trial.place(self.path())) {
            (Some(Place::Real(to)), Some(Place::Real(from))) => *to = *from,
            (Some(Place::Count(to)), Some(Place::Count(from))) => *to = *from,
            (Some(Place::Seed(to)), Some(Place::Seed(from))) => *to = *from,
            (Some(Place::List(to)), Some(Place::List(from))) => *to = std::mem::take(from),
            // One field has one place.
            _ => {}
        }
        Ok(())
    }
}

/// A number as short as it can be said: pixel distances are often 255ths.
fn real_text(value: f64) -> String {
    let plain = value.to_string();
    let of_255 = (value * 255.0).round();
    if plain.len() > 8 && of_255 > 0.0 && (of_255 / 255.0 - value).abs() < 1e-12 {
        format!("{of_255}/255")
    } else if plain.len() > 8 && value != 0.0 && value.abs() < 1e-4 {
        format!("{value:e}")
    } else {
        plain
    }
}

/// A typed number: a decimal point or comma, or a fraction such as `8/255`.
fn number(typed: &str) -> Option<f64> {
    let plain = |text: &str| text.trim().replace(',', ".").parse::<f64>().ok();
    match typed.split_once('/') {
        Some((above, below)) => Some(plain(above)? / plain(below)?),
        None => plain(typed),
    }
}

/// Typed numbers with commas, semicolons or spaces between them. One that is none becomes NaN, which
/// `validate` refuses.
fn list(typed: &str) -> Vec<f64> {
    typed
        .split([',', ';', ' '])
        .map(|piece| piece.trim().trim_matches(['[', ']']))
        .filter(|piece| !piece.is_empty())
        .map(|piece| number(piece).unwrap_or(f64::NAN))
        .collect()
}

/// A typed whole number. `1e4` counts, `1.5` and `-1` do not.
fn whole(typed: &str) -> Option<u64> {
    let typed = typed.trim();
    if let Ok(value) = typed.parse() {
        return Some(value);
    }
    let value = typed.parse::<f64>().ok()?;
    let exact = value.fract() == 0.0 && (0.0..=MAX_SEED as f64).contains(&value);
    exact.then_some(value as u64)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use squeeze_engine::config::Norm;

    use squeeze_engine::config::preset;

    use super::*;

    #[test]
    fn a_radius_is_measured_by_its_norm() {
        let mut config = RunConfig::default();
        assert!(Field::Epsilon.write("1.25", &mut config).is_err());
        config.attack.norm = Norm::L2;
        assert_eq!(Field::Epsilon.write("1.25", &mut config), Ok(()));
        assert_eq!(config.attack.epsilon, 1.25);
    }

    #[test]
    fn every_field_reads_back_what_it_wrote() {
        let presets = preset::all().into_iter().map(|preset| preset.config);
        for config in presets.chain([RunConfig::default()]) {
            for field in Field::ALL {
                let mut copy = config.clone();
                let text = field.read(&config);
                field.write(&text, &mut copy).unwrap();
                assert_eq!(field.read(&copy), text, "{field:?}");
            }
        }
    }

    #[test]
    fn fields_have_each_their_own_place_and_name() {
        for field in Field::ALL {
            let alone = |name: fn(Field) -> &'static str| {
                let same = |other: &&Field| name(**other) == name(field);
                Field::ALL.iter().filter(same).count() == 1
            };
            assert!(alone(|field| field.words().test_id), "{field:?}");
            assert!(alone(Field::path), "{field:?}");
            // The path is the one that `validate` would name: it leads to the value in the file.
            let mut config = RunConfig::default();
            let marked = match config.place(field.path()).unwrap() {
                Place::Real(value) => {
                    *value = 0.123_456;
                    "0.123456"
                }
                Place::Count(value) => {
                    *value = 123_456;
                    "123456"
                }
                Place::Seed(value) => {
                    *value = 123_456;
                    "123456"
                }
                Place::List(values) => {
                    *values = vec![0.123_456];
                    "0.123456"
                }
                Place::Flag(_) | Place::Name(_) => panic!("{field:?} is not typed"),
            };
            let text = config.to_toml().unwrap();
            let (section, name) = field.path().rsplit_once('.').unwrap_or(("", field.path()));
            let body = if section.is_empty() {
                text.as_str()
            } else {
                text.split_once(&format!("[{section}]")).unwrap().1
            };
            let body = body.split("\n[").next().unwrap();
            assert!(body.contains(&format!("{name} = ")), "{field:?}: {body}");
            assert!(body.contains(marked), "{field:?}: {body}");
        }
    }

    #[test]
    fn fractions_commas_and_lists_are_numbers() {
        let mut config = RunConfig::default();
        Field::Epsilon.write("8/255", &mut config).unwrap();
        assert_eq!(config.attack.epsilon, 8.0 / 255.0);
        assert_eq!(Field::Epsilon.read(&config), "8/255");
        Field::StepSize.write(" 0,02 ", &mut config).unwrap();
        assert_eq!(config.attack.step_size, 0.02);
        Field::Steps.write("1e4", &mut config).unwrap();
        assert_eq!(config.training.steps, 10_000);
        Field::Milestones
            .write("[0.3, 1/2; 0.75]", &mut config)
            .unwrap();
        assert_eq!(config.optimizer.schedule.milestones, vec![0.3, 0.5, 0.75]);
        assert_eq!(Field::Milestones.read(&config), "0.3, 0.5, 0.75");
        Field::Milestones.write("", &mut config).unwrap();
        assert!(config.optimizer.schedule.milestones.is_empty());
        assert_eq!(real_text(1e-9), "1e-9");
        assert_eq!(real_text(0.0005), "0.0005");
    }

    #[test]
    fn a_bad_value_names_the_range_and_changes_nothing() {
        for (field, typed, says) in [
            (Field::Epsilon, "8", "from 0 to 1"),
            (Field::Epsilon, "", "from 0 to 1"),
            (Field::Epsilon, "1/0", "from 0 to 1"),
            (Field::Beta, "-1", "at least 0"),
            (Field::Beta, "inf", "at least 0"),
            (Field::Gamma, "nan", "finite"),
            (Field::LearningRate, "fast", "above 0"),
            (Field::Steps, "1.5", "whole number"),
            (Field::Steps, "0", "at least 1"),
            (Field::CropPadding, "much", "from 0 (off) to 64"),
            (Field::CropPadding, "65", "from 0 (off) to 64"),
            (Field::HeldOut, "some", "whole number, 0 or more"),
            (Field::Patience, "-1", "whole number, 0 or more"),
            (Field::ImageSize, "3", "from 4 to 512"),
            (Field::TestShare, "1", "below 1"),
            (Field::Milestones, "0.5, often", "rising shares"),
            (Field::Milestones, "0.5, 0.4", "rising shares"),
            (Field::Warmup, "1", "below 1"),
            (Field::Seed, "-3", "whole number"),
            (Field::Seed, "9007199254740992", "2⁵³"),
        ] {
            let mut config = RunConfig::default();
            let message = field.write(typed, &mut config).unwrap_err();
            assert!(message.contains(says), "{field:?} {typed}: {message}");
            assert_eq!(config, RunConfig::default(), "{field:?} {typed}");
        }
    }
}
