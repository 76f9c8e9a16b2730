//! What training minimises: cross-entropy with optional label smoothing and logit squeezing.
//!
//! [`tensor`] computes it on the device, with gradients. [`reference`] is the same in plain float64:
//! the tests hold one against the other, and reports use it, so that a run's numbers come from its
//! logits alone and cost the device nothing.

pub mod reference;
#[cfg(feature = "backend")]
pub mod tensor;
