//! The engine in a web worker, on the CPU backend.

use squeeze_engine::choice::DeviceWish;

#[path = "../worker.rs"]
mod worker;

fn main() {
    worker::serve(DeviceWish::Cpu, DeviceWish::Cpu);
}
