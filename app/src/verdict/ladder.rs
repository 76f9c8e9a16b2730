//! The attacks, one after another, and what each left standing.

use leptos::prelude::*;
use squeeze_engine::event::Rung;

use crate::format::{count, duration, percent};
use crate::state::lab::Lab;
use crate::verdict::head::with;

/// The ladder.
#[component]
pub fn Ladder() -> impl IntoView {
    let lab = Lab::get();
    let rungs =
        Memo::new(move |_| with(lab, |judgement| judgement.rungs.clone()).unwrap_or_default());
    let clean = move || with(lab, |judgement| judgement.start.clean_accuracy).unwrap_or_default();
    let climbing = move || {
        lab.climbing.with(|climbing| {
            climbing.as_ref().map(|climbing| {
                view! {
                    <li class="rung at-work">
                        <span class="rung-name">{climbing.name.clone()}</span>
                        <span class="rung-fooled">"at work"</span>
                    </li>
                }
            })
        })
    };
    view! {
        <section class="ladder" aria-labelledby="ladder-title">
            <h3 id="ladder-title">"The ladder"</h3>
            <p class="hint">"Longer PGD and more starts try what the usual attack left, other attacks with gradients what \
                 longer PGD left, attacks without gradients what all of those left, so that each shows what it can \
                 do alone; FAB comes last, on what is left of all. “New” are those that no attack before it had \
                 fooled. The bar is what stood through all attacks up to this one."</p>
            <ol data-testid="ladder">
                <li class="rung">
                    <span class="rung-name">"No attack"</span>
                    {move || left(clean())}
                </li>
                // By what they say: those of another evaluation are others.
                <For
                    each=move || with_new(clean(), rungs.get())
                    key=|(rung, _)| {
                        let counts = (rung.attacked, rung.fallen, rung.standing);
                        (rung.name.clone(), counts, rung.seconds.to_bits())
                    }
                    let:rung
                >
                    {row(&rung.0, rung.1)}
                </For>
                {climbing}
            </ol>
        </section>
    }
}

/// Each rung with the images that no rung before it had fooled.
fn with_new(clean: f64, rungs: Vec<Rung>) -> Vec<(Rung, usize)> {
    let images = rungs.first().map_or(0, |rung| rung.images);
    let mut before = (clean * images as f64).round() as usize;
    let new = |rung: Rung| {
        let new = before.saturating_sub(rung.standing);
        before = rung.standing;
        (rung, new)
    };
    rungs.into_iter().map(new).collect()
}

fn row(rung: &Rung, new: usize) -> impl IntoView + use<> {
    let share = rung.standing as f64 / rung.images.max(1) as f64;
    let settings = rung.config.as_ref().map(|config| config.describe());
    let about = format!(
        "{}{}",
        settings.map_or_else(String::new, |settings| format!("{settings}; ")),
        duration(rung.seconds)
    );
    view! {
        <li class="rung">
            <details class="rung-name">
                <summary>{rung.name.clone()}</summary>
                <p class="hint">{about}</p>
            </details>
            <span class="rung-fooled" class:some={rung.fallen > 0}>
                {format!("fooled {} of {}", count(rung.fallen), count(rung.attacked))}
                {(new < rung.fallen).then(|| format!(", {} new", count(new)))}
            </span>
            {left(share)}
        </li>
    }
}

fn left(share: f64) -> impl IntoView {
    view! {
        <span class="rung-bar" aria-hidden="true">
            <span style:width=format!("{:.1}%", 100.0 * share)></span>
        </span>
        <span class="rung-left">{percent(share, 0)}</span>
    }
}
