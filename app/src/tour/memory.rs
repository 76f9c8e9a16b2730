//! Whether this browser has seen the tour offered. Where a browser keeps nothing it is offered again.

use leptos::prelude::window;
use web_sys::Storage;

const KEY: &str = "squeeze-tour";

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// It was taken or declined.
pub fn has_seen() -> bool {
    let kept = storage().and_then(|storage| storage.get_item(KEY).ok().flatten());
    kept.is_some()
}

/// Keeps that in mind.
pub fn note_seen() {
    if let Some(storage) = storage() {
        // Full or forbidden: then it is offered again.
        let _ = storage.set_item(KEY, "seen");
    }
}
