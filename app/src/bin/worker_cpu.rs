//! The engine in a web worker, on the CPU backend.

use squeeze_engine::choice::DeviceWish;

#[path = "../worker.rs"]
mod worker;

fn main() {
    // Nothing is drawn without a GPU.
    worker::serve(DeviceWish::Cpu, DeviceWish::Cpu, |_| None);
}
