//! Everything that a run is made of.

use leptos::prelude::*;
use squeeze_engine::config::{NetworkKind, OptimizerKind};

use crate::controls::number::NumberField;
use crate::state::field::Field;
use crate::state::lab::Lab;
use crate::train::objective::ObjectiveChoice;

/// The settings of a run.
#[component]
pub fn TrainForm() -> impl IntoView {
    let lab = Lab::get();
    let network = Memo::new(move |_| lab.config.with(|config| config.network));
    let optimizer = Memo::new(move |_| lab.config.with(|config| config.optimizer.kind));
    view! {
        <form class="settings" aria-label="Training settings" on:submit=|event| event.prevent_default()>
            <div class="field wide">
                <label for="network">"Network"</label>
                <select
                    id="network"
                    data-testid="network"
                    aria-describedby="network-hint"
                    prop:value=move || network.get().name()
                    on:change=move |event| lab.choose_network(&event_target_value(&event))
                >
                    {NetworkKind::ALL
                        .into_iter()
                        .map(|kind| {
                            view! {
                                <option
                                    value=kind.name()
                                    selected=move || network.get() == kind
                                >
                                    {kind.name()}
                                </option>
                            }
                        })
                        .collect_view()}
                </select>
                <p class="hint" id="network-hint">
                    {move || about_network(network.get())}
                </p>
            </div>
            <ObjectiveChoice />
            <fieldset>
                <legend>"Optimisation"</legend>
                <div class="field wide">
                    <label for="optimizer">"Optimiser"</label>
                    <select
                        id="optimizer"
                        data-testid="optimizer"
                        aria-describedby="optimizer-hint"
                        prop:value=move || optimizer.get().name()
                        on:change=move |event| lab.choose_optimizer(&event_target_value(&event))
                    >
                        {OptimizerKind::ALL
                            .into_iter()
                            .map(|kind| {
                                view! {
                                    <option
                                        value=kind.name()
                                        selected=move || optimizer.get() == kind
                                    >
                                        {optimizer_title(kind)}
                                    </option>
                                }
                            })
                            .collect_view()}
                    </select>
                    <p class="hint" id="optimizer-hint">
                        {move || about_optimizer(optimizer.get())}
                    </p>
                </div>
                <div class="field-pair">
                    <NumberField field=Field::LearningRate />
                    // Idle and not gone, so that nothing jumps.
                    <NumberField
                        field=Field::Momentum
                        idle=Signal::derive(move || optimizer.get() != OptimizerKind::Sgd)
                    />
                </div>
                <div class="field-triple">
                    <NumberField field=Field::Steps />
                    <NumberField field=Field::BatchSize />
                    <NumberField field=Field::Seed />
                </div>
            </fieldset>
        </form>
    }
}

fn about_network(kind: NetworkKind) -> &'static str {
    match kind {
        NetworkKind::SmallCnn => "Two small convolutions: minutes on a laptop without a GPU.",
        NetworkKind::MnistCnn => "The MNIST challenge network, thirty times the work: wants a GPU.",
    }
}

fn optimizer_title(kind: OptimizerKind) -> &'static str {
    match kind {
        OptimizerKind::Adam => "Adam",
        OptimizerKind::Sgd => "SGD with momentum",
    }
}

fn about_optimizer(kind: OptimizerKind) -> &'static str {
    match kind {
        OptimizerKind::Adam => "Scales each weight’s update by its own gradients: quick to learn.",
        OptimizerKind::Sgd => "Plain gradient steps that keep rolling: as in the paper.",
    }
}
