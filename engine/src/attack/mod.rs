//! Attacks: perturbations within a budget that the network gets wrong.

pub mod apgd;
pub mod ball;
pub mod begin;
pub mod choice;
pub mod climb;
pub mod compare;
pub mod fab;
pub mod hop_skip_jump;
pub mod iterates;
pub mod ladder;
pub mod nearest;
pub mod noise;
pub mod pgd;
pub mod rows;
pub mod run;
pub mod spsa;
pub mod square;
pub mod suite;
pub mod transfer;
pub mod tried;
pub mod walk;
pub mod worst;
