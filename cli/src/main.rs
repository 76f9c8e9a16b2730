//! Headless Squeeze.
fn main() {}
