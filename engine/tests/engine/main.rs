//! The engine on real devices: every body runs on the CPU backend and on a GPU interface (Mesa's
//! lavapipe where there is no GPU).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod attacks;
mod choices;
mod comparisons;
mod convolution;
mod devices;
mod extremes;
mod golden;
mod golden_attacks;
#[path = "../golden/files.rs"]
#[allow(dead_code)]
mod golden_files;
#[path = "../golden/weights.rs"]
#[allow(dead_code)]
mod golden_weights;
mod guards;
mod kernels;
mod limits;
mod linear;
mod mixed;
mod networks;
mod objectives;
mod onnx_read;
mod optimizers;
mod parallel;
mod profile;
mod relu_pool;
mod sessions;
mod sheets;
mod training;
mod verdicts;
