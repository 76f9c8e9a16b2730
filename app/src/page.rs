//! The whole page: header, problems, rooms.
//!
//! A room is a section with a heading of its own, listed in [`ROOMS`] for the header's navigation.

use std::time::Duration;

use leptos::prelude::*;

use crate::attack::AttackRoom;
use crate::controls::problems::Problems;
use crate::engine::start;
use crate::files::drop::DropOverlay;
use crate::format::count;
use crate::header::Header;
use crate::models::ReadyModels;
use crate::parts::{Part, Parts};
use crate::profile::ProfileRoom;
use crate::runs::RunsRoom;
use crate::state::lab::{Asked, Lab};
use crate::state::share::Shared;
use crate::tour::{Offer, Tour, TourView};
use crate::train::TrainRoom;
use crate::verdict::VerdictRoom;

/// The rooms: anchor and name, in the order of the story.
pub const ROOMS: [(&str, &str); 5] = [
    ("models", "Models"),
    ("train", "Train"),
    ("attack", "Attack"),
    ("verdict", "Verdict"),
    ("runs", "Runs"),
];

/// What a link has brought, for those who come by it.
#[component]
fn LinkNote() -> impl IntoView {
    let lab = Lab::get();
    let has_come = Memo::new(move |_| lab.shared.with(|shared| *shared == Shared::Opened));
    view! {
        <Show when=move || has_come.get()>
            <p class="tour-offer" data-testid="link-note">
                <span>
                    "Your link brought settings: "
                    <b>{move || lab.config.with(|config| config.objective.describe())}</b>
                    ", "
                    {move || lab.config.with(|config| config.network.name())}
                    ". "
                    <a href="#train">"Train it"</a>
                    ", or "
                    <a href="#attack">"attack"</a>
                    " the model at hand with them."
                </span>
            </p>
        </Show>
    }
}

/// A run that was cut off, for those who closed or reloaded the page.
#[component]
fn CutOff() -> impl IntoView {
    let lab = Lab::get();
    let cut = Memo::new(move |_| {
        let cut = lab.cut_off.get()?;
        let is_idle = lab.phase.get().open && lab.run.with(Option::is_none);
        let is_kept = lab.runs.with(|runs| {
            let mut runs = runs.iter().flatten();
            runs.any(|run| run.id == cut.id)
        });
        (is_idle && is_kept).then_some(cut)
    });
    move || {
        let cut = cut.get()?;
        let total = cut.config.training.steps;
        let info = cut.clone();
        Some(view! {
            <p class="tour-offer" data-testid="cut-off">
                <span>
                    "“" {cut.name} "” has come to step " <b>{count(cut.step)}</b> " of " {count(total)}
                    ", and can go on from there."
                </span>
                <button type="button" data-testid="cut-off-open" on:click=move |_| lab.open_run(&info)>
                    "Open it"
                </button>
                <button type="button" class="quiet" on:click=move |_| lab.cut_off.set(None)>
                    "Not now"
                </button>
            </p>
        })
    }
}

/// The page.
#[component]
pub fn Page() -> impl IntoView {
    let lab = Lab::new();
    provide_context(lab);
    let tour = Tour::new();
    provide_context(tour);
    lab.share();
    // Tasks of their own: the browser draws what is built so far before it answers them.
    set_timeout(move || start::open(lab), Duration::ZERO);
    set_timeout(move || lab.find_models(), Duration::ZERO);
    Effect::new(move |_| lab.plan());

    let parts = Parts::new();
    provide_context(parts);

    let word = Memo::new(move |_| match lab.asked.get() {
        Some(Asked::OpenModel) => "loading",
        _ => lab.phase.get().word(),
    });
    view! {
        <Header />
        <main data-status=move || word.get() data-tour=move || tour.anchor()>
            <Problems />
            <Offer />
            <LinkNote />
            <CutOff />
            <ReadyModels />
            <Show when=parts.is_there(Part::Train)>
                <TrainRoom />
            </Show>
            <Show when=parts.is_there(Part::Attack)>
                <AttackRoom />
            </Show>
            <Show when=parts.is_there(Part::Verdict)>
                <VerdictRoom />
            </Show>
            <Show when=parts.is_there(Part::Runs)>
                <RunsRoom />
                <ProfileRoom />
            </Show>
        </main>
        <Show when=parts.is_there(Part::Rest)>
            <TourView />
            <DropOverlay />
            <footer>
                <p>
                    "Everything runs in this browser: no image and no model leaves it. Method: "
                    <cite>
                        "Batch-wise Logit-Similarity: Generalizing Logit-Squeezing and Label-Smoothing"
                    </cite> ", Shafahi et al. Data: MNIST."
                </p>
            </footer>
        </Show>
    }
}
