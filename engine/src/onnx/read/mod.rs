//! ONNX files as classifiers that run here, with gradients by their images.
//!
//! A file is decoded into a checked graph ([`decode`]), and that is planned for a batch of a given
//! size ([`plan`]): shapes are computed and checked, what is known without pixels is computed on the
//! host, and what is left are operations on tensors that cannot fail ([`run`]).

mod array;
mod attributes;
mod constant;
mod decode;
mod error;
mod model;
mod operation;
mod operators;
mod plan;
mod ranked;
mod run;

pub use error::OnnxReadError;
pub use model::OnnxModel;
