//! Everything that differs between a browser's worker and a native program. No other module of the
//! workspace asks for the target.

#[cfg(not(target_family = "wasm"))]
mod native;
#[cfg(target_family = "wasm")]
mod wasm;

#[cfg(all(feature = "backend", not(target_family = "wasm")))]
pub use native::all_reduce;
#[cfg(all(feature = "gpu", not(target_family = "wasm")))]
pub use native::easel;
#[cfg(not(target_family = "wasm"))]
pub use native::{Folder, NO_ADAPTER, adapter, adapters, cpu_name, yield_now};
#[cfg(all(feature = "backend", target_family = "wasm"))]
pub use wasm::all_reduce;
#[cfg(all(feature = "gpu", target_family = "wasm"))]
pub use wasm::easel;
#[cfg(target_family = "wasm")]
pub use wasm::{Folder, NO_ADAPTER, adapter, adapters, cpu_name, yield_now};
