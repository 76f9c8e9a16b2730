//! The page of Squeeze: train a small classifier, defend it, attack it.
//!
//! Modules in the order data flows through them: [`engine`] opens a device and hears the worker,
//! [`files`] takes what the visitor drops, [`state`] is what the page knows, the rooms ([`models`],
//! [`train`], [`attack`], [`verdict`], [`runs`]) show it.

mod attack;
mod browser;
mod chart;
mod controls;
mod data;
mod engine;
mod files;
mod format;
mod header;
mod models;
mod page;
mod parts;
mod profile;
mod runs;
mod state;
mod tour;
mod train;
mod verdict;
mod words;

use std::time::Duration;

use leptos::prelude::{document, set_timeout, window};

/// How often to look whether the browser has drawn.
const LOOK: Duration = Duration::from_millis(8);

/// What draws nothing for whatever reason is not waited for longer.
const LOOKS: u32 = 25;

fn main() {
    console_error_panic_hook::set_once();
    build_after_the_first_picture(LOOKS);
}

/// Builds the page once the browser has drawn what index.html says. On a fast network both are there at once, and
/// the visitor would look at nothing meanwhile.
fn build_after_the_first_picture(looks: u32) {
    let drawn = window()
        .performance()
        .is_none_or(|seen| seen.get_entries_by_name("first-contentful-paint").length() > 0);
    // A hidden window draws nothing until it is looked at.
    if !drawn && looks > 0 && !document().hidden() {
        set_timeout(move || build_after_the_first_picture(looks - 1), LOOK);
        return;
    }
    // What index.html says until the page is there.
    if let Some(boot) = document().get_element_by_id("boot") {
        boot.remove();
    }
    leptos::mount::mount_to_body(page::Page);
}
