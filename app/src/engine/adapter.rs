//! What the browser says about its GPU, before anything is opened.
//!
//! web-sys marks its WebGPU bindings unstable, and two properties are all that is needed: they are
//! read by name.

use js_sys::{Function, Promise};
use squeeze_engine::choice::AdapterFacts;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::browser::js::{get, object};

/// Longest wait for an answer. Some drivers never give one.
const PATIENCE_MS: i32 = 8_000;

/// The best adapter, or why there is none, as a clause.
pub async fn probe() -> Result<AdapterFacts, String> {
    let window = web_sys::window().ok_or("this is not a window")?;
    let gpu = get(&window.navigator(), "gpu");
    if gpu.is_falsy() {
        return Err(if window.is_secure_context() {
            "this browser has no WebGPU".to_owned()
        } else {
            "browsers offer WebGPU only over https and on localhost".to_owned()
        });
    }
    let options = object(&[("powerPreference", "high-performance".into())]);
    let request: Function = get(&gpu, "requestAdapter")
        .dyn_into()
        .map_err(|_| "this browser's WebGPU is not the standard's")?;
    let asked = request
        .call1(&gpu, &options)
        .map_err(|_| "the browser refused to look for a GPU")?;
    let late = Promise::new(&mut |resolve, _| {
        let _ = window.set_timeout_with_callback_and_timeout_and_arguments_1(
            &resolve,
            PATIENCE_MS,
            &"late".into(),
        );
    });
    let answer = JsFuture::from(Promise::race(&js_sys::Array::of2(&asked, &late)))
        .await
        .map_err(|_| "the browser failed to look for a GPU")?;
    if answer.is_string() {
        return Err("the browser gave no answer about its GPU".to_owned());
    }
    if answer.is_falsy() {
        return Err("the browser found no usable GPU".to_owned());
    }
    Ok(facts(&answer))
}

fn facts(adapter: &JsValue) -> AdapterFacts {
    let info = get(adapter, "info");
    let text = |name: &str| get(&info, name).as_string().unwrap_or_default();
    let name = [
        text("description"),
        text("device"),
        titled(&[text("vendor"), text("architecture")]),
    ]
    .into_iter()
    .find(|name| !name.is_empty())
    .unwrap_or_else(|| "an unnamed GPU".to_owned());
    let said_so = get(&info, "isFallbackAdapter").is_truthy()
        || get(adapter, "isFallbackAdapter").is_truthy();
    // Some browsers do not flag their software adapters: their names give them away.
    let all = format!("{name} {} {}", text("vendor"), text("architecture")).to_lowercase();
    let known = ["swiftshader", "llvmpipe", "basic render"];
    AdapterFacts {
        software: said_so || known.iter().any(|software| all.contains(software)),
        name,
    }
}

/// Browsers give vendor and architecture in small letters: `nvidia`, `ampere`.
fn titled(words: &[String]) -> String {
    let titled: Vec<String> = words
        .iter()
        .filter(|word| !word.is_empty())
        .map(|word| match word.as_str() {
            "nvidia" | "amd" | "arm" => word.to_uppercase(),
            "swiftshader" => "SwiftShader".to_owned(),
            _ => {
                let mut letters = word.chars();
                let first = letters.next().map(|first| first.to_uppercase().to_string());
                first.unwrap_or_default() + letters.as_str()
            }
        })
        .collect();
    titled.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_names() {
        let of = |vendor: &str, architecture: &str| {
            titled(&[vendor.to_owned(), architecture.to_owned()])
        };
        assert_eq!(of("nvidia", "ampere"), "NVIDIA Ampere");
        assert_eq!(of("google", "swiftshader"), "Google SwiftShader");
        assert_eq!(of("apple", ""), "Apple");
        assert_eq!(of("", ""), "");
    }
}
