//! A class's bar: its share before the attack and now.

use leptos::prelude::*;

use crate::attack::card::class_name;
use crate::format::confidence;
use crate::state::lab::Lab;

/// Shares of all classes before the attack, and at the iteration on show, if there is one.
pub type Shares = (Vec<f32>, Vec<f32>);

/// Name, track and number of a class; for a `.class-bar`.
pub fn bar(lab: Lab, class: usize, shares: Memo<Shares>) -> impl IntoView {
    let number = move || {
        shares.with(|(before, now)| {
            let row = if now.is_empty() { before } else { now };
            row.get(class).copied().map(confidence)
        })
    };
    view! {
        <span class="class-name">{class_name(lab, class)}</span>
        <span class="class-track" aria-hidden="true">
            <span
                class="class-now"
                style:width=move || shares.with(|(_, now)| length(now, class))
            ></span>
            <span
                class="class-before"
                style:left=move || shares.with(|(before, _)| length(before, class))
            ></span>
        </span>
        <span class="class-share">{number}</span>
    }
}

/// A class's share of a row, as a length.
fn length(row: &[f32], class: usize) -> String {
    let share = row.get(class).copied().unwrap_or(0.0);
    format!("{:.1}%", share * 100.0)
}
