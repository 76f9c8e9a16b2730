//! A button that opens the browser's own file chooser.

use leptos::html::Input;
use leptos::prelude::*;

use crate::files::picked::{Picked, of_input};

/// What a chooser offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// One file.
    File,
    /// Several files.
    Files,
    /// A folder with all that is in it.
    Folder,
}

/// A button that lets the visitor pick files.
#[component]
pub fn PickButton(
    /// What it says.
    label: &'static str,
    /// Stable name, for tests; the file input has it.
    test_id: &'static str,
    /// What may be picked.
    choice: Choice,
    /// File name endings to offer, or empty.
    #[prop(optional)]
    accept: &'static str,
    /// Nothing can be picked at present.
    #[prop(into)]
    disabled: Signal<bool>,
    /// Takes what was picked.
    #[prop(into)]
    picked: Callback<Vec<Picked>>,
) -> impl IntoView {
    let input = NodeRef::<Input>::new();
    // The attribute has no typed form; it stands in every browser that can pick folders.
    Effect::new(move |_| {
        if let (Choice::Folder, Some(input)) = (choice, input.get()) {
            // The name is a good one, so it is accepted.
            let _ = input.set_attribute("webkitdirectory", "");
        }
    });
    let changed = move |_| {
        let Some(input) = input.get_untracked() else {
            return;
        };
        let files = input.files().map(|list| of_input(&list));
        // So that the same file can be picked again, after it was mended.
        input.set_value("");
        if let Some(files) = files.filter(|files| !files.is_empty()) {
            picked.run(files);
        }
    };
    view! {
        <span class="pick">
            <input
                type="file"
                class="visually-hidden"
                tabindex="-1"
                aria-hidden="true"
                data-testid=test_id
                node_ref=input
                multiple=choice != Choice::File
                accept=accept
                on:change=changed
            />
            <button
                type="button"
                data-testid=format!("{test_id}-button")
                disabled=move || disabled.get()
                on:click=move |_| {
                    if let Some(input) = input.get_untracked() {
                        input.click();
                    }
                }
            >
                {label}
            </button>
        </span>
    }
}
