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

fn main() {
    console_error_panic_hook::set_once();
    // What index.html says until the page is there.
    if let Some(boot) = leptos::prelude::document().get_element_by_id("boot") {
        boot.remove();
    }
    leptos::mount::mount_to_body(page::Page);
}
