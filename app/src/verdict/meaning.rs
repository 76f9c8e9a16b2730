//! What masking is, with the judged model as the example.

use leptos::prelude::*;
use squeeze_engine::verdict::meaning::{MASKING, example};

use crate::state::lab::Lab;
use crate::verdict::head::with;

/// The explanation, once the verdict is known.
#[component]
pub fn Meaning() -> impl IntoView {
    let lab = Lab::get();
    let told = Memo::new(move |_| {
        with(lab, |judgement| {
            let report = judgement.report.as_ref()?;
            Some(example(report).join(" "))
        })
        .flatten()
    });
    move || {
        told.get().map(|told| {
            view! {
                <section class="meaning" aria-labelledby="meaning-title">
                    <h3 id="meaning-title">"What masking means"</h3>
                    <p data-testid="meaning">
                        <b>"This model. "</b>
                        {told}
                    </p>
                    <p>{MASKING}</p>
                </section>
            }
        })
    }
}
