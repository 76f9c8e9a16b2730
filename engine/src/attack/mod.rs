//! Attacks: perturbations within a budget that the network gets wrong.

pub mod apgd;
pub mod ball;
pub mod climb;
pub mod pgd;
pub mod run;
pub mod walk;
