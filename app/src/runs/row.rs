//! One stored run and what can be done with it.

use leptos::html::Input;
use leptos::prelude::*;
use squeeze_engine::event::RunInfo;
use squeeze_engine::verdict::report::Judged;

use crate::browser::date;
use crate::format::{percent, size};
use crate::runs::sure::Sure;
use crate::runs::words;
use crate::state::lab::Lab;

/// What the row is being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Nothing.
    Rest,
    /// For another name.
    Rename,
    /// Whether it may go.
    Delete,
}

/// A stored run.
#[component]
pub fn Row(
    /// The run.
    info: RunInfo,
    /// The engine is not free.
    #[prop(into)]
    locked: Signal<bool>,
) -> impl IntoView {
    let lab = Lab::get();
    let mode = RwSignal::new(Mode::Rest);
    let id = StoredValue::new(info.id.clone());
    let name = StoredValue::new(info.name.clone());
    let here = Memo::new(move |_| {
        lab.run
            .with(|run| id.with_value(|id| run.as_ref() == Some(id)))
    });
    let compared = Memo::new(move |_| id.with_value(|id| lab.is_compared(id)));
    let renamed = move |new: Option<String>| {
        mode.set(Mode::Rest);
        if let Some(new) = new {
            id.with_value(|id| lab.rename_run(id, &new));
        }
    };
    // Which run it is, for those who hear the buttons and do not see the row.
    let says = move |what: &str| name.with_value(|name| format!("{what} {name}"));
    let share = info.step as f64 / info.config.training.steps.max(1) as f64;
    let accuracy = info
        .test_accuracy
        .map_or_else(|| "–".to_owned(), |share| percent(share, 1001));
    let kept = format!("{} · {}", date::moment(info.created), size(info.bytes));
    let state = words::state(&info);
    let finished = info.finished;
    let verdict = info.verdict.map(Judged::line);
    let what = words::what(&info);
    let progress = words::progress(&info);
    let info = StoredValue::new(info);
    view! {
        <li class="run" class:here=move || here.get() data-testid="run" data-name=name.get_value()>
            <div class="run-head">
                {move || {
                    if mode.get() == Mode::Rename {
                        view! { <NameField name=name done=renamed /> }.into_any()
                    } else {
                        view! {
                            <h3 class="run-title">
                                {name.get_value()}
                                {move || {
                                    here.get()
                                        .then(|| view! { <span class="tag">"on the bench"</span> })
                                }}
                            </h3>
                        }
                            .into_any()
                    }
                }}
                <p class="run-config">{what}</p>
                <p class="run-kept">{kept}</p>
            </div>
            <div class="run-done">
                <p>
                    {progress}
                    <span class="run-state" class:open=!finished>
                        {state}
                    </span>
                </p>
                <div class="run-track" aria-hidden="true">
                    <div style:width=format!("{:.1}%", share.clamp(0.0, 1.0) * 100.0)></div>
                </div>
            </div>
            <p class="run-accuracy">
                <b>{accuracy}</b>
                <span>"test accuracy"</span>
                {verdict.map(|verdict| view! { <span class="run-verdict">{verdict}</span> })}
            </p>
            <div class="run-actions">
                {move || match mode.get() {
                    Mode::Delete => {
                        view! {
                            <Sure
                                yes=move || {
                                    mode.set(Mode::Rest);
                                    id.with_value(|id| lab.delete_run(id));
                                }
                                no=move || mode.set(Mode::Rest)
                            />
                        }
                            .into_any()
                    }
                    Mode::Rest | Mode::Rename => {
                        let button = move |test_id, label, act: fn(Lab, &str)| {
                            view! {
                                <button
                                    type="button"
                                    class="quiet"
                                    data-testid=test_id
                                    aria-label=says(label)
                                    disabled=move || locked.get()
                                    on:click=move |_| id.with_value(|id| act(lab, id))
                                >
                                    {label}
                                </button>
                            }
                        };
                        view! {
                            <button
                                type="button"
                                data-testid="run-open"
                                aria-label=says("Open")
                                disabled=move || locked.get()
                                on:click=move |_| info.with_value(|info| lab.open_run(info))
                            >
                                "Open"
                            </button>
                            <button
                                type="button"
                                class="quiet"
                                data-testid="run-rename"
                                aria-label=says("Rename")
                                disabled=move || locked.get()
                                on:click=move |_| mode.set(Mode::Rename)
                            >
                                "Rename"
                            </button>
                            <button
                                type="button"
                                class="quiet"
                                data-testid="run-compare"
                                aria-label=says("Compare")
                                aria-pressed=move || compared.get().to_string()
                                disabled=move || locked.get() || here.get()
                                on:click=move |_| id.with_value(|id| lab.compare_run(id))
                            >
                                "Compare"
                            </button>
                            {button("run-duplicate", "Duplicate", Lab::duplicate_run)}
                            {button("run-download", "Download", Lab::download_run)}
                            <button
                                type="button"
                                class="quiet"
                                data-testid="run-delete"
                                aria-label=says("Delete")
                                disabled=move || locked.get()
                                on:click=move |_| mode.set(Mode::Delete)
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

/// A name to type over. Enter takes it, Escape leaves the old one.
#[component]
fn NameField(
    name: StoredValue<String>,
    done: impl Fn(Option<String>) + Copy + 'static,
) -> impl IntoView {
    let input = NodeRef::<Input>::new();
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            // An element of the page takes the focus.
            let _ = input.focus();
            input.select();
        }
    });
    let save = move || {
        done(input.get_untracked().map(|input| input.value()));
    };
    view! {
        <form
            class="run-naming"
            on:submit=move |event| {
                event.prevent_default();
                save();
            }
        >
            <input
                type="text"
                aria-label="Name of the run"
                data-testid="run-name"
                autocomplete="off"
                spellcheck="false"
                maxlength="100"
                node_ref=input
                value=name.get_value()
                on:keydown=move |event| {
                    if event.key() == "Escape" {
                        done(None);
                    }
                }
            />
            <button type="submit" data-testid="run-name-save">
                "Save"
            </button>
            <button type="button" class="quiet" on:click=move |_| done(None)>
                "Cancel"
            </button>
        </form>
    }
}
