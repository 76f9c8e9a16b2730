//! Keeping the keyboard where the visitor was, when what had it goes away, and the page where it is.

use leptos::prelude::{document, request_animation_frame};
use wasm_bindgen::JsValue;
use web_sys::Element;

use crate::browser::js::{call, object};

/// Gives the focus to the element with this id, once it is drawn. The page does not move.
pub fn focus_soon(id: &'static str) {
    request_animation_frame(move || {
        if let Some(element) = document().get_element_by_id(id) {
            // What cannot have the focus leaves it where it is.
            let _ = call(
                &element,
                "focus",
                &[object(&[("preventScroll", JsValue::TRUE)]).into()],
            );
        }
    });
}

/// Brings an element to the middle of the window, where nothing covers it.
pub fn show_in_the_middle(element: &Element) {
    let middle = ["block", "inline"].map(|name| (name, JsValue::from_str("center")));
    // It stays where it is in a browser that cannot.
    let _ = call(element, "scrollIntoView", &[object(&middle).into()]);
}
