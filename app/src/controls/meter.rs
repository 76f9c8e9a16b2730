//! A drawn scale that shows where a value lies against a mark that matters.

use leptos::prelude::*;

/// Where beta lies against the critical beta, on a scale from 0 to one and a half times the latter.
#[component]
pub fn CriticalMeter(
    /// The value.
    #[prop(into)]
    value: Signal<f64>,
    /// The mark.
    #[prop(into)]
    critical: Signal<f64>,
) -> impl IntoView {
    let share = move || {
        let end = 1.5 * critical.get();
        (value.get() / end).clamp(0.0, 1.0) * 100.0
    };
    let past = move || value.get() > critical.get();
    view! {
        <div class="meter" class:past=past aria-hidden="true">
            <div class="meter-track">
                <div class="meter-danger"></div>
                <div class="meter-mark"></div>
                <div class="meter-value" style:left=move || format!("{:.2}%", share())></div>
            </div>
        </div>
    }
}

/// The pixels that a mid-grey one may become under a budget, on the scale from black to white.
#[component]
pub fn BudgetMeter(
    /// The budget, in pixel units.
    #[prop(into)]
    epsilon: Signal<f64>,
) -> impl IntoView {
    let half = move || epsilon.get().clamp(0.0, 0.5) * 100.0;
    view! {
        <div class="budget" aria-hidden="true">
            <div class="budget-track">
                <div
                    class="budget-window"
                    style:left=move || format!("{:.2}%", 50.0 - half())
                    style:right=move || format!("{:.2}%", 50.0 - half())
                ></div>
            </div>
            <p>
                <span>"black"</span>
                <span>"where a mid-grey pixel may end up"</span>
                <span>"white"</span>
            </p>
        </div>
    }
}
