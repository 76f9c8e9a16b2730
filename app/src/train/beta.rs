//! Beta, with the critical beta beside it, and how it rises.

use leptos::prelude::*;
use squeeze_engine::config::Squeeze;

use crate::controls::meter::CriticalMeter;
use crate::controls::number::NumberField;
use crate::format::short;
use crate::state::field::Field;
use crate::state::lab::Lab;

/// Classes of the data until it is loaded: MNIST's.
const CLASSES: usize = 10;

/// Beta, what lies past its critical value, and how it rises.
#[component]
pub fn Beta() -> impl IntoView {
    let lab = Lab::get();
    let critical = Memo::new(move |_| {
        let classes = lab
            .data
            .with(|data| data.as_ref().map(|data| data.classes.len()))
            .unwrap_or(CLASSES);
        lab.config.with(|config| {
            config
                .objective
                .critical_beta(config.training.batch_size, classes)
        })
    });
    let mark = Signal::derive(move || critical.get().unwrap_or(f64::INFINITY));
    let beta = Memo::new(move |_| lab.config.with(|config| config.objective.beta));
    let past = Memo::new(move |_| beta.get() > mark.get());
    let idle = Signal::derive(move || {
        lab.config
            .with(|config| config.objective.squeeze == Squeeze::None)
    });
    view! {
        <div class="beta" class:past=move || past.get()>
            <NumberField field=Field::Beta idle=idle />
            {move || {
                critical
                    .get()
                    .map(|critical| {
                        view! {
                            <div class="critical" data-testid="critical">
                                <CriticalMeter value=beta critical=mark />
                                <p class="hint">
                                    <span class="critical-value">
                                        <i>"β"<sub>"c"</sub></i>
                                        " = "
                                        {short((critical * 100.0).round() / 100.0)}
                                        {move || if past.get() { ": past it." } else { "." }}
                                    </span>
                                    " "
                                    {move || {
                                        if past.get() {
                                            "Equal logits now minimise the objective: logits become tiny, \
                                             and attacks that follow gradients may stall without the \
                                             model being robust."
                                        } else {
                                            "Below this critical value the penalty alone cannot collapse \
                                             the network. Past it, equal logits would be best of all."
                                        }
                                    }}
                                </p>
                            </div>
                        }
                    })
            }}
        </div>
    }
}
