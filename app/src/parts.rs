//! [`Parts`]: the page is built part by part.

use std::time::Duration;

use leptos::prelude::*;

/// The parts behind the page's head, in the order in which they are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The first room, but for the next three.
    Train,
    /// Settings of a run.
    TrainForm,
    /// Settings that are folded up.
    TrainGroups,
    /// What is seen of a run.
    TrainBench,
    /// The second room, but for the next.
    Attack,
    /// What is seen of an attack.
    AttackBench,
    /// The third room.
    Verdict,
    /// Stored runs.
    Runs,
    /// What lies over the page and beneath it.
    Rest,
}

/// How many parts of the page are there. Each is built in a task of its own, so that the browser draws and
/// answers in between.
#[derive(Clone, Copy)]
pub struct Parts {
    count: RwSignal<usize>,
}

impl Parts {
    /// Begins to build.
    pub fn new() -> Self {
        let parts = Self {
            count: RwSignal::new(0),
        };
        parts.build_next();
        parts
    }

    /// Those of the page that the calling component belongs to.
    pub fn get() -> Self {
        expect_context::<Self>()
    }

    /// Whether a part is to be there.
    pub fn is_there(self, part: Part) -> impl Fn() -> bool + Clone {
        move || self.count.get() > part as usize
    }

    fn build_next(self) {
        set_timeout(
            move || {
                self.count.update(|count| *count += 1);
                if self.count.get_untracked() <= Part::Rest as usize {
                    self.build_next();
                } else {
                    go_where_the_address_points();
                }
            },
            Duration::ZERO,
        );
    }
}

/// The browser looked for that part when the page was opened, and it was not there.
fn go_where_the_address_points() {
    let Ok(hash) = window().location().hash() else {
        return;
    };
    let part = hash
        .strip_prefix('#')
        .and_then(|id| document().get_element_by_id(id));
    if let Some(part) = part {
        part.scroll_into_view();
    }
}
