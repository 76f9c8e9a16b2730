//! Copying the link to all settings.

use leptos::prelude::*;

use crate::state::lab::Lab;
use crate::state::share::Shared;

/// A small button that copies the link. What the browser does not copy stands in the first room, and the button
/// leads there.
#[component]
pub fn LinkButton(
    /// What finds it in a test or a script.
    test_id: String,
    /// The room that the link leads to, as an anchor.
    room: &'static str,
) -> impl IntoView {
    let lab = Lab::get();
    let word = move || match lab.shared.get() {
        Shared::No | Shared::Opened => "Copy link",
        Shared::Copied => "Link copied",
        Shared::Offered(_) | Shared::Refused(_) => "See under Train",
    };
    view! {
        <button
            type="button"
            class="quiet link-button"
            title="The link holds every setting of this page, from training to verdict"
            data-testid=test_id
            on:click=move |_| match lab.shared.get_untracked() {
                Shared::Offered(_) | Shared::Refused(_) => {
                    // An address that is a mere anchor is always taken.
                    let _ = window().location().set_hash("train");
                }
                _ => lab.copy_link(room),
            }
        >
            {word}
        </button>
    }
}
