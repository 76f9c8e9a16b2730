//! The first room: choose, train, watch.

mod adversary;
mod beside;
mod beta;
mod form;
mod formula;
mod guard;
mod numbers;
mod objective;
mod optimiser;
mod presets;
mod run_bar;
mod share;
mod sketch;

use leptos::prelude::*;

use crate::chart::filters::FiltersView;
use crate::chart::spread::{Of, SpreadView};
use crate::chart::view::{ChartView, Figure};
use crate::chart::{accuracy, loss, single};
use crate::data::DataPanel;
use crate::parts::{Part, Parts};
use crate::state::lab::Lab;
use crate::state::phase::Model;
use crate::train::beside::Beside;
use form::TrainForm;
use numbers::Numbers;
use run_bar::{RunBar, RunFacts};

const LOSS: Figure = Figure {
    test_id: "loss-chart",
    title: "Loss",
    note: "line: smoothed, dots: each batch",
    names: loss::NAMES,
    summary: loss::summary,
    chart: loss::chart,
    read: loss::read,
};

const ACCURACY: Figure = Figure {
    test_id: "accuracy-chart",
    title: "Accuracy",
    note: "dotted: under a short attack",
    names: accuracy::NAMES,
    summary: accuracy::summary,
    chart: accuracy::chart,
    read: accuracy::read,
};

const NORM: Figure = Figure {
    test_id: "norm-chart",
    title: "Logit norm",
    note: "mean length of an image’s logits",
    names: single::NAMES,
    summary: |history| single::NORM.summary(history),
    chart: |shown, width| single::NORM.chart(shown, width),
    read: |shown, index, width| single::NORM.read(shown, index, width),
};

const RATE: Figure = Figure {
    test_id: "rate-chart",
    title: "Learning rate",
    note: "of each update",
    names: single::NAMES,
    summary: |history| single::RATE.summary(history),
    chart: |shown, width| single::RATE.chart(shown, width),
    read: |shown, index, width| single::RATE.read(shown, index, width),
};

/// What stands where a run's curves will be.
#[component]
fn NoRun() -> impl IntoView {
    let lab = Lab::get();
    let at_hand = Memo::new(move |_| {
        let name = lab.model.get()?;
        let config = lab
            .live
            .with(|live| live.as_ref().map(|live| live.config.clone()))?;
        Some((name, config))
    });
    let other = move || {
        at_hand.get().map(|(name, config)| {
            view! {
                <p>
                    {format!("“{name}” came trained, by {}. ", config.objective.describe())}
                    <button
                        type="button"
                        data-testid="use-settings"
                        on:click=move |_| lab.use_settings(&config)
                    >
                        "Use its settings"
                    </button>
                </p>
            }
        })
    };
    view! {
        <div class="empty" data-testid="no-run">
            <p>
                "While a run trains, its curves are here: loss and accuracy, and how the logits and margins are \
                 spread, so that squeezing can be seen."
            </p>
            {other}
        </div>
    }
}

/// The room.
#[component]
pub fn TrainRoom() -> impl IntoView {
    let lab = Lab::get();
    let begun = Memo::new(move |_| {
        let model = lab.phase.get().model;
        lab.history_version.track();
        let has_others = lab.others.with_value(|others| !others.is_empty());
        has_others || !matches!(model, Model::None | Model::Ready)
    });
    view! {
        <section class="room" id="train" class:begun=move || begun.get() aria-labelledby="train-title">
            <div class="room-head">
                <h2 id="train-title">"Train"</h2>
                <p>
                    "Pick an objective and start. Most defences here cost no more than ordinary \
                     training: they only keep the network from growing too sure of itself."
                </p>
            </div>
            <DataPanel />
            <Show when=Parts::get().is_there(Part::TrainForm)>
                <TrainForm />
            </Show>
            <div class="bench">
                <RunBar />
                <Show when=Parts::get().is_there(Part::TrainBench)>
                    <RunFacts />
                    <Show when=move || begun.get() fallback=NoRun>
                        <Numbers />
                        <Beside />
                        <div class="charts">
                            <ChartView figure=LOSS />
                            <ChartView figure=ACCURACY />
                            <SpreadView of=Of::Logits />
                            <SpreadView of=Of::Margins />
                            <ChartView figure=NORM />
                            <ChartView figure=RATE />
                        </div>
                    </Show>
                    <FiltersView />
                </Show>
            </div>
        </section>
    }
}
