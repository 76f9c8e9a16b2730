//! A way back and forth through the iterations of an attack.

use leptos::prelude::*;

/// What the parts of a [`Scrub`] are called.
#[derive(Clone, Copy)]
pub struct Words {
    /// The button that goes back.
    pub back: &'static str,
    /// The button that goes on.
    pub on: &'static str,
    /// The slider.
    pub slider: &'static str,
    /// Stable name of the slider, for tests.
    pub slider_id: &'static str,
    /// Stable name of what stands beside it.
    pub at_id: &'static str,
}

/// Two buttons, a slider, and which iteration is on show.
#[component]
pub fn Scrub(
    /// What the parts are called.
    words: Words,
    /// Place of the iteration on show, and how many there are.
    #[prop(into)]
    place: Signal<(usize, usize)>,
    /// Which iteration that is, in words.
    #[prop(into)]
    at: Signal<String>,
    /// Shows another one, by its place.
    go_to: impl Fn(usize) + Copy + 'static,
    /// The same, by the slider.
    slide_to: impl Fn(usize) + Copy + 'static,
) -> impl IntoView {
    view! {
        <button
            type="button"
            aria-label=words.back
            on:click=move |_| go_to(place.get_untracked().0.saturating_sub(1))
        >
            "←"
        </button>
        <button
            type="button"
            aria-label=words.on
            on:click=move |_| go_to(place.get_untracked().0 + 1)
        >
            "→"
        </button>
        <label class="story-scrub">
            <span class="visually-hidden">{words.slider}</span>
            <input
                type="range"
                min="0"
                max=move || place.get().1.saturating_sub(1).to_string()
                prop:value=move || place.get().0.to_string()
                data-testid=words.slider_id
                on:input=move |event| {
                    if let Ok(place) = event_target_value(&event).parse() {
                        slide_to(place);
                    }
                }
            />
        </label>
        <output data-testid=words.at_id>{at}</output>
    }
}
