//! The second room: attack what was trained, and see it happen.

mod camera;
mod card;
mod closeup;
mod compare;
mod export;
mod form;
mod gif;
mod grid;
mod movie;
mod npy;
mod own;
mod picture;
mod result;
mod scrub;
mod share;

use leptos::prelude::*;

use closeup::CloseUp;
use form::AttackForm;
use grid::Grid;
use own::OwnImage;
use result::AttackResult;

use crate::parts::{Part, Parts};
use crate::state::lab::Lab;

/// The room.
#[component]
pub fn AttackRoom() -> impl IntoView {
    let lab = Lab::get();
    let begun = Memo::new(move |_| lab.gallery.with(Option::is_some));
    view! {
        <section
            class="room"
            id="attack"
            class:begun=move || begun.get()
            aria-labelledby="attack-title"
        >
            <div class="room-head">
                <h2 id="attack-title">"Attack"</h2>
                <p>
                    "Attacks change the pixels within a budget that leaves the image as it is to you, until \
                     the model is wrong: along its gradients, or by its answers alone."
                </p>
            </div>
            <AttackForm />
            <div class="bench">
                <AttackResult />
                <Show when=Parts::get().is_there(Part::AttackBench)>
                    <OwnImage />
                    <CloseUp />
                    <Grid />
                </Show>
            </div>
        </section>
    }
}
