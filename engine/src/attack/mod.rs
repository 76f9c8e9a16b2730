//! Attacks: perturbations within a budget that the network gets wrong.

mod linf;
pub mod pgd;
pub mod run;

pub use linf::{Budget, linf_step, random_start};
