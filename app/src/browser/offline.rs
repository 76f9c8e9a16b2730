//! The service worker (`app/install/service-worker.js`), which keeps the page for visits without a
//! connection.

use js_sys::{Array, Promise};
use leptos::prelude::window;
use leptos::task::spawn_local;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::browser::js::{call, get};

/// Has the page's files kept whose names below its address begin so, now that they have been used.
/// Nothing happens where there is no service worker.
pub fn keep(starts: &[&str]) {
    let starts: Array = starts.iter().copied().map(JsValue::from).collect();
    spawn_local(async move {
        let workers = get(&window().navigator(), "serviceWorker");
        let Ok(ready) = get(&workers, "ready").dyn_into::<Promise>() else {
            return;
        };
        if let Ok(registration) = JsFuture::from(ready).await {
            let active = get(&registration, "active");
            // A worker that has just gone is followed by one that keeps what it had.
            let _ = call(&active, "postMessage", &[starts.into()]);
        }
    });
}
