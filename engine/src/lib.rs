//! The engine of Squeeze: what the page and the command line share.
//!
//! Modules in the order data flows through them. Without a backend feature (`cpu`, `gpu`) only the
//! description of a run and of what it reports is compiled, which is all the page itself needs.
//! Feature `data` adds the readers of data sets, `onnx` the writer of models for other programs, both
//! without a line of Burn; reading such models needs a backend.

pub mod bench;
pub mod choice;
pub mod config;
pub mod event;
pub mod protocol;

#[cfg(feature = "backend")]
pub mod attack;
#[cfg(feature = "backend")]
mod batch;
#[cfg(feature = "backend")]
pub mod checkpoint;
#[cfg(feature = "backend")]
pub mod control;
#[cfg(feature = "data")]
pub mod data;
#[cfg(feature = "backend")]
pub mod device;
#[cfg(feature = "backend")]
pub mod evaluate;
#[cfg(feature = "backend")]
pub mod guard;
#[cfg(feature = "gpu")]
pub mod kernel;
#[cfg(feature = "backend")]
pub mod limits;
#[cfg(feature = "backend")]
pub mod model;
#[cfg(feature = "backend")]
pub mod network;
#[cfg(feature = "backend")]
pub mod noise;
#[cfg(feature = "backend")]
pub mod objective;
#[cfg(feature = "onnx")]
pub mod onnx;
#[cfg(feature = "backend")]
pub mod operation;
#[cfg(feature = "backend")]
pub mod optimizer;
#[cfg(any(feature = "onnx", feature = "backend"))]
pub mod parameter;
#[cfg(feature = "backend")]
mod platform;
#[cfg(any(feature = "data", feature = "onnx", feature = "backend"))]
pub mod random;
#[cfg(feature = "backend")]
pub mod resident;
#[cfg(feature = "backend")]
pub mod run;
#[cfg(feature = "backend")]
pub mod session;
#[cfg(feature = "backend")]
pub mod sheet;
#[cfg(feature = "backend")]
pub mod train;
pub mod verdict;
