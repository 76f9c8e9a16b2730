//! A progress bar.

use leptos::prelude::*;

/// A progress bar. What it counts stands beside it in words.
#[component]
pub fn Progress(
    /// Name for screen readers.
    label: &'static str,
    /// Share done, 0 to 1.
    #[prop(into)]
    share: Signal<f64>,
    /// The work stands still.
    #[prop(into)]
    still: Signal<bool>,
) -> impl IntoView {
    let percent = Memo::new(move |_| (share.get().clamp(0.0, 1.0) * 1000.0).round() / 10.0);
    view! {
        <div
            class="progress"
            class:still=move || still.get()
            role="progressbar"
            aria-label=label
            aria-valuemin="0"
            aria-valuemax="100"
            aria-valuenow=move || percent.get().round()
        >
            <div class="progress-done" style:width=move || format!("{}%", percent.get())></div>
        </div>
    }
}
