//! The choice of the objective, its formula and its own parameters.

use leptos::prelude::*;
use squeeze_engine::config::Squeeze;

use crate::controls::group::Group;
use crate::controls::number::NumberField;
use crate::controls::select::SelectField;
use crate::state::defence::Defence;
use crate::state::field::Field;
use crate::state::lab::Lab;
use crate::train::adversary::AdversaryFields;
use crate::train::beta::Beta;
use crate::train::formula;
use crate::words;

/// The choice of the objective.
#[component]
pub fn ObjectiveChoice() -> impl IntoView {
    let lab = Lab::get();
    // What the objective is, whatever was chosen first and changed since.
    let now = Memo::new(move |_| lab.config.with(|config| Defence::of(&config.objective)));
    let formula = Memo::new(move |_| lab.config.with(|config| formula::of(&config.objective)));
    let letters = Memo::new(move |_| {
        lab.config
            .with(|config| formula::letters(&config.objective))
    });
    let choices = Defence::ALL
        .into_iter()
        .map(|defence| {
            let id = format!("objective-{}", defence.name());
            view! {
                <div class="choice">
                    <input
                        type="radio"
                        name="objective"
                        id=id.clone()
                        data-testid=id.clone()
                        prop:checked=move || now.get() == defence
                        on:change=move |_| lab.choose_defence(defence)
                    />
                    <label for=id>{defence.title()}</label>
                </div>
            }
        })
        .collect_view();
    view! {
        <fieldset class="objective">
            <legend>"Objective"</legend>
            <div class="choices" role="radiogroup" aria-label="Objective" data-testid="objective">
                {choices}
            </div>
            <p class="hint about-objective">{move || now.get().explanation()}</p>
            <div class="formula">
                <p class="formula-lead">"Minimise"</p>
                <div inner_html=formula></div>
                <p class="formula-letters">{letters}</p>
            </div>
            {move || match lab.front.get() {
                Defence::Natural => ().into_any(),
                Defence::LabelSmoothing => view! { <NumberField field=Field::Lambda /> }.into_any(),
                Defence::SqueezeExample | Defence::SqueezeBatch => view! { <Beta /> }.into_any(),
                Defence::Similarity => {
                    view! {
                        <Beta />
                        <NumberField field=Field::Gamma />
                    }
                        .into_any()
                }
                Defence::Adversarial => view! { <AdversaryFields /> }.into_any(),
            }}
            {move || {
                lab.front
                    .get()
                    .fields()
                    .contains(&Field::ObjectiveWarmup)
                    .then(|| view! { <NumberField field=Field::ObjectiveWarmup /> })
            }}
            <NumberField field=Field::Sigma />
            <Combine />
        </fieldset>
    }
}

/// Everything of the objective that does not stand in front.
#[component]
fn Combine() -> impl IntoView {
    let lab = Lab::get();
    let behind = move |field: Field| !lab.front.get().fields().contains(&field);
    let fields = Signal::derive(move || {
        Field::OBJECTIVE
            .into_iter()
            .filter(|field| *field != Field::Sigma && behind(*field))
            .collect::<Vec<_>>()
    });
    let summary = Signal::derive(move || {
        lab.config
            .with(|config| words::objective(&config.objective))
    });
    let form = Signal::derive(move || lab.config.with(|config| config.objective.squeeze));
    let options: Vec<(String, String)> = Squeeze::ALL
        .into_iter()
        .map(|form| {
            let title = match form {
                Squeeze::None => "None",
                Squeeze::Example => "Per image",
                Squeeze::Batch => "Batch-wise",
            };
            (form.name().to_owned(), title.to_owned())
        })
        .collect();
    let about = Signal::derive(move || {
        match form.get() {
            Squeeze::None => "Nothing is asked of the logits, the raw scores of the classes.",
            Squeeze::Example => "Each image pays for its own logits.",
            Squeeze::Batch => "The whole batch pays as one for its logits.",
        }
        .to_owned()
    });
    view! {
        <Group test_id="group-combine" title="Combine defences" summary=summary fields=fields>
            {move || behind(Field::Lambda).then(|| view! { <NumberField field=Field::Lambda /> })}
            <SelectField
                test_id="squeeze-form"
                label="Logit penalty"
                options=options
                value=Signal::derive(move || form.get().name().to_owned())
                hint=about
                choose=move |name: String| lab.choose_squeeze(&name)
            />
            {move || behind(Field::Beta).then(|| view! { <Beta /> })}
            {move || {
                behind(Field::Gamma)
                    .then(|| {
                        let idle = Signal::derive(move || form.get() == Squeeze::None);
                        view! { <NumberField field=Field::Gamma idle=idle /> }
                    })
            }}
            {move || {
                behind(Field::ObjectiveWarmup)
                    .then(|| {
                        let idle = Signal::derive(move || {
                            form.get() == Squeeze::None
                                && lab.config.with(|config| config.objective.label_smoothing == 0.0)
                        });
                        view! { <NumberField field=Field::ObjectiveWarmup idle=idle /> }
                    })
            }}
            {move || behind(Field::AdversaryEpsilon).then(|| view! { <AdversaryFields /> })}
        </Group>
    }
}
