//! Properties and methods by name, for interfaces that web-sys marks unstable or does not know.

use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// A property. Of what has none, `undefined`.
pub fn get(of: &JsValue, name: &str) -> JsValue {
    // Of `undefined` nothing can be read: it stays undefined.
    Reflect::get(of, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// The answer of a method.
///
/// # Errors
/// What the method threw, or that there is none.
pub fn call(of: &JsValue, name: &str, arguments: &[JsValue]) -> Result<JsValue, JsValue> {
    let method: Function = get(of, name).dyn_into()?;
    method.apply(of, &arguments.iter().collect::<Array>())
}

/// A plain object with these properties: options, say.
pub fn object(properties: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in properties {
        // A plain object takes every property.
        let _ = Reflect::set(&object, &JsValue::from_str(name), value);
    }
    object
}
