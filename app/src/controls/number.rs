//! A number to type: checked at every key, its range named beside it.

use leptos::prelude::*;

use crate::state::field::Field;
use crate::state::lab::Lab;

/// A number to type.
#[component]
pub fn NumberField(
    /// Which number.
    field: Field,
    /// Another name than the field's own, where it means something special.
    #[prop(optional)]
    label: Option<&'static str>,
    /// Another line than the field's own.
    #[prop(optional)]
    hint: Option<&'static str>,
    /// What the value amounts to, in other words.
    #[prop(optional, into)]
    aside: Option<Signal<String>>,
    /// The value is of no use at present.
    #[prop(optional, into)]
    idle: Signal<bool>,
) -> impl IntoView {
    let lab = Lab::get();
    let words = field.words();
    let text = RwSignal::new(lab.config.with_untracked(|config| field.read(config)));

    let unreadable = Memo::new(move |_| lab.invalid.with(|invalid| invalid.get(&field).cloned()));
    // What is typed is a value, but does not go with another.
    let error = Memo::new(move |_| {
        unreadable.get().or_else(|| {
            lab.complaint.with(|complaint| {
                let own = complaint.as_ref().filter(|own| own.path == field.path());
                own.map(|own| own.sentence.clone())
            })
        })
    });

    // The config may change from elsewhere (a preset): the text follows, unless it says the same in
    // other words. What is being typed and is no value yet stays.
    let held = Memo::new(move |_| lab.config.with(|config| field.read(config)));
    Effect::new(move |_| {
        let held = held.get();
        if unreadable.with(Option::is_some) {
            return;
        }
        let mut trial = lab.config.get_untracked();
        let said = text.with_untracked(|text| field.write(text, &mut trial));
        if said.is_err() || field.read(&trial) != held {
            text.set(held);
        }
    });
    // A field that leaves the page must not go on forbidding a run.
    on_cleanup(move || lab.forget_invalid(&[field]));

    let typed = move |value: String| {
        let mut config = lab.config.get_untracked();
        let result = field.write(&value, &mut config);
        text.set(value);
        match result {
            Ok(()) => {
                lab.forget_invalid(&[field]);
                lab.config.set(config);
            }
            Err(sentence) => lab.invalid.update(|invalid| {
                invalid.insert(field, sentence);
            }),
        }
    };
    let hint_id = format!("{}-hint", words.test_id);

    view! {
        <div class="field" class:wrong=move || error.with(Option::is_some)>
            <label for=words.test_id>
                {label.unwrap_or(words.label)} {(!words.symbol.is_empty()).then(|| view! { " " <i>{words.symbol}</i> })}
            </label>
            <input
                id=words.test_id
                data-testid=words.test_id
                type="text"
                inputmode="decimal"
                autocomplete="off"
                spellcheck="false"
                aria-describedby=hint_id.clone()
                aria-invalid=move || if error.with(Option::is_some) { "true" } else { "false" }
                disabled=move || idle.get()
                prop:value=move || text.get()
                on:input=move |event| typed(event_target_value(&event))
            />
            <p class="hint" id=hint_id>
                {move || match error.get() {
                    Some(sentence) => view! { <span class="field-error">{sentence}</span> }.into_any(),
                    None => {
                        view! {
                            {hint.unwrap_or(words.hint)}
                            {aside
                                .map(|aside| {
                                    view! {
                                        " "
                                        <span class="aside">{move || aside.get()}</span>
                                    }
                                })}
                        }
                            .into_any()
                    }
                }}
            </p>
        </div>
    }
}
