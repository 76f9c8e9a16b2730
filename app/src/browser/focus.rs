//! Keeping the keyboard where the visitor was, when what had it goes away, and the page where it is.

use js_sys::{Object, Reflect};
use leptos::prelude::{document, request_animation_frame};
use wasm_bindgen::JsValue;
use web_sys::Element;

use crate::browser::js::call;

/// Gives the focus to the element with this id, once it is drawn. The page does not move.
pub fn focus_soon(id: &'static str) {
    request_animation_frame(move || {
        if let Some(element) = document().get_element_by_id(id) {
            // What cannot have the focus leaves it where it is.
            let _ = call(
                &element,
                "focus",
                &[options(&[("preventScroll", JsValue::TRUE)])],
            );
        }
    });
}

/// Brings an element to the middle of the window, where nothing covers it.
pub fn show_in_the_middle(element: &Element) {
    let middle = [("block", "center"), ("inline", "center")];
    let middle = middle.map(|(name, value)| (name, JsValue::from_str(value)));
    // It stays where it is in a browser that cannot.
    let _ = call(element, "scrollIntoView", &[options(&middle)]);
}

fn options(fields: &[(&str, JsValue)]) -> JsValue {
    let options = Object::new();
    for (name, value) in fields {
        // A plain object takes every field.
        let _ = Reflect::set(&options, &JsValue::from_str(name), value);
    }
    options.into()
}
