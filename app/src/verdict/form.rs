//! How thoroughly to judge.

use leptos::prelude::*;
use squeeze_engine::config::{Effort, Norm, distance};

use crate::controls::number::NumberField;
use crate::controls::select::{SelectField, options};
use crate::data::facts;
use crate::state::field::Field;
use crate::state::lab::Lab;
use crate::words::{about_effort, effort_title};

/// The settings of an evaluation.
#[component]
pub fn JudgeForm() -> impl IntoView {
    let lab = Lab::get();
    let effort = Memo::new(move |_| lab.config.with(|config| config.evaluation.effort));
    let images_aside = Signal::derive(move || {
        lab.data
            .with(|data| data.as_ref().map_or_else(String::new, facts::test_images))
    });
    let threat = move || {
        lab.config.with(|config| {
            let radius = distance(config.attack.epsilon);
            match config.attack.norm {
                Norm::Linf => format!("each pixel changes by at most ε = {radius}"),
                Norm::L2 => format!("the whole image changes by at most ε = {radius} in l₂"),
            }
        })
    };
    let efforts = options(Effort::ALL, Effort::name, effort_title);
    view! {
        <form
            class="settings"
            aria-label="Settings of the verdict"
            on:submit=|event| event.prevent_default()
        >
            <SelectField
                test_id="effort"
                label="Effort"
                options=efforts
                value=Signal::derive(move || effort.get().name().to_owned())
                hint=Signal::derive(move || about_effort(effort.get()).to_owned())
                choose=move |name: String| lab.choose_effort(&name)
            />
            <div class="field-pair">
                <NumberField field=Field::EvaluationImages aside=images_aside />
                <NumberField field=Field::EvaluationBatch />
            </div>
            <p class="hint">
                "Allowed to the attacker: " {threat} ", as set under " <a href="#attack">"Attack"</a>
                ". The attacker knows the weights."
            </p>
        </form>
    }
}
