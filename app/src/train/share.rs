//! The link to the settings.

use leptos::prelude::*;

use crate::state::lab::Lab;
use crate::state::share::{Shared, left_out};

/// A button that copies the link, and what came of it.
#[component]
pub fn ShareLink() -> impl IntoView {
    let lab = Lab::get();
    let left_out = Memo::new(move |_| {
        let set = lab.config.with(|config| config.data.set);
        left_out(set, lab.own.with(Option::is_some))
    });
    let line = move || {
        let said = match lab.shared.get() {
            Shared::No => "A link holds every setting of this page, from training to verdict.",
            Shared::Opened => "These are the settings of the link that you opened.",
            Shared::Copied => {
                "Copied. The link holds every setting and the name of a model that comes with the page; models that you trained are not in it."
            }
            Shared::Offered(_) => "This browser does not copy: take the link from here.",
            Shared::Refused(why) => return why,
        };
        said.to_owned() + &left_out.get()
    };
    let wrong = move || {
        lab.shared
            .with(|shared| matches!(shared, Shared::Refused(_)))
    };
    let select = |event: web_sys::FocusEvent| {
        event_target::<web_sys::HtmlInputElement>(&event).select();
    };
    let offered = move || match lab.shared.get() {
        Shared::Offered(address) => Some(view! {
            <input
                type="text"
                readonly=true
                aria-label="Link to these settings"
                data-testid="link"
                prop:value=address
                on:focus=select
            />
        }),
        _ => None,
    };
    view! {
        <div class="share">
            <button
                type="button"
                data-testid="copy-link"
                aria-describedby="share-line"
                on:click=move |_| lab.copy_link("")
            >
                "Copy link"
            </button>
            <p class="hint" class:field-error=wrong id="share-line" data-testid="share-line" role="status">
                {line}
            </p>
            {offered}
        </div>
    }
}
