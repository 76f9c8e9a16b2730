//! A [`RunConfig`] in an address: short enough to send, readable, and whole or not taken at all.
//!
//! `?run=1,mnist-lite-natural,seed:7,check:0f1e2d3c`: the form's version, the preset that is nearest, what
//! differs from it, by the fields' paths, and a checksum of the whole config. A link that was cut or changed
//! on the way is refused, and so is one whose preset means something else by now.

use super::fields::fields;
use super::{ConfigError, RunConfig, preset};

/// The parameter of an address that holds a config.
pub const PARAMETER: &str = "run";

/// Most characters of a link.
pub const MAX_LINK: usize = 3000;

/// The form that is written here and the only one that is read.
const VERSION: &str = "1";

/// The last part of every link.
const CHECK: &str = "check";

/// Why a link is not taken, as what follows "the link is not taken: ".
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LinkError {
    /// Too many characters.
    #[error("it has more than {MAX_LINK} characters, and none that is whole has")]
    TooLong,
    /// Another form.
    #[error(
        "it begins with `{0}` and not with `{VERSION}`: it is damaged, or of another version of Squeeze"
    )]
    Version(String),
    /// No such preset.
    #[error(
        "there is no preset `{0}`: it is damaged, or of a version of Squeeze that has other presets"
    )]
    Preset(String),
    /// No such field.
    #[error(
        "there is no setting `{0}`: it is damaged, or of a version of Squeeze that has other settings"
    )]
    Field(String),
    /// A field more than once.
    #[error("`{0}` stands in it twice")]
    Twice(String),
    /// Not a value.
    #[error("`{field}` is `{value}`: it must be {must_be}")]
    Value {
        /// Dotted path of the field.
        field: &'static str,
        /// What was found.
        value: String,
        /// What is a value, in words.
        must_be: String,
    },
    /// A value out of its range, or that does not go with another.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No checksum at its end.
    #[error("its end is missing: it was cut behind `{0}`")]
    CutShort(String),
    /// Another checksum.
    #[error(
        "it does not add up: something in it was changed on the way, or it was made by a version of Squeeze \
         whose presets have other values"
    )]
    Check,
}

impl RunConfig {
    /// The config as the value of an address's parameter [`PARAMETER`], for [`RunConfig::from_link`] to
    /// read. Where the data lies on this machine is left out.
    ///
    /// # Errors
    /// [`LinkError::TooLong`], which only a long list of milestones can cause.
    pub fn to_link(&self) -> Result<String, LinkError> {
        let own = words(self);
        let presets = preset::all().into_iter();
        let bases = presets.map(|preset| (preset.name, preset.config));
        let link = [(String::new(), Self::default())]
            .into_iter()
            .chain(bases)
            .map(|(name, base)| {
                let mut parts = vec![VERSION.to_owned()];
                parts.extend((!name.is_empty()).then_some(name));
                let base = words(&base);
                let differing = own.iter().zip(&base).filter(|(own, base)| own != base);
                parts.extend(differing.map(|((field, word), _)| format!("{field}:{word}")));
                parts.push(format!("{CHECK}:{:08x}", self.checksum()));
                parts.join(",")
            })
            .min_by_key(String::len)
            .unwrap_or_default();
        if link.len() > MAX_LINK {
            return Err(LinkError::TooLong);
        }
        Ok(link)
    }

    /// The config of a link.
    ///
    /// # Errors
    /// [`LinkError`] names what is wrong; nothing of the link is taken then.
    pub fn from_link(link: &str) -> Result<Self, LinkError> {
        if link.len() > MAX_LINK {
            return Err(LinkError::TooLong);
        }
        let mut parts = link.split(',').peekable();
        let version = parts.next().unwrap_or_default();
        if version != VERSION {
            return Err(LinkError::Version(shown(version)));
        }
        let mut last = version.to_owned();
        let mut config = Self::default();
        if let Some(name) = parts.next_if(|part| !part.contains(':')) {
            let found = preset::find(name);
            config = found.ok_or_else(|| LinkError::Preset(shown(name)))?.config;
            name.clone_into(&mut last);
        }
        let mut check = None;
        let mut taken = Vec::new();
        {
            let mut places = fields(&mut config);
            for part in parts {
                let (field, word) = part.split_once(':').unwrap_or((part, ""));
                if taken.contains(&field) {
                    return Err(LinkError::Twice(shown(field)));
                }
                taken.push(field);
                if field == CHECK {
                    check = Some(word);
                    continue;
                }
                let place = places.iter_mut().find(|(path, _)| *path == field);
                let (path, place) = place.ok_or_else(|| LinkError::Field(shown(field)))?;
                place.take(word).map_err(|must_be| LinkError::Value {
                    field: path,
                    value: shown(word),
                    must_be,
                })?;
                field.clone_into(&mut last);
            }
        }
        // Before the ranges: where the end is missing, that is what to say.
        let check = check.ok_or(LinkError::CutShort(last))?;
        config.validate()?;
        if check != format!("{:08x}", config.checksum()) {
            return Err(LinkError::Check);
        }
        Ok(config)
    }

    /// 32-bit FNV-1a of what differs from the default config, so that a field that is added later changes
    /// the checksum of no config without it.
    fn checksum(&self) -> u32 {
        let base = words(&Self::default());
        let own = words(self);
        let differing = own.iter().zip(&base).filter(|(own, base)| own != base);
        let texts = differing.map(|((field, word), _)| format!("{field}:{word},"));
        texts.fold(0x811c_9dc5, |hash, text| {
            text.bytes().fold(hash, |hash: u32, byte| {
                (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
            })
        })
    }
}

/// The link that an address holds, if any. Signs that some programs write as `%2C` are read.
pub fn in_address(address: &str) -> Option<String> {
    parameter(address, PARAMETER)
}

/// What a parameter of an address holds.
pub fn parameter(address: &str, name: &str) -> Option<String> {
    let page = address.split('#').next().unwrap_or_default();
    let (_, query) = page.split_once('?')?;
    query
        .split('&')
        .find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
        .map(plain)
}

/// The address with this link, or none, in place of the one that it has. Its other parameters stay.
pub fn put_into_address(address: &str, link: Option<&str>) -> String {
    put_parameter(address, PARAMETER, link)
}

/// The address with this value of a parameter, or none, in place of the one that it has.
pub fn put_parameter(address: &str, name: &str, value: Option<&str>) -> String {
    let (rest, anchor) = match address.split_once('#') {
        Some((rest, anchor)) => (rest, format!("#{anchor}")),
        None => (address, String::new()),
    };
    let (page, query) = rest.split_once('?').unwrap_or((rest, ""));
    let is_named = |part: &&str| part.split('=').next() == Some(name);
    let others = query.split('&').filter(|part| !part.is_empty());
    let mut parts: Vec<String> = others
        .filter(|part| !is_named(part))
        .map(str::to_owned)
        .collect();
    parts.extend(value.map(|value| format!("{name}={value}")));
    let question = if parts.is_empty() { "" } else { "?" };
    format!("{page}{question}{}{anchor}", parts.join("&"))
}

/// Every field's path and word.
fn words(config: &RunConfig) -> Vec<(&'static str, String)> {
    let mut config = config.clone();
    let fields = fields(&mut config);
    fields
        .into_iter()
        .map(|(path, place)| (path, place.word()))
        .collect()
}

/// What stands in a link, short enough for a sentence.
fn shown(text: &str) -> String {
    const MOST: usize = 40;
    let mut short: String = text.chars().take(MOST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Percent-encoded signs as they are. What is no code stays as it stands.
fn plain(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let code = after
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::fields::Place;
    use super::*;

    /// Words of which every field takes at least one that is not its default.
    const WORDS: [&str; 17] = [
        "0.12345678901234567",
        "7",
        "8",
        "true",
        "mnist-cnn",
        "cifar100",
        "resize",
        "example",
        "trades",
        "mixed",
        "sgd",
        "one-cycle",
        "hop-skip-jump",
        "l2",
        "quick",
        "dlr",
        "class-3",
    ];

    /// The default config with one field changed, once for each field, with the field and the word.
    fn changed_singly() -> Vec<(&'static str, &'static str, RunConfig)> {
        let paths: Vec<&str> = words(&RunConfig::default())
            .into_iter()
            .map(|(path, _)| path)
            .collect();
        let changed = |at: usize| {
            WORDS.into_iter().find_map(|word| {
                let mut config = RunConfig::default();
                let (path, mut place) = fields(&mut config).swap_remove(at);
                place.take(word).ok()?;
                let is_other = config != RunConfig::default();
                (is_other && config.validate().is_ok()).then_some((path, word, config))
            })
        };
        (0..paths.len())
            .map(|at| changed(at).unwrap_or_else(|| panic!("no word for {}", paths[at])))
            .collect()
    }

    fn round_trip(config: &RunConfig) -> String {
        let link = config.to_link().unwrap();
        assert_eq!(RunConfig::from_link(&link).as_ref(), Ok(config), "{link}");
        // Nothing in it is written in another way by an address, a shell or a list in brackets.
        let plain = |c: char| c.is_ascii_alphanumeric() || ",:._/-".contains(c);
        assert!(link.chars().all(plain), "{link}");
        link
    }

    #[test]
    fn every_preset_comes_back_by_its_name() {
        for preset in preset::all() {
            let mut config = preset.config;
            let link = round_trip(&config);
            assert!(
                link.starts_with(&format!("1,{},check:", preset.name)),
                "{link}"
            );
            config.seed = 7;
            config.training.steps = 2;
            let link = round_trip(&config);
            assert!(link.contains(",seed:7,"), "{link}");
            assert!(link.len() < 100, "{link}");
        }
        assert!(round_trip(&RunConfig::default()).starts_with("1,check:"));
    }

    #[test]
    fn every_field_comes_back_and_has_the_path_of_its_file() {
        for (path, word, config) in changed_singly() {
            let link = round_trip(&config);
            let value = if path.ends_with("milestones") {
                format!("[{word}]")
            } else {
                word.to_owned()
            };
            let by_path = RunConfig::default().with_field(path, &value).unwrap();
            assert_eq!(by_path, config, "{path}: {link}");
        }
    }

    #[test]
    fn links_of_the_first_form_go_on_being_read() {
        let read = RunConfig::from_link("1,seed:5,training.steps:2,check:14d9e558").unwrap();
        let mut config = RunConfig {
            seed: 5,
            ..RunConfig::default()
        };
        config.training.steps = 2;
        assert_eq!(read, config);
    }

    #[test]
    fn the_path_on_one_machine_stays_there() {
        let mut config = RunConfig::default();
        config.data.path = Some("/home/somebody/pictures".to_owned());
        let link = config.to_link().unwrap();
        assert_eq!(RunConfig::from_link(&link), Ok(RunConfig::default()));
    }

    #[test]
    fn a_link_is_never_long() {
        let mut config = RunConfig::default();
        for (_, place) in fields(&mut config) {
            match place {
                Place::Real(value) => *value = 0.123_456_789_012_345_67,
                Place::Count(value) => *value = 100,
                Place::Seed(value) => *value = super::super::MAX_SEED,
                Place::Flag(value) => *value = !*value,
                Place::List(values) => *values = (1..20).map(|n| f64::from(n) / 21.0).collect(),
                Place::Name(_) => {}
            }
        }
        // A crop has its own bound.
        config.training.crop_padding = 63;
        config.validate().unwrap();
        let link = round_trip(&config);
        assert!(link.len() < 2000, "{}", link.len());
        config.optimizer.schedule.milestones = (1..1000).map(|n| f64::from(n) / 1001.0).collect();
        config.validate().unwrap();
        assert_eq!(config.to_link(), Err(LinkError::TooLong));
    }

    #[test]
    fn what_is_not_whole_is_refused_and_named() {
        let mut config = preset::find("mnist-lite-natural").unwrap().config;
        config.training.steps = 1234;
        let link = round_trip(&config);
        let (whole, check) = link.rsplit_once(",check:").unwrap();
        assert_eq!(whole, "1,mnist-lite-natural,training.steps:1234");
        // Wherever it is cut, it is refused.
        for end in 0..link.len() {
            assert!(
                RunConfig::from_link(&link[..end]).is_err(),
                "{}",
                &link[..end]
            );
        }
        // Whichever of its signs is another, it is refused.
        for at in 0..link.len() {
            for sign in ["0", "7", "a", ",", ":"] {
                let damaged = format!("{}{sign}{}", &link[..at], &link[at + 1..]);
                assert!(
                    damaged == link || RunConfig::from_link(&damaged).is_err(),
                    "{damaged}"
                );
            }
        }
        let long = "x".repeat(MAX_LINK + 1);
        for (bad, says) in [
            ("", "begins with ``"),
            ("2,mnist-lite-natural", "begins with `2`"),
            ("1", "cut behind `1`"),
            ("1,mnist-lite-natural", "cut behind `mnist-lite-natural`"),
            (whole, "cut behind `training.steps`"),
            (
                "1,mnist-lite-naturel,check:0",
                "no preset `mnist-lite-naturel`",
            ),
            ("1,training.step:3,check:0", "no setting `training.step`"),
            ("1,data.path:x,check:0", "no setting `data.path`"),
            ("1,seed:3,seed:3,check:0", "`seed` stands in it twice"),
            (
                "1,training.steps:12x4,check:0",
                "`training.steps` is `12x4`: it must be a whole",
            ),
            (
                "1,training.steps:0,check:0",
                "`training.steps` is 0: it must be",
            ),
            ("1,training.flip:yes,check:0", "it must be true or false"),
            ("1,attack.norm:l3,check:0", "it must be one of linf, l2"),
            ("1,network:wrn-17-4,check:0", "`network` is `wrn-17-4`"),
            (
                "1,attack.goal:class-300,check:0",
                "`attack.goal` is `class-300`",
            ),
            ("1,attack.epsilon:8,check:0", "from 0 to 1"),
            ("1,attack.epsilon:1/0,check:0", "from 0 to 1"),
            ("1,objective.gamma:nan,check:0", "a finite number"),
            (
                "1,optimizer.schedule.milestones:0.5_x,check:0",
                "milestones",
            ),
            (
                "1,training.patience:3,training.held_out:0,check:0",
                "training.patience",
            ),
            (&format!("{whole},check:"), "does not add up"),
            (
                &format!("{whole},check:{}0", &check[..7]),
                "does not add up",
            ),
            (&format!("1,{}:1", "y".repeat(300)), "y…`"),
            (&long, "more than 3000"),
        ] {
            let said = RunConfig::from_link(bad).unwrap_err().to_string();
            assert!(said.contains(says), "{bad}: {said}");
        }
    }

    #[test]
    fn a_link_is_found_in_an_address_and_put_into_it() {
        let link = "1,mnist-lite-natural,attack.epsilon:8/255,check:00000000";
        for address in [
            "https://host/page/?run=1,mnist-lite-natural,attack.epsilon:8/255,check:00000000",
            "?device=cpu&run=1%2cmnist-lite-natural%2Cattack.epsilon%3A8%2F255%2Ccheck%3A00000000#attack",
        ] {
            assert_eq!(in_address(address).as_deref(), Some(link));
        }
        for address in ["", "https://host/#?run=1", "?rerun=1", "?runs=1", "?run"] {
            assert_eq!(in_address(address), None, "{address}");
        }
        assert_eq!(in_address("?run=%zz%2").as_deref(), Some("%zz%2"));
        for (before, link, after) in [
            ("/p/", Some("1,a"), "/p/?run=1,a"),
            (
                "/p/?device=cpu#top",
                Some("1,a"),
                "/p/?device=cpu&run=1,a#top",
            ),
            (
                "/p/?run=2&device=cpu",
                Some("1,a"),
                "/p/?device=cpu&run=1,a",
            ),
            ("/p/?run=2#top", None, "/p/#top"),
            ("/p/?run&profile", None, "/p/?profile"),
        ] {
            assert_eq!(put_into_address(before, link), after);
        }
    }
}
