//! The adversary that is trained against.

use leptos::prelude::*;
use squeeze_engine::config::Adversary;

use crate::controls::number::NumberField;
use crate::controls::select::{SelectField, options};
use crate::state::field::Field;
use crate::state::lab::Lab;
use crate::words::{about_adversary, adversary_title};

/// The adversary and the fields that it reads.
#[component]
pub fn AdversaryFields() -> impl IntoView {
    let lab = Lab::get();
    let kind = Memo::new(move |_| lab.config.with(|config| config.objective.adversary.kind));
    let adversaries = options(Adversary::ALL, Adversary::name, adversary_title);
    view! {
        <SelectField
            test_id="adversary"
            label="Adversary"
            options=adversaries
            value=Signal::derive(move || kind.get().name().to_owned())
            hint=Signal::derive(move || about_adversary(kind.get()).to_owned())
            choose=move |name: String| lab.choose_adversary(&name)
        />
        {move || {
            let kind = kind.get();
            let shows = |kinds: &[Adversary]| kinds.contains(&kind);
            use Adversary::{Fast, Free, None, Pgd, Trades};
            view! {
                <div class="field-pair">
                    {(kind != None).then(|| view! { <NumberField field=Field::AdversaryEpsilon /> })}
                    {shows(&[Pgd, Fast, Trades])
                        .then(|| view! { <NumberField field=Field::AdversaryStep /> })}
                    {shows(&[Pgd, Trades])
                        .then(|| view! { <NumberField field=Field::AdversaryIterations /> })}
                    {shows(&[Free])
                        .then(|| {
                            view! {
                                <NumberField
                                    field=Field::AdversaryIterations
                                    label="Replays"
                                    hint="How often each batch is used."
                                />
                            }
                        })}
                    {shows(&[Trades]).then(|| view! { <NumberField field=Field::TradesWeight /> })}
                </div>
            }
        }}
    }
}
