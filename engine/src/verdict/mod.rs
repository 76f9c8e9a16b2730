//! The verdict: is a model robust, or is it only masked?
//!
//! A ladder of attacks from weak to strong gives numbers; [`judge`] says what they mean, each against
//! a threshold that is written there with its reason.

/// Which attacks an evaluation makes, and on what: counts up when that changes, since numbers of one are not those
/// of another.
pub const LADDER: u32 = 2;

pub mod checklist;
pub mod interval;
pub mod judge;
pub mod meaning;
pub mod plot;
pub mod report;
pub mod table;

#[cfg(feature = "backend")]
pub mod html;
#[cfg(feature = "backend")]
mod pictures;
#[cfg(feature = "backend")]
mod plan;
#[cfg(feature = "backend")]
mod probe;
#[cfg(feature = "backend")]
pub mod profile;
#[cfg(feature = "backend")]
pub mod run;
#[cfg(feature = "backend")]
mod surface;
#[cfg(feature = "backend")]
mod surrogate;
