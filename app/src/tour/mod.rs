//! A guided tour: from a model that falls to one that only seems to stand, in five minutes. It never
//! stands in the way: everything on the page stays usable, and what the visitor does moves it on.

mod memory;
mod stop;

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use crate::browser::focus::{focus_soon, show_in_the_middle};
use crate::state::lab::Lab;
use stop::Stop;

/// Id of the button in the header that begins it.
pub const BUTTON: &str = "tour-button";
/// Id of its panel.
const PANEL: &str = "tour";

/// Where the tour stands.
#[derive(Clone, Copy)]
pub struct Tour {
    at: RwSignal<Option<Stop>>,
    /// It is still to be offered.
    offered: RwSignal<bool>,
}

impl Tour {
    /// The tour of a page that has just been opened: offered to those who have not seen it.
    pub fn new() -> Self {
        Self {
            at: RwSignal::default(),
            offered: RwSignal::new(!memory::has_seen()),
        }
    }

    /// That of the page that the calling component belongs to.
    pub fn get() -> Self {
        expect_context::<Self>()
    }

    /// Begins at the first stop.
    pub fn start(self) {
        self.leave_off_offering();
        self.go(Stop::ALL.first().copied());
    }

    /// Anchor of the part of the page that the tour is about.
    pub fn anchor(self) -> Option<&'static str> {
        self.at.get().map(Stop::anchor)
    }

    fn leave_off_offering(self) {
        self.offered.set(false);
        memory::note_seen();
    }

    fn go(self, stop: Option<Stop>) {
        self.at.set(stop);
        let Some(stop) = stop else {
            focus_soon(BUTTON);
            return;
        };
        focus_soon(PANEL);
        // Once the panel is there, which covers a part of a small screen.
        request_animation_frame(move || {
            let Some(part) = document().get_element_by_id(stop.anchor()) else {
                return;
            };
            let control = stop.control().map(|control| part.query_selector(control));
            match control {
                Some(Ok(Some(control))) => show_in_the_middle(&control),
                _ => part.scroll_into_view(),
            }
        });
    }
}

/// The offer to those who are new here; nothing for others.
#[component]
pub fn Offer() -> impl IntoView {
    let tour = Tour::get();
    view! {
        <Show when=move || tour.offered.get()>
            <div class="tour-offer" data-testid="tour-offer">
                <p>
                    <b>"New here?"</b>
                    " Five minutes show what squeezing a model does, and whether it makes it robust."
                </p>
                <button type="button" data-testid="tour-start" on:click=move |_| tour.start()>
                    "Take the tour"
                </button>
                <button
                    type="button"
                    class="quiet"
                    data-testid="tour-decline"
                    on:click=move |_| {
                        tour.leave_off_offering();
                        focus_soon(BUTTON);
                    }
                >
                    "Not now"
                </button>
            </div>
        </Show>
    }
}

/// The stop at hand, in a corner of the window.
#[component]
pub fn TourView() -> impl IntoView {
    let tour = Tour::get();
    // Wherever the focus is.
    let close = window_event_listener(leptos::ev::keydown, move |event: KeyboardEvent| {
        if event.key() == "Escape" && tour.at.with_untracked(Option::is_some) {
            tour.go(None);
        }
    });
    on_cleanup(move || close.remove());
    view! {
        {move || {
            tour.at
                .get()
                .map(|stop| {
                    view! {
                        <aside
                            class="tour"
                            id=PANEL
                            tabindex="-1"
                            aria-label="Tour"
                            data-testid="tour"
                        >
                            <StopView tour=tour stop=stop />
                        </aside>
                    }
                })
        }}
    }
}

#[component]
fn StopView(tour: Tour, stop: Stop) -> impl IntoView {
    let lab = Lab::get();
    let place = Stop::ALL.iter().position(|other| *other == stop);
    let place = place.unwrap_or(0);
    let neighbour = |at: Option<usize>| at.and_then(|at| Stop::ALL.get(at)).copied();
    let (back, next) = (neighbour(place.checked_sub(1)), neighbour(Some(place + 1)));
    let done = Memo::new(move |_| stop.is_done(lab));
    let text = Memo::new(move |_| {
        if done.get() {
            stop.after(lab)
        } else {
            stop.before(lab)
        }
    });
    // What came of it, as soon as it is there.
    Effect::new(move |before: Option<bool>| {
        let done = done.get();
        if done
            && before == Some(false)
            && let Some(result) = stop.result()
        {
            request_animation_frame(move || {
                if let Ok(Some(result)) = document().query_selector(result) {
                    show_in_the_middle(&result);
                }
            });
        }
        done
    });
    view! {
        <p class="tour-place">{format!("Tour, {} of {}", place + 1, Stop::ALL.len())}</p>
        <h2>{stop.title()}</h2>
        <p aria-live="polite" data-testid="tour-text">{text}</p>
        <div class="tour-ways">
            <button
                type="button"
                class:primary=move || done.get()
                data-testid="tour-next"
                on:click=move |_| tour.go(next)
            >
                {if next.is_some() { "Next" } else { "Done" }}
            </button>
            {back
                .map(|back| {
                    view! {
                        <button type="button" class="quiet" on:click=move |_| tour.go(Some(back))>
                            "Back"
                        </button>
                    }
                })}
            {next
                .map(|_| {
                    view! {
                        <button
                            type="button"
                            class="quiet"
                            data-testid="tour-end"
                            on:click=move |_| tour.go(None)
                        >
                            "End the tour"
                        </button>
                    }
                })}
        </div>
    }
}
