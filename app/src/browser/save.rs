//! Handing a file to the visitor, as a download.

use js_sys::{Array, Uint8Array};
use leptos::prelude::document;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

/// Saves a file where the visitor's downloads go.
///
/// # Errors
/// A sentence, if the browser refuses.
pub fn save(name: &str, bytes: &[u8]) -> Result<(), String> {
    offer(name, bytes).map_err(|_| format!("The browser did not save “{name}”."))
}

/// Saves what an address holds.
///
/// # Errors
/// A sentence, if the browser refuses.
pub fn save_address(name: &str, url: &str) -> Result<(), String> {
    click(name, url).map_err(|_| format!("The browser did not save “{name}”."))
}

fn click(name: &str, url: &str) -> Result<(), JsValue> {
    let anchor: HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    anchor.set_href(url);
    anchor.set_download(name);
    anchor.click();
    Ok(())
}

fn offer(name: &str, bytes: &[u8]) -> Result<(), JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type(match name.rsplit_once('.') {
        Some((_, "html")) => "text/html",
        Some((_, "csv")) => "text/csv",
        Some((_, "gif")) => "image/gif",
        Some((_, "npy")) => "application/octet-stream",
        _ => "application/zip",
    });
    let parts = Array::of1(&Uint8Array::from(bytes));
    let blob = Blob::new_with_u8_array_sequence_and_options(&parts, &options)?;
    let url = Url::create_object_url_with_blob(&blob)?;
    click(name, &url)?;
    // Later, because the browser may only now begin to read; a minute is plenty for a local file.
    leptos::prelude::set_timeout(
        move || {
            // An address that is gone already needs no more.
            let _ = Url::revoke_object_url(&url);
        },
        std::time::Duration::from_secs(60),
    );
    Ok(())
}
