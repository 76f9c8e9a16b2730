//! The first room: choose, train, watch.

mod form;
mod formula;
mod numbers;
mod objective;
mod run_bar;

use leptos::prelude::*;

use crate::chart::view::{ChartView, Figure};
use crate::chart::{accuracy, loss};
use form::TrainForm;
use numbers::Numbers;
use run_bar::RunBar;

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
    note: "training noisy, test clean",
    names: accuracy::NAMES,
    summary: accuracy::summary,
    chart: accuracy::chart,
    read: accuracy::read,
};

/// The room.
#[component]
pub fn TrainRoom() -> impl IntoView {
    view! {
        <section class="room" id="train" aria-labelledby="train-title">
            <div class="room-head">
                <h2 id="train-title">"Train"</h2>
                <p>
                    "Pick an objective and start. A defence here costs no more than ordinary training: \
                     it only keeps the network from growing too sure of itself."
                </p>
            </div>
            <TrainForm />
            <div class="bench">
                <RunBar />
                <Numbers />
                <div class="charts">
                    <ChartView figure=LOSS />
                    <ChartView figure=ACCURACY />
                </div>
            </div>
        </section>
    }
}
