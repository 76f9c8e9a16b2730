//! The fourth room: the runs that this browser keeps.

mod broken;
mod order;
mod row;
mod sure;
mod words;

use std::hash::Hash;

use leptos::prelude::*;
use squeeze_engine::event::RunInfo;
use squeeze_engine::verdict::report::Judged;

use crate::controls::select::{SelectField, options};
use crate::files::pick::{Choice, PickButton};
use crate::files::picked::Picked;
use crate::state::lab::Lab;
use broken::Broken;
use order::Order;
use row::Row;

/// What a run's row shows: one that has changed is drawn anew.
fn shown(info: &RunInfo) -> impl Eq + Hash + use<> {
    (
        (info.id.clone(), info.name.clone()),
        (info.step, info.finished, info.bytes),
        info.test_accuracy.map(f64::to_bits),
        info.verdict.map(Judged::line),
    )
}

/// The room.
#[component]
pub fn RunsRoom() -> impl IntoView {
    let lab = Lab::get();
    let count = Memo::new(move |_| {
        let readable = lab.runs.with(|runs| runs.as_ref().map(Vec::len));
        readable.map(|readable| readable + lab.broken_runs.with(Vec::len))
    });
    let locked = Signal::derive(move || lab.is_locked());
    let order = RwSignal::new(Order::Newest);
    let orders = StoredValue::new(options(Order::ALL, Order::name, Order::title));
    let sorted = move || {
        let mut runs = lab.runs.get().unwrap_or_default();
        order.get().sort(&mut runs);
        runs
    };
    view! {
        <section class="room runs-room" id="runs" aria-labelledby="runs-title">
            <div class="room-head">
                <h2 id="runs-title">"Runs"</h2>
                <p>
                    "Every run is kept in this browser, on this device, and saved while it trains: \
                     it outlives a closed tab. Open one to look at it, attack it or go on with it."
                </p>
            </div>
            <div class="runs-bar">
                <PickButton
                    label="Add a run from a file…"
                    test_id="run-upload"
                    choice=Choice::File
                    accept=".zip"
                    disabled=locked
                    picked={move |files: Vec<Picked>| lab.pick_run(files)}
                />
                <p class="hint">
                    {move || {
                        if lab.phase.get().busy() {
                            "Pause or stop what is running to manage the runs."
                        } else {
                            "A .zip that “Download” made, here or in another browser. It can be dropped \
                             here too."
                        }
                    }}
                </p>
            </div>
            {move || match count.get() {
                None => {
                    view! { <p class="empty">"The list appears once the engine is there."</p> }
                        .into_any()
                }
                Some(0) => {
                    view! {
                        <p class="empty" data-testid="no-runs">
                            "No runs yet. The first one appears here as soon as you train."
                        </p>
                    }
                        .into_any()
                }
                Some(_) => {
                    view! {
                        <Show when=move || count.get().is_some_and(|count| count > 1)>
                            <SelectField
                                test_id="runs-order"
                                label="Order"
                                options=orders.get_value()
                                value=Signal::derive(move || order.get().name().to_owned())
                                hint="How the runs below are listed; those without a test accuracy come last by it."
                                choose=move |name: String| {
                                    let chosen = Order::ALL.into_iter().find(|order| order.name() == name);
                                    order.set(chosen.unwrap_or(Order::Newest));
                                }
                            />
                        </Show>
                        <ul class="runs" data-testid="runs">
                            <For
                                each=sorted
                                key=shown
                                let:info
                            >
                                <Row info=info locked=locked />
                            </For>
                            <For
                                each=move || lab.broken_runs.get()
                                key=|run| (run.id.clone(), run.reason.clone())
                                let:run
                            >
                                <Broken run=run locked=locked />
                            </For>
                        </ul>
                    }
                        .into_any()
                }
            }}
        </section>
    }
}
