//! The engine in a web worker, on the GPU backend.

use squeeze_engine::choice::DeviceWish;
use squeeze_engine::sheet::easel;

#[path = "../worker.rs"]
mod worker;

fn main() {
    worker::serve(DeviceWish::Gpu, DeviceWish::Auto, easel::take);
}
