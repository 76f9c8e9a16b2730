//! The choice of the objective, its formula and its own parameter.

use leptos::prelude::*;

use crate::controls::meter::CriticalMeter;
use crate::controls::number::NumberField;
use crate::format::short;
use crate::state::field::Field;
use crate::state::lab::Lab;
use crate::state::preset::Preset;
use crate::train::formula;

/// Classes of the data until it is loaded: MNIST's.
const CLASSES: usize = 10;

/// The choice of the objective.
#[component]
pub fn ObjectiveChoice() -> impl IntoView {
    let lab = Lab::get();
    let choices = Preset::ALL
        .into_iter()
        .map(|preset| {
            let id = format!("objective-{}", preset.name());
            view! {
                <div class="choice">
                    <input
                        type="radio"
                        name="objective"
                        id=id.clone()
                        data-testid=id.clone()
                        prop:checked=move || lab.preset.get() == preset
                        on:change=move |_| lab.choose_preset(preset)
                    />
                    <label for=id>
                        <span class="choice-title">{preset.title()}</span>
                        <span class="choice-line">{preset.explanation()}</span>
                    </label>
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
            <div class="formula">
                <p class="formula-lead">"Minimise"</p>
                <div inner_html=move || formula::of(lab.preset.get())></div>
                <p class="formula-letters">{move || formula::letters(lab.preset.get())}</p>
            </div>
            <div class="objective-parameter">
                {move || match lab.preset.get() {
                    Preset::Natural => {
                        view! { <p class="hint">"Nothing to set."</p> }.into_any()
                    }
                    Preset::LabelSmoothing => view! { <NumberField field=Field::Lambda /> }.into_any(),
                    Preset::SqueezeExample | Preset::SqueezeBatch => view! { <Beta /> }.into_any(),
                }}
            </div>
            <NumberField field=Field::Sigma />
        </fieldset>
    }
}

/// Beta, with the critical beta beside it.
#[component]
fn Beta() -> impl IntoView {
    let lab = Lab::get();
    let critical = Memo::new(move |_| {
        let classes = lab
            .data
            .with(|data| data.as_ref().map(|data| data.classes.len()))
            .unwrap_or(CLASSES);
        lab.config.with(|config| {
            config
                .objective
                .squeeze
                .critical_beta(config.training.batch_size, classes)
                .unwrap_or(f64::INFINITY)
        })
    });
    let beta = Memo::new(move |_| lab.config.with(|config| config.objective.beta));
    let sentence = move || {
        if beta.get() > critical.get() {
            "Past it, all-zero logits beat any answer: the network may stop learning, or hide its \
             gradients and only look robust."
        } else {
            "Past it, all-zero logits would beat any answer, and the penalty alone can stop the \
             learning."
        }
    };
    view! {
        <NumberField field=Field::Beta />
        <div class="critical">
            <CriticalMeter value=beta critical=critical />
            <p class="hint">
                <span class="critical-value">
                    "Critical squeeze " <i>"β"<sub>"c"</sub></i> " = "
                    {move || short((critical.get() * 100.0).round() / 100.0)} "."
                </span>
                " "
                {sentence}
            </p>
        </div>
    }
}
