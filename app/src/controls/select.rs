//! A choice from a short list, with a sentence about what is chosen.

use leptos::prelude::*;

/// Values and titles of a list of choices.
pub fn options<T: Copy>(
    all: impl IntoIterator<Item = T>,
    name: fn(T) -> &'static str,
    title: fn(T) -> &'static str,
) -> Vec<(String, String)> {
    all.into_iter()
        .map(|choice| (name(choice).to_owned(), title(choice).to_owned()))
        .collect()
}

/// A choice from a list.
#[component]
pub fn SelectField(
    /// Stable name, for tests.
    test_id: &'static str,
    /// Name for people.
    label: &'static str,
    /// Values and titles, in order.
    #[prop(into)]
    options: Signal<Vec<(String, String)>>,
    /// The value chosen.
    #[prop(into)]
    value: Signal<String>,
    /// One sentence about it.
    #[prop(into)]
    hint: Signal<String>,
    /// Takes another value.
    #[prop(into)]
    choose: Callback<String>,
) -> impl IntoView {
    let hint_id = format!("{test_id}-hint");
    view! {
        <div class="field wide">
            <label for=test_id>{label}</label>
            <select
                id=test_id
                data-testid=test_id
                aria-describedby=hint_id.clone()
                prop:value=move || value.get()
                on:change=move |event| choose.run(event_target_value(&event))
            >
                {move || {
                    options
                        .get()
                        .into_iter()
                        .map(|(name, title)| {
                            let own = name.clone();
                            view! {
                                <option value=name selected=move || value.with(|value| *value == own)>
                                    {title}
                                </option>
                            }
                        })
                        .collect_view()
                }}
            </select>
            <p class="hint" id=hint_id>
                {move || hint.get()}
            </p>
        </div>
    }
}
