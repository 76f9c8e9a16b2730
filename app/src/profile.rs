//! What a step and an iteration cost on this device: a room that `?profile` in the address opens.

use leptos::prelude::*;
use squeeze_engine::bench::{BenchFigures, BenchPlan, Profile};
use squeeze_engine::event::DeviceKind;
use squeeze_engine::protocol::Command;

use crate::engine::start::address_has;
use crate::state::device::DeviceView;
use crate::state::lab::{Asked, Lab};

/// Words of a kernel's name that are shown: the rest are its types.
const NAME_LENGTH: usize = 60;

/// The room, or nothing.
#[component]
pub fn ProfileRoom() -> impl IntoView {
    address_has("profile").then(|| view! { <Room /> })
}

#[component]
fn Room() -> impl IntoView {
    let lab = Lab::get();
    let locked = move || {
        let phase = lab.phase.get();
        !phase.open || phase.busy() || lab.asked.get().is_some()
    };
    let measuring = move || lab.asked.get() == Some(Asked::Bench);
    let network = move || lab.config.with(|config| config.network.name());
    view! {
        <section class="room" id="profile" aria-labelledby="profile-title">
            <div class="room-head">
                <h2 id="profile-title">"Profile"</h2>
                <p>
                    "What a training step and a PGD iteration cost here, by the network and the batch \
                     chosen above; on a GPU, kernel by kernel. Nothing of your run changes."
                </p>
            </div>
            <div class="buttons">
                <button
                    type="button"
                    class="primary"
                    data-testid="measure"
                    disabled=locked
                    on:click=move |_| measure(lab)
                >
                    {move || {
                        if measuring() { "Measuring…".to_owned() } else { format!("Measure {}", network()) }
                    }}
                </button>
            </div>
            {move || lab.bench.get().map(|figures| result(&figures))}
        </section>
    }
}

fn measure(lab: Lab) {
    let is_gpu = lab.device.with_untracked(|device| {
        matches!(device, DeviceView::Open { report, .. } if report.kind == DeviceKind::Gpu)
    });
    let plan = lab.config.with_untracked(|config| BenchPlan {
        network: config.network,
        batch_size: config.training.batch_size,
        steps: 10,
        iterations: 10,
        rounds: 1,
        profile: is_gpu,
    });
    lab.ask(Asked::Bench, &Command::Bench { plan }, &[]);
}

fn result(figures: &BenchFigures) -> impl IntoView + use<> {
    let iteration = figures
        .ms_per_pgd_iteration
        .map_or_else(String::new, |ms| format!(", a PGD iteration {ms:.1} ms"));
    let line = format!(
        "{}, {} images at a time, on {}: a training step {:.1} ms{iteration}.",
        figures.network.name(),
        figures.batch_size,
        figures.device,
        figures.ms_per_training_step,
    );
    let step = figures.training_step.as_ref();
    let iteration = figures.pgd_iteration.as_ref();
    view! {
        <p data-testid="bench">{line}</p>
        {step.map(|profile| table("A training step", profile))}
        {iteration.map(|profile| table("A PGD iteration", profile))}
    }
}

fn table(title: &str, profile: &Profile) -> impl IntoView + use<> {
    let clock = if profile.by_device {
        "by the GPU's own clock"
    } else {
        "each waited for, with the way to the GPU and back"
    };
    let caption = format!(
        "{title}: {:.1} launches, {:.2} ms {clock}",
        profile.launches(),
        profile.milliseconds()
    );
    let rows = profile.kernels.iter().map(|kernel| {
        let name: String = kernel.kernel.chars().take(NAME_LENGTH).collect();
        view! {
            <tr>
                <th scope="row">{name}</th>
                <td>{format!("{:.1}", kernel.launches)}</td>
                <td>{format!("{:.3}", kernel.milliseconds)}</td>
            </tr>
        }
    });
    view! {
        <table class="kernels">
            <caption>{caption}</caption>
            <thead>
                <tr>
                    <th scope="col">"Kernel"</th>
                    <th scope="col">"Launches"</th>
                    <th scope="col">"ms"</th>
                </tr>
            </thead>
            <tbody>{rows.collect_view()}</tbody>
        </table>
    }
}
