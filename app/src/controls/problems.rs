//! What went wrong, and what to do about it.

use leptos::prelude::*;

use crate::state::lab::Lab;
use crate::state::problem::WayOut;

/// The list of problems. Not there when there are none.
#[component]
pub fn Problems() -> impl IntoView {
    let lab = Lab::get();
    let any = Memo::new(move |_| lab.problems.with(|problems| !problems.is_empty()));
    view! {
        <Show when=move || any.get()>
            <section class="problems" data-testid="error" role="alert" aria-label="Problems">
                {move || {
                    lab.problems
                        .get()
                        .into_iter()
                        .enumerate()
                        .map(|(index, problem)| {
                            view! {
                                <div class="problem">
                                    <p>{problem.sentence}</p>
                                    <div class="problem-ways">
                                        {ways_out(lab, index, problem.way_out)}
                                    </div>
                                </div>
                            }
                        })
                        .collect_view()
                }}
            </section>
        </Show>
    }
}

fn ways_out(lab: Lab, index: usize, way_out: WayOut) -> impl IntoView {
    let dismiss = move |_| {
        lab.problems.update(|problems| {
            if index < problems.len() {
                problems.remove(index);
            }
        });
    };
    let again = move || {
        view! {
            <button type="button" data-testid="start-again" on:click=move |_| lab.start_again()>
                "Start again"
            </button>
        }
    };
    match way_out {
        WayOut::Dismiss => view! {
            <button type="button" data-testid="dismiss" on:click=dismiss>
                "Dismiss"
            </button>
        }
        .into_any(),
        WayOut::StartAgain => again().into_any(),
        WayOut::OtherDevice => view! {
            {again()}
            <a class="button" href=lab.address_on("auto")>
                "Use the best device"
            </a>
            <a class="button" href=lab.address_on("cpu")>
                "Use the CPU"
            </a>
        }
        .into_any(),
    }
}
