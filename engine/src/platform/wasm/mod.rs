//! A browser's worker.

#[cfg(feature = "gpu")]
pub mod easel;
mod folder;

#[cfg(feature = "backend")]
use burn::tensor::Tensor;
#[cfg(feature = "gpu")]
use burn::tensor::wgpu::wgpu;
use js_sys::{Function, Promise};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{MessageChannel, MessagePort};

pub use folder::Folder;

/// Why there is no adapter, as a clause.
pub const NO_ADAPTER: &str = "this browser offers no WebGPU adapter";

/// The adapter that a GPU device would be opened on.
#[cfg(feature = "gpu")]
pub async fn adapter() -> Option<wgpu::AdapterInfo> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: wgpu::Backends::BROWSER_WEBGPU,
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    let options = wgpu::RequestAdapterOptions {
        power_preference: wgpu::PowerPreference::HighPerformance,
        ..wgpu::RequestAdapterOptions::default()
    };
    let adapter = instance.request_adapter(&options).await.ok()?;
    Some(adapter.get_info())
}

/// Browsers show one adapter.
#[cfg(feature = "gpu")]
pub async fn adapters() -> Vec<wgpu::AdapterInfo> {
    adapter().await.into_iter().collect()
}

/// Without the `gpu` feature there is none.
#[cfg(not(feature = "gpu"))]
pub async fn adapter() -> Option<std::convert::Infallible> {
    None
}

/// Likewise.
#[cfg(not(feature = "gpu"))]
pub async fn adapters() -> Vec<std::convert::Infallible> {
    Vec::new()
}

/// A page trains on one device: the sum is what that has.
///
/// # Panics
/// With more, which no page can open.
#[cfg(feature = "backend")]
pub fn all_reduce(tensors: Vec<Tensor<1>>) -> Vec<Tensor<1>> {
    assert_eq!(tensors.len(), 1, "a page has one device");
    tensors
}

thread_local! {
    static YIELD: Option<YieldChannel> = YieldChannel::new();
}

/// A message to oneself comes back after the messages that wait already. A timer would do the same,
/// but browsers make repeated timers wait 4 ms.
struct YieldChannel {
    port: MessagePort,
    receiver: MessagePort,
}

impl YieldChannel {
    fn new() -> Option<Self> {
        let channel = MessageChannel::new().ok()?;
        Some(Self {
            port: channel.port1(),
            receiver: channel.port2(),
        })
    }

    fn ping(&self) -> Promise {
        Promise::new(&mut |resolve: Function, _reject| {
            let on_message = Closure::once_into_js(move |_: JsValue| {
                // Resolving cannot fail: the executor's function takes any value.
                let _ = resolve.call0(&JsValue::NULL);
            });
            self.receiver
                .set_onmessage(Some(on_message.unchecked_ref()));
            // A null message is always cloneable.
            let _ = self.port.post_message(&JsValue::NULL);
        })
    }
}

/// Lets the worker handle messages that wait.
pub async fn yield_now() {
    let ping = YIELD.with(|channel| channel.as_ref().map(YieldChannel::ping));
    if let Some(ping) = ping {
        // The promise only ever resolves.
        let _ = JsFuture::from(ping).await;
    }
}

/// What the CPU backend runs on, for people.
pub fn cpu_name() -> String {
    "CPU (WebAssembly, 1 thread, SIMD)".to_owned()
}
