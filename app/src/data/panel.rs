//! The data panel at the head of the training room.

use leptos::prelude::*;
use squeeze_engine::config::DataKind;

use crate::controls::progress::Progress;
use crate::data::facts;
use crate::data::needs::Needs;
use crate::format::count;
use crate::state::device::DeviceView;
use crate::state::lab::{Asked, Lab};

/// Which images, and how to load others.
#[component]
pub fn DataPanel() -> impl IntoView {
    let lab = Lab::get();
    let wanted = Memo::new(move |_| lab.wanted.get());
    let loaded = Memo::new(move |_| lab.data_kind());
    let lacks_images = Memo::new(move |_| lab.lacks_images());
    let reading = Memo::new(move |_| {
        lab.asked.get() == Some(Asked::Load)
            || lab.loading.with(Option::is_some)
            || lab.found.with(Option::is_some)
    });
    let disabled = Signal::derive(move || {
        let phase = lab.phase.get();
        !phase.open || phase.busy() || reading.get() || lab.asked.get().is_some()
    });
    let hint = move || {
        if lab.phase.get().busy() {
            "Pause or stop what is running to load other images.".to_owned()
        } else if wanted.get() == DataKind::Mnist {
            "It comes with the page. For other images choose here, or drop files anywhere."
                .to_owned()
        } else {
            about(wanted.get()).to_owned()
        }
    };
    view! {
        <section class="data-panel" aria-label="Data" data-testid="data">
            <div class="field wide">
                <label for="data-set">"Data"</label>
                <select
                    id="data-set"
                    data-testid="data-set"
                    aria-describedby="data-set-hint"
                    disabled=move || disabled.get()
                    prop:value=move || wanted.get().name()
                    on:change=move |event| {
                        let name = event_target_value(&event);
                        if let Some(kind) = DataKind::ALL.into_iter().find(|kind| kind.name() == name) {
                            lab.choose_data(kind);
                        }
                    }
                >
                    {DataKind::ALL
                        .into_iter()
                        .map(|kind| {
                            view! {
                                <option value=kind.name() selected=move || wanted.get() == kind>
                                    {title(kind)}
                                </option>
                            }
                        })
                        .collect_view()}
                </select>
                <p class="hint" id="data-set-hint">
                    {hint}
                </p>
            </div>
            <div class="data-facts">
                {move || {
                    if reading.get() {
                        view! { <Reading /> }.into_any()
                    } else if loaded.get() == Some(wanted.get()) && lacks_images.get() {
                        view! {
                            <p class="data-line" data-testid="data-line">
                                "Its model takes any picture of yours. To train, and to attack and judge on test \
                                 images, bring the data set."
                            </p>
                            <Needs kind=wanted.get() disabled=disabled />
                        }
                            .into_any()
                    } else if loaded.get() == Some(wanted.get()) {
                        view! {
                            <Loaded />
                            {(wanted.get() == DataKind::Folder)
                                .then(|| view! { <ReadAgain disabled=disabled /> })}
                        }
                            .into_any()
                    } else if loaded.get().is_none() {
                        view! { <p class="hint">{lab.device.with(DeviceView::waiting_line)}</p> }
                            .into_any()
                    } else {
                        view! {
                            <Needs kind=wanted.get() disabled=disabled />
                            <p class="hint">
                                {loaded
                                    .get()
                                    .map(|kind| format!("Until then {} stays loaded.", short(kind)))}
                            </p>
                        }
                            .into_any()
                    }
                }}
            </div>
        </section>
    }
}

/// What is loaded.
#[component]
fn Loaded() -> impl IntoView {
    let lab = Lab::get();
    let of = move |read: fn(&squeeze_engine::event::DataReport) -> String| {
        move || {
            lab.data
                .with(|data| data.as_ref().map(read))
                .unwrap_or_default()
        }
    };
    view! {
        <p class="data-line" data-testid="data-line">
            <b>
                {of(|data| match data.kind {
                    DataKind::Folder => "Your own images".to_owned(),
                    _ => data.name.clone(),
                })}
            </b>
            " "
            {of(facts::images)}
        </p>
        <p class="hint data-classes">{of(facts::classes)}</p>
    }
}

/// How far the reading has come.
#[component]
fn Reading() -> impl IntoView {
    let lab = Lab::get();
    let share = Signal::derive(move || {
        lab.loading
            .get()
            .map_or(0.0, |(done, total)| done as f64 / total.max(1) as f64)
    });
    let line = move || match (lab.found.get(), lab.loading.get()) {
        (Some(found), _) => format!("Looking through the folder: {} files so far.", count(found)),
        (None, Some(_)) => format!("Reading the images: {:.0}%.", share.get() * 100.0),
        (None, None) => "Reading the files.".to_owned(),
    };
    view! {
        <p class="data-line" data-testid="data-reading">
            {line}
        </p>
        <Progress label="Images read" share=share still=Signal::derive(|| false) />
    }
}

/// A folder of images can be brought to another size.
#[component]
fn ReadAgain(#[prop(into)] disabled: Signal<bool>) -> impl IntoView {
    use crate::controls::number::NumberField;
    use crate::state::field::Field;

    let lab = Lab::get();
    let wrong = move || {
        lab.invalid
            .with(|invalid| invalid.keys().any(|field| field.is_of_data()))
    };
    lab.has_files(DataKind::Folder).then(|| {
        view! {
            <div class="read-again">
                <div class="field-pair">
                    <NumberField field=Field::ImageSize />
                    <NumberField field=Field::TestShare />
                </div>
                <button
                    type="button"
                    disabled=move || disabled.get() || wrong()
                    on:click=move |_| lab.load_again(DataKind::Folder)
                >
                    "Read again with these"
                </button>
            </div>
        }
    })
}

fn title(kind: DataKind) -> &'static str {
    match kind {
        DataKind::Folder => "My own images",
        other => other.title(),
    }
}

fn short(kind: DataKind) -> &'static str {
    match kind {
        DataKind::Folder => "the folder",
        other => other.title(),
    }
}

fn about(kind: DataKind) -> &'static str {
    match kind {
        DataKind::Mnist => "Handwritten digits.",
        DataKind::FashionMnist => "Pieces of clothing, in the format of MNIST: a little harder.",
        DataKind::Cifar10 => "Small photographs of ten kinds of animals and vehicles.",
        DataKind::Cifar100 => "Small photographs of a hundred kinds of things.",
        DataKind::Folder => "Any photographs or drawings, one folder for each class.",
    }
}
