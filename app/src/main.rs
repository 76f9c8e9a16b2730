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

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::{document, request_animation_frame, set_timeout};

/// A window that draws nothing, since it is hidden, is not waited for longer.
const LONGEST_WAIT: Duration = Duration::from_millis(150);

fn main() {
    console_error_panic_hook::set_once();
    after_the_first_picture(|| {
        // What index.html says until the page is there.
        if let Some(boot) = document().get_element_by_id("boot") {
            boot.remove();
        }
        leptos::mount::mount_to_body(page::Page);
    });
}

/// Lets the browser draw what index.html says before the page is built: where the network is fast both come at
/// once, and the visitor would look at nothing meanwhile.
fn after_the_first_picture(build: impl FnOnce() + 'static) {
    let build = Rc::new(Cell::new(Some(build)));
    let once = {
        let build = build.clone();
        move || {
            if let Some(build) = build.take() {
                build();
            }
        }
    };
    set_timeout(once.clone(), LONGEST_WAIT);
    // The second frame begins when the first has been drawn.
    request_animation_frame(move || request_animation_frame(once));
}
