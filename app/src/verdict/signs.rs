//! What speaks for a mask, and what does not.

use leptos::prelude::*;
use squeeze_engine::verdict::report::{Finding, Sign};

use crate::format::percent;
use crate::state::lab::Lab;
use crate::verdict::head::with;

/// The questions answered so far.
#[component]
pub fn Signs() -> impl IntoView {
    let lab = Lab::get();
    let signs =
        Memo::new(move |_| with(lab, |judgement| judgement.signs.clone()).unwrap_or_default());
    let of = move |clear: bool| {
        let signs = signs.get().into_iter();
        signs.filter(move |sign| (sign.finding == Finding::Clear) == clear)
    };
    let summary = move || match (of(false).count(), of(true).count()) {
        (0, clear) => format!("None of {clear} questions shows a sign"),
        (_, clear) => format!("{clear} other questions show no sign"),
    };
    view! {
        <section class="signs" aria-labelledby="signs-title" data-testid="signs">
            <h3 id="signs-title">"What speaks for a mask"</h3>
            <p class="hint">"Each answer is held against a threshold, which stands beside it."</p>
            <ul>
                <For each=move || of(false) key=|sign| sign.sentence.clone() let:sign>
                    {row(&sign)}
                </For>
            </ul>
            <details data-testid="no-signs">
                <summary>{summary}</summary>
                <ul>
                    <For each=move || of(true) key=|sign| sign.sentence.clone() let:sign>
                        {row(&sign)}
                    </For>
                </ul>
            </details>
        </section>
    }
}

fn row(sign: &Sign) -> impl IntoView + use<> {
    let (class, mark) = match sign.finding {
        Finding::Clear => ("clear", "M3 8.500l3.500 3.500L13 4.500"),
        Finding::Caution => ("caution", "M8 3v6M8 12.500v0.500"),
        Finding::Masking => ("masking", "M4 4l8 8M12 4l-8 8"),
    };
    view! {
        <li class=format!("sign-row {class}")>
            <span class="sign-word">
                <svg class="sign" viewBox="0 0 16 16" aria-hidden="true">
                    <path d=mark />
                </svg>
                {sign.finding.word()}
            </span>
            <span>
                {sign.sentence.clone()}
                " "
                <small>{format!("Threshold {}.", percent(sign.threshold, 0))}</small>
            </span>
        </li>
    }
}
