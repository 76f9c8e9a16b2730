//! A setting that is on or off.

use leptos::prelude::*;

use crate::state::lab::Lab;
use crate::state::switch::Switch;

/// A setting that is on or off.
#[component]
pub fn Toggle(
    /// Which setting.
    switch: Switch,
) -> impl IntoView {
    let lab = Lab::get();
    let words = switch.words();
    let on = Memo::new(move |_| lab.config.with(|config| switch.read(config)));
    let error = Memo::new(move |_| {
        lab.complaint.with(|complaint| {
            let own = complaint.as_ref().filter(|own| own.path == switch.path());
            own.map(|own| own.sentence.clone())
        })
    });
    let hint_id = format!("{}-hint", words.test_id);
    view! {
        <div class="field toggle" class:wrong=move || error.with(Option::is_some)>
            <input
                id=words.test_id
                data-testid=words.test_id
                type="checkbox"
                aria-describedby=hint_id.clone()
                prop:checked=move || on.get()
                on:change=move |event| {
                    let checked = event_target_checked(&event);
                    lab.config.update(|config| switch.write(checked, config));
                }
            />
            <label for=words.test_id>{words.label}</label>
            <p class="hint" id=hint_id>
                {move || match error.get() {
                    Some(sentence) => {
                        view! { <span class="field-error">{sentence}</span> }.into_any()
                    }
                    None => words.hint.into_any(),
                }}
            </p>
        </div>
    }
}
