//! Configs as text.

use squeeze_engine::config::RunConfig;
use squeeze_engine::config::link::{in_address, put_into_address};

/// A config in TOML; what is taken is written and read as the same.
pub fn toml(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(config) = RunConfig::from_toml(text) else {
        return;
    };
    match config.to_toml() {
        Ok(written) => assert_eq!(RunConfig::from_toml(&written), Ok(config)),
        Err(error) => panic!("a config that was read cannot be written: {error}"),
    }
}

/// A config in an address, whole or the parameter alone.
pub fn link(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let link = in_address(text);
    for link in [Some(text), link.as_deref()].into_iter().flatten() {
        let Ok(config) = RunConfig::from_link(link) else {
            continue;
        };
        let Ok(written) = config.to_link() else {
            continue;
        };
        assert_eq!(RunConfig::from_link(&written).as_ref(), Ok(&config));
        let address = put_into_address(text, Some(&written));
        assert_eq!(in_address(&address), Some(written), "{address}");
    }
}
