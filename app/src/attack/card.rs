//! One image under attack: before, after, and what was done to it.

use leptos::html::Canvas;
use leptos::prelude::*;

use crate::browser::pixels;
use crate::format::confidence;
use crate::state::gallery::{Gallery, Outcome, Verdict};
use crate::state::lab::Lab;

/// Which of an image's three pictures.
#[derive(Clone, Copy)]
enum Picture {
    Clean,
    Adversarial,
    Perturbation,
}

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
        with(lab, |gallery| gallery.start.labels.get(image).copied())
            .flatten()
            .map_or_else(String::new, |class| class_name(lab, class))
    });
    let before = Memo::new(move |_| with(lab, |gallery| gallery.before(image)).flatten());
    let after = Memo::new(move |_| with(lab, |gallery| gallery.after(image)).flatten());
    view! {
        <article
            class="card"
            class:fooled=move || outcome.get() == Outcome::Fooled
            class:holds=move || outcome.get() == Outcome::Holds
            aria-label=move || format!("Image {}, in truth {}", image + 1, truth.get())
        >
            <header class="card-head">
                <p>"Truth " <b>{truth}</b></p>
                <p class="card-outcome">{move || badge(outcome.get())}</p>
            </header>
            <div class="pictures">
                <p class="picture-name">"clean"</p>
                <p class="picture-name">"attacked"</p>
                <p class="picture-name">"change"</p>
                <PictureView image=image picture=Picture::Clean />
                <PictureView image=image picture=Picture::Adversarial />
                <PictureView image=image picture=Picture::Perturbation />
                <p class="says">{move || said(lab, before.get())}</p>
                <p class="says after">{move || said(lab, after.get())}</p>
            </div>
        </article>
    }
}

#[component]
fn PictureView(image: usize, picture: Picture) -> impl IntoView {
    let lab = Lab::get();
    let canvas = NodeRef::<Canvas>::new();
    let name = match picture {
        Picture::Clean => "the clean image",
        Picture::Adversarial => "the image under attack",
        Picture::Perturbation => "the perturbation, enlarged in contrast",
    };
    // The clean image changes with a new attack only, the others with every iteration.
    Effect::new(move |_| {
        let Some(canvas) = canvas.get() else {
            return;
        };
        with(lab, |gallery| {
            let bytes = match (picture, &gallery.frame) {
                (Picture::Clean, _) => Some(&gallery.start.pixels),
                (Picture::Adversarial, Some(frame)) => Some(&frame.pixels),
                (Picture::Perturbation, Some(frame)) => Some(&frame.perturbation),
                (_, None) => None,
            };
            if let Some(bytes) = bytes.and_then(|bytes| bytes.get(gallery.pixels(image))) {
                pixels::draw(&canvas, gallery.start.image_shape, bytes);
            }
        });
    });
    view! { <canvas node_ref=canvas width="28" height="28" role="img" aria-label=name></canvas> }
}

fn with<T>(lab: Lab, read: impl FnOnce(&Gallery) -> T) -> Option<T> {
    lab.gallery.with(|gallery| gallery.as_ref().map(read))
}

fn class_name(lab: Lab, class: usize) -> String {
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

/// The outcome in a word, with a sign that needs no colour.
fn badge(outcome: Outcome) -> impl IntoView {
    let (sign, word) = match outcome {
        Outcome::Waiting => ("", ""),
        Outcome::Holds => ("M3 8.500l3.500 3.500L13 4.500", "holds"),
        Outcome::Fooled => ("M4 4l8 8M12 4l-8 8", "fooled"),
        Outcome::WrongBefore => ("M3.500 8h9", "wrong before"),
    };
    view! {
        <svg class="sign" viewBox="0 0 16 16" aria-hidden="true">
            <path d=sign />
        </svg>
        {word}
    }
}
