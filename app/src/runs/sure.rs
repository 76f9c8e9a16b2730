//! The question before a stored run is deleted.

use leptos::html::Button;
use leptos::prelude::*;

/// Asks whether a run may go.
#[component]
pub fn Sure(
    /// It may.
    yes: impl Fn() + 'static,
    /// It may not.
    no: impl Fn() + Copy + 'static,
) -> impl IntoView {
    let keep = NodeRef::<Button>::new();
    Effect::new(move |_| {
        if let Some(keep) = keep.get() {
            // An element of the page takes the focus.
            let _ = keep.focus();
        }
    });
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
        <button
            type="button"
            data-testid="run-delete-no"
            node_ref=keep
            on:click=move |_| no()
            on:keydown=move |event| {
                if event.key() == "Escape" {
                    no();
                }
            }
        >
            "Keep"
        </button>
    }
}
