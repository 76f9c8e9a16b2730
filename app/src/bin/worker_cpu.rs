//! The engine in a web worker, on the CPU backend.

fn main() {}
