//! A group of settings that can be closed. Its head says what is in it, so that a closed group hides
//! nothing.

use leptos::prelude::*;

use crate::state::field::Field;
use crate::state::lab::Lab;
use crate::state::switch::Switch;

/// A group of settings, closed at first.
#[component]
pub fn Group(
    /// Stable name, for tests.
    test_id: &'static str,
    /// Name for people.
    title: &'static str,
    /// What is in it, in a few words.
    #[prop(into)]
    summary: Signal<String>,
    /// Its fields, for the mark of a wrong one.
    #[prop(into)]
    fields: Signal<Vec<Field>>,
    /// Its switches.
    #[prop(optional)]
    switches: &'static [Switch],
    /// Dotted paths of what else is in it.
    #[prop(optional)]
    paths: &'static [&'static str],
    /// The settings.
    children: Children,
) -> impl IntoView {
    let lab = Lab::get();
    let wrong = Memo::new(move |_| {
        let fields = fields.get();
        let typed = lab
            .invalid
            .with(|invalid| fields.iter().any(|field| invalid.contains_key(field)));
        let together = lab.complaint.with(|complaint| {
            complaint.as_ref().is_some_and(|complaint| {
                fields.iter().any(|field| field.path() == complaint.path)
                    || switches
                        .iter()
                        .any(|switch| switch.path() == complaint.path)
                    || paths.contains(&complaint.path)
            })
        });
        typed || together
    });
    view! {
        <details class="group" class:wrong=move || wrong.get() data-testid=test_id>
            <summary>
                <span class="group-title">{title}</span>
                <span class="group-summary">
                    {move || {
                        if wrong.get() { "needs mending".to_owned() } else { summary.get() }
                    }}
                </span>
            </summary>
            <div class="group-body">{children()}</div>
        </details>
    }
}
