//! [`Problem`]: something that went wrong, in plain words, with a way out.

/// What the visitor can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayOut {
    /// Take note of it.
    Dismiss,
    /// Start the engine afresh.
    StartAgain,
    /// Choose another device.
    OtherDevice,
}

/// Something that went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What happened.
    pub sentence: String,
    /// What to do.
    pub way_out: WayOut,
}

impl Problem {
    /// A problem.
    pub fn new(sentence: impl Into<String>, way_out: WayOut) -> Self {
        Self {
            sentence: sentence.into(),
            way_out,
        }
    }
}
