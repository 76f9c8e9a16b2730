//! libFuzzer on one of the targets, which `SQUEEZE_FUZZ` names: one program, so that it is built once.

#![no_main]
// The entry that libFuzzer calls has a fixed name, and an attribute that gives one counts as unsafe.
#![allow(unsafe_code)]

use std::sync::OnceLock;

use squeeze_fuzz::{SEEDS, TARGET, Target, find, write_seeds};

static CHOSEN: OnceLock<Target> = OnceLock::new();

libfuzzer_sys::fuzz_target!(
    init: {
        let name = std::env::var(TARGET).unwrap_or_default();
        match find(&name) {
            Some(target) => {
                CHOSEN.get_or_init(|| target);
                if let Some(folder) = std::env::var_os(SEEDS)
                    && let Err(error) = write_seeds(&name, folder.as_ref())
                {
                    eprintln!("error: seeds of {name}: {error:#}");
                    std::process::exit(2);
                }
            }
            None => {
                eprintln!("error: {TARGET}=`{name}` names no target");
                std::process::exit(2);
            }
        }
    },
    |bytes: &[u8]| {
        if let Some(target) = CHOSEN.get() {
            (target.run)(bytes);
        }
    }
);
