//! The models that lie ready, before the first room.

use leptos::prelude::*;

use crate::format::percent;
use crate::state::lab::{Asked, Lab};
use crate::state::models::ReadyModel;

/// The models to begin with.
#[component]
pub fn ReadyModels() -> impl IntoView {
    let lab = Lab::get();
    let locked = Signal::derive(move || lab.is_locked());
    view! {
        <section class="room ready-models" id="models" aria-labelledby="models-title">
            <div class="room-head">
                <h2 id="models-title">"Begin with a trained model"</h2>
                <p>
                    "Each was trained in its own way on handwritten digits, and some look robust. Open \
                     one, "
                    <a href="#attack">"attack it"</a>
                    ", and let the "
                    <a href="#verdict">"verdict"</a>
                    " say whether it is. Or "
                    <a href="#train">"train your own"</a>
                    "."
                </p>
            </div>
            <ul class="model-cards" data-testid="models">
                <For
                    each=move || lab.models.get()
                    key=|model| model.id.clone()
                    let:model
                >
                    <ModelCard model=model locked=locked />
                </For>
            </ul>
        </section>
    }
}

#[component]
fn ModelCard(model: ReadyModel, locked: Signal<bool>) -> impl IntoView {
    let lab = Lab::get();
    let name = model.name.clone();
    let is_open = Memo::new(move |_| lab.model.with(|open| open.as_ref() == Some(&name)));
    let opening = move || lab.asked.get() == Some(Asked::OpenModel);
    let title = format!("{}. Made by: {}", model.about, model.command);
    let test_id = format!("open-{}", model.id);
    let (heading, about) = (model.name.clone(), model.about.clone());
    let (clean, usual) = (percent(model.clean, 0), percent(model.usual, 0));
    view! {
        <li>
            <button
                type="button"
                class="model-card"
                class:open=move || is_open.get()
                aria-pressed=move || is_open.get().to_string()
                data-testid=test_id
                title=title
                disabled=move || locked.get() && !opening()
                on:click=move |_| {
                    if !locked.get_untracked() || opening() {
                        lab.open_model(&model);
                    }
                }
            >
                <b>{heading}</b>
                <span class="model-about">{about}</span>
                <span class="model-figures">
                    <span>{clean}" clean"</span>
                    <span>{usual}" under attack"</span>
                </span>
            </button>
        </li>
    }
}
