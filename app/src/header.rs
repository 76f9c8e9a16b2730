//! The header: what this is, where its rooms are, what it runs on.

use leptos::prelude::*;
use squeeze_engine::choice::DeviceWish;
use squeeze_engine::event::DeviceKind;

use crate::page::ROOMS;
use crate::state::device::DeviceView;
use crate::state::lab::Lab;
use crate::tour::{BUTTON, Tour};

/// The header.
#[component]
pub fn Header() -> impl IntoView {
    let lab = Lab::get();
    let tour = Tour::get();
    view! {
        <header class="masthead">
            <div class="masthead-name">
                <h1>
                    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
                        <path class="mark-bars" d="M5 4v24M27 4v24" />
                        <path class="mark-curve" d="M9.5 27c5 0 3.5-21 6.5-21s1.500 21 6.500 21" />
                    </svg>
                    "Squeeze"
                </h1>
                <p>
                    "Train an image classifier on your own machine, defend it cheaply, and watch an \
                     attack try to fool it. "
                    <button
                        type="button"
                        class="tour-button"
                        id=BUTTON
                        data-testid="tour-button"
                        on:click=move |_| tour.start()
                    >
                        "Take the tour"
                    </button>
                </p>
            </div>
            <Device />
        </header>
        <nav class="rooms" aria-label="Rooms">
            <ol>
                {ROOMS
                    .into_iter()
                    .map(|(anchor, name)| {
                        view! {
                            <li>
                                <a href=format!("#{anchor}")>{name}</a>
                            </li>
                        }
                    })
                    .collect_view()}
            </ol>
            <p class="status">
                <span class="visually-hidden">"Status: "</span>
                <span class="status-dot" aria-hidden="true"></span>
                <span data-testid="status" role="status">
                    {move || lab.phase.get().word()}
                </span>
            </p>
        </nav>
    }
}

#[component]
fn Device() -> impl IntoView {
    let lab = Lab::get();
    let name = move || match lab.device.get() {
        DeviceView::Looking => "Looking for a GPU…".to_owned(),
        DeviceView::Opening(attempt) => match attempt.kind {
            DeviceKind::Gpu => "Loading the engine for the GPU…".to_owned(),
            DeviceKind::Cpu => "Loading the engine for the CPU…".to_owned(),
        },
        DeviceView::Open { attempt, report } => match (report.kind, attempt.adapter) {
            (DeviceKind::Gpu, Some(adapter)) => adapter,
            _ => report.name,
        },
        DeviceView::None => "No device".to_owned(),
    };
    let api = move || match lab.device.get() {
        // A CPU has no programming interface that would tell anybody anything.
        DeviceView::Open { report, .. } if report.kind == DeviceKind::Gpu => {
            let software = if report.software { ", in software" } else { "" };
            Some(format!("{}{software}", report.api))
        }
        _ => None,
    };
    let why = move || match lab.device.get() {
        DeviceView::Looking => String::new(),
        DeviceView::Opening(attempt) => attempt.reason,
        DeviceView::Open { attempt, .. } => match (attempt.wish, attempt.kind) {
            (DeviceWish::Auto, DeviceKind::Cpu) => {
                format!(
                    "{} Everything works; a real GPU would be faster.",
                    attempt.reason
                )
            }
            _ => attempt.reason,
        },
        DeviceView::None => "Nothing can be trained until a device opens.".to_owned(),
    };
    view! {
        <div class="device" data-testid="device">
            <p class="device-name">
                <span class="device-label">"Runs on"</span>
                " "
                <b>{name}</b>
                " "
                {move || api().map(|api| view! { <span class="device-api">{api}</span> })}
            </p>
            <p class="device-why">{why}</p>
        </div>
    }
}
