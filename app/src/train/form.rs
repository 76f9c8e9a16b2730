//! Everything that a run is made of: what matters most in the open, the rest in groups.

use leptos::prelude::*;
use squeeze_engine::config::NetworkKind;

use crate::controls::group::Group;
use crate::controls::number::NumberField;
use crate::controls::select::SelectField;
use crate::controls::toggle::Toggle;
use crate::parts::{Part, Parts};
use crate::state::field::Field;
use crate::state::lab::Lab;
use crate::state::switch::Switch;
use crate::train::guard::GuardGroup;
use crate::train::objective::ObjectiveChoice;
use crate::train::optimiser::OptimiserGroup;
use crate::train::presets::PresetPicker;
use crate::train::share::ShareLink;
use crate::words::{self, about_network};

/// The settings of a run.
#[component]
pub fn TrainForm() -> impl IntoView {
    let lab = Lab::get();
    let network = Memo::new(move |_| lab.config.with(|config| config.network));
    // A stored run may have a network that the list does not.
    let networks = Signal::derive(move || {
        let chosen = network.get();
        let other = (!NetworkKind::LISTED.contains(&chosen)).then_some(chosen);
        NetworkKind::LISTED
            .into_iter()
            .chain(other)
            .map(|kind| (kind.name(), kind.name()))
            .collect::<Vec<_>>()
    });
    let training = move |read: fn(&squeeze_engine::config::TrainingConfig) -> String| {
        Signal::derive(move || lab.config.with(|config| read(&config.training)))
    };
    view! {
        <form class="settings" aria-label="Training settings" on:submit=|event| event.prevent_default()>
            <PresetPicker />
            <SelectField
                test_id="network"
                label="Network"
                options=networks
                value=Signal::derive(move || network.get().name())
                hint=Signal::derive(move || about_network(network.get()).to_owned())
                choose=move |name: String| lab.choose_network(&name)
            />
            <ObjectiveChoice />
            <fieldset>
                <legend>"Run"</legend>
                <div class="field-triple">
                    <NumberField field=Field::Steps />
                    <NumberField field=Field::BatchSize />
                    <NumberField field=Field::Seed />
                </div>
            </fieldset>
            <div class="groups">
              <Show when=Parts::get().is_there(Part::TrainGroups)>
                <OptimiserGroup />
                <Group
                    test_id="group-augmentation"
                    title="Augmentation"
                    summary=training(words::augmentation)
                    fields=vec![Field::CropPadding]
                    switches=&[Switch::Flip]
                >
                    <p class="hint">
                        "Training images are altered afresh each time they are used, so that the network \
                         cannot learn them by heart."
                    </p>
                    <NumberField field=Field::CropPadding />
                    <Toggle switch=Switch::Flip />
                </Group>
                <Group
                    test_id="group-evaluation"
                    title="Evaluation"
                    summary=training(words::evaluation)
                    fields=vec![
                        Field::HeldOut,
                        Field::EvalEvery,
                        Field::RobustImages,
                        Field::RobustIterations,
                        Field::Patience,
                    ]
                    switches=&[Switch::KeepBest]
                >
                    <p class="hint">
                        "The test images are kept for one look at the end. On the way, held-out \
                         training images tell how it goes."
                    </p>
                    <div class="field-pair">
                        <NumberField field=Field::HeldOut />
                        <NumberField field=Field::EvalEvery />
                    </div>
                    <div class="field-pair">
                        <NumberField field=Field::RobustImages />
                        <NumberField field=Field::RobustIterations />
                    </div>
                    <NumberField field=Field::Patience />
                    <Toggle switch=Switch::KeepBest />
                </Group>
                <GuardGroup />
              </Show>
            </div>
            <ShareLink />
        </form>
    }
}
