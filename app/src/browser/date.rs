//! Dates as the visitor reads them.

use js_sys::{Date, Object, Reflect};
use wasm_bindgen::JsValue;

/// A moment, in seconds since 1970, in the visitor's own time zone.
pub fn moment(seconds: f64) -> String {
    let date = Date::new(&JsValue::from_f64(seconds * 1000.0));
    let options = Object::new();
    for (name, value) in [("dateStyle", "medium"), ("timeStyle", "short")] {
        // A refused option only means another form.
        let _ = Reflect::set(&options, &name.into(), &value.into());
    }
    String::from(date.to_locale_string("en-GB", &options))
}
