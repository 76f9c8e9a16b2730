//! The models that lie ready, before the first room.

use leptos::prelude::*;
use squeeze_engine::config::DataKind;

use crate::format::percent;
use crate::state::lab::{Asked, Lab};
use crate::state::models::ReadyModel;

/// The data sets that models lie ready for, and what is in them.
const SETS: [(DataKind, &str); 2] = [
    (DataKind::Mnist, "Handwritten digits"),
    (DataKind::Cifar10, "Small photographs"),
];

/// The models to begin with.
#[component]
pub fn ReadyModels() -> impl IntoView {
    let lab = Lab::get();
    let locked = Signal::derive(move || lab.is_locked());
    let shown = RwSignal::new(DataKind::Mnist);
    let loaded = Memo::new(move |_| lab.data_kind());
    Effect::new(move |_| {
        // Those for the images at hand, whatever brought them.
        let mut kinds = SETS.into_iter().map(|(kind, _)| kind);
        if let Some(kind) = kinds.find(|kind| Some(*kind) == loaded.get()) {
            shown.set(kind);
        }
    });
    view! {
        <section class="room ready-models" id="models" aria-labelledby="models-title">
            <div class="room-head">
                <h2 id="models-title">"Begin with a trained model"</h2>
                <p>
                    "Each was trained in its own way, and some look robust. Open one, "
                    <a href="#attack">"attack it"</a>
                    ", and let the "
                    <a href="#verdict">"verdict"</a>
                    " say whether it is. Or "
                    <a href="#train">"train your own"</a>
                    "."
                </p>
            </div>
            <div class="model-sets" role="group" aria-label="Models for">
                {SETS
                    .map(|(kind, title)| {
                        view! {
                            <button
                                type="button"
                                data-testid=format!("models-for-{}", kind.name())
                                aria-pressed=move || (shown.get() == kind).to_string()
                                on:click=move |_| shown.set(kind)
                            >
                                {title}
                            </button>
                        }
                    })
                    .collect_view()}
                <p class="hint">{move || about(shown.get())}</p>
            </div>
            <ul class="model-cards" data-testid="models">
                <For
                    each=move || {
                        let mut models = lab.models.get();
                        models.retain(|model| model.data == shown.get());
                        models
                    }
                    key=|model| model.id.clone()
                    let:model
                >
                    <ModelCard model=model locked=locked />
                </For>
            </ul>
        </section>
    }
}

fn about(kind: DataKind) -> &'static str {
    match kind {
        DataKind::Cifar10 => {
            "Ten kinds of animals and vehicles (CIFAR-10, whose images do not come with the page): attack a \
             picture of your own."
        }
        _ => "MNIST: its test images are here, and you can draw your own.",
    }
}

#[component]
fn ModelCard(model: ReadyModel, locked: Signal<bool>) -> impl IntoView {
    let lab = Lab::get();
    let this = model.clone();
    let is_open = Memo::new(move |_| lab.is_open(&this));
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
