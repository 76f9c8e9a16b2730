//! The user's hand on a run: go on, pause, stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use web_time::{Duration, Instant};

use crate::platform;

/// What the user wants of the run at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Wish {
    /// Go on.
    Run = 0,
    /// Pause at the next edge.
    Pause = 1,
    /// End at the next edge.
    Stop = 2,
}

/// A shared wish: whoever holds a clone may change it; a run looks at it at every edge.
#[derive(Clone, Debug, Default)]
pub struct Control(Arc<AtomicU8>);

impl Control {
    /// Changes the wish.
    pub fn set(&self, wish: Wish) {
        self.0.store(wish as u8, Ordering::Relaxed);
    }

    /// The wish as it stands.
    pub fn wish(&self) -> Wish {
        match self.0.load(Ordering::Relaxed) {
            1 => Wish::Pause,
            2 => Wish::Stop,
            _ => Wish::Run,
        }
    }
}

/// Lets the host handle its messages now and then, so that a wish can reach a busy worker.
pub(crate) struct Yielder(Instant);

impl Yielder {
    const EVERY: Duration = Duration::from_millis(20);

    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }

    /// Yields if the last time is long enough ago.
    pub(crate) async fn breathe(&mut self) {
        if self.0.elapsed() >= Self::EVERY {
            platform::yield_now().await;
            self.0 = Instant::now();
        }
    }
}
