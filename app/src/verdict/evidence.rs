//! What a finished evaluation has to show: what it means, plots, images, the published checklist.

use leptos::html::Canvas;
use leptos::prelude::*;
use squeeze_engine::verdict::checklist::CheckItem;
use squeeze_engine::verdict::report::{Fooled, Report};

use crate::browser::pixels;
use crate::state::lab::Lab;
use crate::verdict::figure::Plots;
use crate::verdict::head::with;

/// The evidence, once the evaluation is over.
#[component]
pub fn Evidence() -> impl IntoView {
    let lab = Lab::get();
    move || {
        with(lab, |judgement| {
            judgement.report.as_ref().map(|report| evidence(report))
        })
        .flatten()
    }
}

fn evidence(report: &Report) -> impl IntoView + use<> {
    let shape = report.subject.image_shape;
    let name = |class: usize| {
        let classes = &report.subject.classes;
        classes
            .get(class)
            .cloned()
            .unwrap_or_else(|| class.to_string())
    };
    let fooled: Vec<_> = report
        .fooled
        .iter()
        .map(|fooled| pair(fooled, shape, name(fooled.label), name(fooled.predicted)))
        .collect();
    let covered = report.checklist.iter().filter(|item| item.covered).count();
    let summary = format!(
        "The published checklist: {covered} of {} points covered",
        report.checklist.len()
    );
    let items: Vec<_> = report.checklist.iter().map(check).collect();
    view! {
        <Plots report=report.clone() />
        {(!fooled.is_empty())
            .then(|| {
                view! {
                    <section class="fooled-images" aria-labelledby="fooled-title">
                        <h3 id="fooled-title">"Images that fooled it"</h3>
                        <div class="pairs">{fooled}</div>
                    </section>
                }
            })}
        <details class="checklist">
            <summary>{summary}</summary>
            <p class="hint">
                "Of "
                <a href="https://arxiv.org/abs/1902.06705">
                    "“On Evaluating Adversarial Robustness”"
                </a> " (Carlini et al. 2019), in our words."
            </p>
            <ul>{items}</ul>
        </details>
    }
}

fn pair(
    fooled: &Fooled,
    shape: [usize; 3],
    label: String,
    predicted: String,
) -> impl IntoView + use<> {
    view! {
        <figure class="pair">
            {picture(fooled.clean.clone(), shape, "the clean image")}
            {picture(fooled.attacked.clone(), shape, "the image under attack")}
            <figcaption>{label} " → " <b>{predicted}</b></figcaption>
        </figure>
    }
}

fn picture(bytes: Vec<u8>, shape: [usize; 3], about: &'static str) -> impl IntoView {
    let canvas = NodeRef::<Canvas>::new();
    Effect::new(move |_| {
        if let Some(canvas) = canvas.get() {
            pixels::draw(&canvas, shape, &bytes);
        }
    });
    view! { <canvas node_ref=canvas width="28" height="28" role="img" aria-label=about></canvas> }
}

fn check(item: &CheckItem) -> impl IntoView + use<> {
    let (class, word) = if item.covered {
        ("clear", "covered")
    } else {
        ("caution", "open")
    };
    view! {
        <li class=format!("sign-row {class}")>
            <span class="sign-word">{word}</span>
            <span>{format!("{}: {}.", item.item, item.how)}</span>
        </li>
    }
}
