//! The engine on real devices: every body runs on the CPU backend and on a GPU interface (Mesa's
//! lavapipe where there is no GPU).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod attacks;
mod devices;
mod kernels;
mod networks;
mod objectives;
mod sessions;
mod training;
