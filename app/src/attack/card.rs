//! One image under attack: before, after, and what was done to it.

use leptos::prelude::*;

use crate::attack::picture::{Picture, PictureView};
use crate::format::confidence;
use crate::state::gallery::{Gallery, Outcome, Verdict};
use crate::state::lab::Lab;

/// One image under attack.
#[component]
pub fn Card(
    /// Its place among those on show.
    image: usize,
) -> impl IntoView {
    let lab = Lab::get();
    let outcome =
        Memo::new(move |_| with(lab, |gallery| gallery.outcome(image)).unwrap_or(Outcome::Waiting));
    let truth = Memo::new(move |_| {
        with(lab, |gallery| gallery.truth(image))
            .flatten()
            .map_or_else(String::new, |class| class_name(lab, class))
    });
    let place = Memo::new(move |_| {
        let place = with(lab, |gallery| gallery.place(image)).flatten();
        place.map_or_else(String::new, |place| format!(", test image {place}"))
    });
    let before = Memo::new(move |_| with(lab, |gallery| gallery.before(image)).flatten());
    let after = Memo::new(move |_| with(lab, |gallery| gallery.after(image)).flatten());
    view! {
        <article
            class="card"
            class:fooled=move || outcome.get() == Outcome::Fooled
            class:holds=move || outcome.get() == Outcome::Holds
            aria-label=move || format!("Image {}, in truth {}{}", image + 1, truth.get(), place.get())
        >
            <header class="card-head">
                <p title=move || place.get().trim_start_matches(", ").to_owned()>
                    "Truth " <b>{truth}</b>
                </p>
                <p class="card-outcome">{move || badge(outcome.get())}</p>
                <button
                    type="button"
                    class="card-closer"
                    aria-label=move || format!("Look closer at image {}", image + 1)
                    aria-pressed=move || (lab.closeup.get() == image).to_string()
                    data-testid=format!("closer-{image}")
                    on:click=move |_| lab.closeup.set(image)
                >
                    "closer"
                </button>
            </header>
            <div class="pictures">
                <p class="picture-name">"clean"</p>
                <p class="picture-name">"attacked"</p>
                <p class="picture-name">"change"</p>
                <PictureView image=Signal::stored(image) picture=Picture::Clean />
                <PictureView image=Signal::stored(image) picture=Picture::Adversarial />
                <PictureView image=Signal::stored(image) picture=Picture::Perturbation />
                <p class="says">{move || said(lab, before.get())}</p>
                <p class="says after">{move || said(lab, after.get())}</p>
            </div>
        </article>
    }
}

/// Reads what is on show, if anything is.
pub fn with<T>(lab: Lab, read: impl FnOnce(&Gallery) -> T) -> Option<T> {
    lab.gallery.with(|gallery| gallery.as_ref().map(read))
}

/// A class by its name.
pub fn class_name(lab: Lab, class: usize) -> String {
    lab.data.with_untracked(|data| {
        data.as_ref()
            .and_then(|data| data.classes.get(class).cloned())
            .unwrap_or_else(|| class.to_string())
    })
}

fn said(lab: Lab, verdict: Option<Verdict>) -> impl IntoView {
    verdict.map(|verdict| {
        view! {
            <b>{class_name(lab, verdict.class)}</b>
            " "
            <span>{confidence(verdict.confidence)}</span>
        }
    })
}

/// The outcome in a word.
pub fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Waiting => "",
        Outcome::Holds => "holds",
        Outcome::Fooled => "fooled",
        Outcome::WrongBefore => "wrong before",
    }
}

/// The same with a sign that needs no colour.
pub fn badge(outcome: Outcome) -> impl IntoView {
    let sign = match outcome {
        Outcome::Waiting => "",
        Outcome::Holds => "M3 8.500l3.500 3.500L13 4.500",
        Outcome::Fooled => "M4 4l8 8M12 4l-8 8",
        Outcome::WrongBefore => "M3.500 8h9",
    };
    view! {
        <svg class="sign" viewBox="0 0 16 16" aria-hidden="true">
            <path d=sign />
        </svg>
        {word(outcome)}
    }
}
