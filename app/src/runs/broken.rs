//! A stored run that cannot be read: what is wrong with it, and two ways out.

use leptos::prelude::*;
use squeeze_engine::event::BrokenRun;

use crate::runs::sure::Sure;
use crate::state::lab::Lab;

/// A stored run that cannot be read.
#[component]
pub fn Broken(
    /// The run.
    run: BrokenRun,
    /// The engine is not free.
    #[prop(into)]
    locked: Signal<bool>,
) -> impl IntoView {
    let lab = Lab::get();
    let asking = RwSignal::new(false);
    let BrokenRun { id, name, reason } = run;
    let id = StoredValue::new(id);
    let of = StoredValue::new(name.clone());
    view! {
        <li class="run broken" data-testid="broken-run">
            <div class="run-head">
                <h3 class="run-title">{name}</h3>
                <p class="run-wrong">
                    "It cannot be read: " {reason} ". “Download” saves what is left of it."
                </p>
            </div>
            <div class="run-actions">
                {move || {
                    if asking.get() {
                        view! {
                            <Sure
                                yes=move || {
                                    asking.set(false);
                                    id.with_value(|id| lab.delete_run(id));
                                }
                                no=move || asking.set(false)
                            />
                        }
                            .into_any()
                    } else {
                        view! {
                            <button
                                type="button"
                                class="quiet"
                                data-testid="run-download"
                                aria-label=of.with_value(|name| format!("Download {name}"))
                                disabled=move || locked.get()
                                on:click=move |_| id.with_value(|id| lab.download_run(id))
                            >
                                "Download"
                            </button>
                            <button
                                type="button"
                                class="quiet"
                                data-testid="run-delete"
                                aria-label=of.with_value(|name| format!("Delete {name}"))
                                disabled=move || locked.get()
                                on:click=move |_| asking.set(true)
                            >
                                "Delete"
                            </button>
                        }
                            .into_any()
                    }
                }}
            </div>
        </li>
    }
}
