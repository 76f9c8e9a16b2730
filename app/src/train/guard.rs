//! What is done to images before the network sees them.

use leptos::prelude::*;
use squeeze_engine::config::Guard;

use crate::controls::group::Group;
use crate::controls::number::NumberField;
use crate::controls::select::{SelectField, options};
use crate::state::field::Field;
use crate::state::lab::Lab;
use crate::words::{about_guard, guard_title};

/// The guard and its number.
#[component]
pub fn GuardGroup() -> impl IntoView {
    let lab = Lab::get();
    let kind = Memo::new(move |_| lab.config.with(|config| config.guard.kind));
    let summary = Signal::derive(move || lab.config.with(|config| config.guard.describe()));
    let guards = options(Guard::ALL, Guard::name, guard_title);
    let error = move || {
        lab.complaint.with(|complaint| {
            let own = complaint.as_ref().filter(|own| own.path == "guard.kind");
            own.map(|own| view! { <p class="field-error">{own.sentence.clone()}</p> })
        })
    };
    view! {
        <Group
            test_id="group-guard"
            title="Guard"
            summary=summary
            fields=vec![Field::GuardLevels, Field::GuardSize]
            paths=&["guard.kind"]
        >
            <p class="hint">
                "A defence that changes the images and not the training. Known to hide gradients and to \
                 close nothing: train with one, then ask for the verdict."
            </p>
            <SelectField
                test_id="guard"
                label="Before the network"
                options=guards
                value=Signal::derive(move || kind.get().name().to_owned())
                hint=Signal::derive(move || about_guard(kind.get()).to_owned())
                choose=move |name: String| lab.choose_guard(&name)
            />
            {error}
            {move || match kind.get() {
                Guard::None => ().into_any(),
                Guard::Quantize => view! { <NumberField field=Field::GuardLevels /> }.into_any(),
                Guard::Resize => {
                    view! {
                        <NumberField field=Field::GuardSize />
                        <NumberField field=Field::GuardLevels />
                    }
                        .into_any()
                }
            }}
        </Group>
    }
}
