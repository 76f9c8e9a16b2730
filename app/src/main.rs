//! The page of Squeeze: train a small classifier, defend it, attack it.
//!
//! Modules in the order data flows through them: [`engine`] opens a device and hears the worker,
//! [`state`] is what the page knows, the rooms ([`train`], [`attack`]) show it.

mod attack;
mod chart;
mod controls;
mod engine;
mod format;
mod header;
mod page;
mod state;
mod train;

fn main() {
    console_error_panic_hook::set_once();
    // What index.html says until the page is there.
    if let Some(boot) = leptos::prelude::document().get_element_by_id("boot") {
        boot.remove();
    }
    leptos::mount::mount_to_body(page::Page);
}
