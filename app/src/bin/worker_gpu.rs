//! The engine in a web worker, on the GPU backend.

fn main() {}
