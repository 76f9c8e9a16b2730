//! Letting the browser do its own work in the middle of ours.

use js_sys::Promise;
use leptos::prelude::window;
use wasm_bindgen_futures::JsFuture;

/// A task of the page is to be no longer than this, in milliseconds.
const LONGEST_MS: f64 = 12.0;

/// Tells when it is time to breathe.
pub struct Breath {
    since_ms: f64,
}

impl Breath {
    /// Work begins.
    pub fn new() -> Self {
        Self { since_ms: now_ms() }
    }

    /// Lets the browser draw and answer, if it has waited for long enough.
    pub async fn take(&mut self) {
        if now_ms() - self.since_ms < LONGEST_MS {
            return;
        }
        let pause = Promise::new(&mut |resolve, _| {
            // A window that sets no timer is closing: nothing waits for the rest.
            let _ = window().set_timeout_with_callback(&resolve);
        });
        // A promise that is only ever resolved.
        let _ = JsFuture::from(pause).await;
        self.since_ms = now_ms();
    }
}

/// Milliseconds since the page was opened.
pub fn now_ms() -> f64 {
    window()
        .performance()
        .map_or(0.0, |performance| performance.now())
}
