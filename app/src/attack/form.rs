//! What an attack is made of.

use leptos::prelude::*;

use crate::controls::meter::BudgetMeter;
use crate::controls::number::NumberField;
use crate::format::{count, of_255, short};
use crate::state::field::Field;
use crate::state::lab::Lab;

/// The settings of an attack.
#[component]
pub fn AttackForm() -> impl IntoView {
    let lab = Lab::get();
    let attack = Memo::new(move |_| lab.config.with(|config| config.attack.clone()));
    let epsilon = Signal::derive(move || attack.with(|attack| attack.epsilon));
    let epsilon_aside = Signal::derive(move || format!("Now {}.", of_255(epsilon.get())));
    let step_aside =
        Signal::derive(move || format!("Now {}.", of_255(attack.with(|attack| attack.step_size))));
    let reach = Signal::derive(move || {
        let reach = attack.with(|attack| attack.step_size * attack.iterations as f64);
        if reach < epsilon.get() {
            format!(
                "Step size × iterations is {}: too little to cross the budget.",
                short(reach)
            )
        } else {
            String::new()
        }
    });
    let images_aside = Signal::derive(move || {
        lab.data.with(|data| {
            data.as_ref().map_or_else(String::new, |data| {
                format!("There are {}.", count(data.test_images))
            })
        })
    });
    view! {
        <form class="settings" aria-label="Attack settings" on:submit=|event| event.prevent_default()>
            <NumberField field=Field::Epsilon aside=epsilon_aside />
            <BudgetMeter epsilon=epsilon />
            <div class="field-pair">
                <NumberField field=Field::StepSize aside=step_aside />
                <NumberField field=Field::Iterations aside=reach />
            </div>
            <div class="field-pair">
                <NumberField field=Field::AttackImages aside=images_aside />
                <NumberField field=Field::AttackBatch />
            </div>
            <div class="formula">
                <p class="formula-lead">"Repeat"</p>
                <div inner_html=PGD></div>
                <p class="formula-letters">
                    "from a random start. Π brings each pixel back within ε of the clean image x, and within 0 to 1."
                </p>
            </div>
        </form>
    }
}

const PGD: &str = "<math display=\"block\"><mrow><mi>x′</mi><mo>←</mo><mi mathvariant=\"normal\">Π</mi>\
    <mo>(</mo><mi>x′</mi><mo>+</mo><mi>α</mi><mspace width=\"0.2em\"/><mi mathvariant=\"normal\">sign</mi>\
    <mspace width=\"0.2em\"/><msub><mo>∇</mo><mi>x′</mi></msub><mi mathvariant=\"normal\">CE</mi><mo>)</mo></mrow></math>";
