//! Dates as the visitor reads them.

use js_sys::Date;
use wasm_bindgen::JsValue;

use crate::browser::js::object;

/// A moment, in seconds since 1970, in the visitor's own time zone.
pub fn moment(seconds: f64) -> String {
    let date = Date::new(&JsValue::from_f64(seconds * 1000.0));
    let options = object(&[
        ("dateStyle", "medium".into()),
        ("timeStyle", "short".into()),
    ]);
    String::from(date.to_locale_string("en-GB", &options))
}
