//! Which other runs are in the charts.

use leptos::prelude::*;

use crate::state::history::Other;
use crate::state::lab::Lab;

/// A line that names them, each with a button that takes it out; nothing while there are none.
#[component]
pub fn Beside() -> impl IntoView {
    let lab = Lab::get();
    // Letter, name and id.
    let others = Memo::new(move |_| {
        lab.history_version.track();
        lab.others.with_value(|others| {
            let entry = |other: &Other| (other.letter, other.name.clone(), other.id.clone());
            others.iter().map(entry).collect::<Vec<_>>()
        })
    });
    let entries = move || {
        others
            .get()
            .into_iter()
            .map(|(letter, name, id)| {
                let says = format!("Take {name} out of the charts");
                view! {
                    <li>
                        <b>{letter}</b>
                        " "
                        {name}
                        <button
                            type="button"
                            class="quiet"
                            aria-label=says
                            on:click=move |_| lab.compare_run(&id)
                        >
                            "×"
                        </button>
                    </li>
                }
            })
            .collect_view()
    };
    view! {
        <Show when=move || others.with(|others| !others.is_empty())>
            <div class="beside" data-testid="beside">
                <span>"Beside this run:"</span>
                <ul>{entries}</ul>
            </div>
        </Show>
    }
}
