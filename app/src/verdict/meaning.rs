//! What masking is, with the judged model as the example.

use leptos::prelude::*;
use squeeze_engine::verdict::meaning::{MASKING, example};
use squeeze_engine::verdict::report::Report;

/// The explanation.
pub fn meaning(report: &Report) -> impl IntoView + use<> {
    view! {
        <section class="meaning" aria-labelledby="meaning-title">
            <h3 id="meaning-title">"What masking means"</h3>
            <p>{MASKING}</p>
            <p data-testid="meaning">
                <b>"This model. "</b>
                {example(report).join(" ")}
            </p>
        </section>
    }
}
