//! The question before a stored run is deleted.

use leptos::prelude::*;

/// Asks whether a run may go.
#[component]
pub fn Sure(
    /// It may.
    yes: impl Fn() + 'static,
    /// It may not.
    no: impl Fn() + 'static,
) -> impl IntoView {
    view! {
        <p class="run-question">"Delete it for good?"</p>
        <button
            type="button"
            class="danger"
            data-testid="run-delete-yes"
            on:click=move |_| yes()
        >
            "Delete"
        </button>
        <button type="button" data-testid="run-delete-no" on:click=move |_| no()>
            "Keep"
        </button>
    }
}
