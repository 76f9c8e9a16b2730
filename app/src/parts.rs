//! [`Parts`]: the page is built part by part.

use std::time::Duration;

use leptos::prelude::*;

/// How many parts of the page are there. Each is built in a task of its own, so that the browser draws and
/// answers in between.
#[derive(Clone, Copy)]
pub struct Parts {
    count: RwSignal<usize>,
    last: usize,
}

impl Parts {
    /// Begins to build so many.
    pub fn new(last: usize) -> Self {
        let parts = Self {
            count: RwSignal::new(0),
            last,
        };
        parts.build_next();
        parts
    }

    /// Those of the page that the calling component belongs to.
    pub fn get() -> Self {
        expect_context::<Self>()
    }

    /// Whether it is the turn of a part.
    pub fn is_there(self, part: usize) -> impl Fn() -> bool + Clone {
        move || self.count.get() >= part
    }

    fn build_next(self) {
        set_timeout(
            move || {
                self.count.update(|count| *count += 1);
                if self.count.get_untracked() < self.last {
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
