//! Presets to choose from, and those that fit images that have just been loaded.

use leptos::prelude::*;
use squeeze_engine::config::preset::{self, Preset};
use squeeze_engine::config::{DataKind, distance};

use crate::state::lab::Lab;
use crate::state::presets;

/// The choice among presets.
#[component]
pub fn PresetPicker() -> impl IntoView {
    let lab = Lab::get();
    let kind = Memo::new(move |_| lab.config.with(|config| config.data.set));
    let chosen = Memo::new(move |_| lab.config.with(presets::matching).unwrap_or_default());
    let hint = move || {
        let name = chosen.get();
        if name.is_empty() {
            "None of the presets, or one that you changed.".to_owned()
        } else if name.contains("-lite-") {
            "One defence of the paper, at a size that a laptop finishes.".to_owned()
        } else {
            "The paper’s size: for the command line, or a strong GPU.".to_owned()
        }
    };
    view! {
        <div class="field stacked">
            <label for="preset">"Preset"</label>
            <select
                id="preset"
                data-testid="preset"
                aria-describedby="preset-hint"
                prop:value=move || chosen.get()
                on:change=move |event| {
                    if let Some(preset) = preset::find(&event_target_value(&event)) {
                        lab.take_preset(&preset);
                    }
                }
            >
                {move || {
                    let (lite, full) = presets::for_data(kind.get());
                    view! {
                        <option value="" disabled selected=move || chosen.with(String::is_empty)>
                            "Settings of your own"
                        </option>
                        <optgroup label="Lite: minutes on a laptop">{options(lite, chosen)}</optgroup>
                        <optgroup label="Full size: for strong GPUs">{options(full, chosen)}</optgroup>
                    }
                }}
            </select>
            <p class="hint" id="preset-hint">
                {hint}
            </p>
        </div>
        <Offer />
    }
}

fn options(presets: Vec<Preset>, chosen: Memo<String>) -> impl IntoView {
    presets
        .into_iter()
        .map(|preset| {
            let name = preset.name.clone();
            view! {
                <option value=preset.name selected=move || chosen.with(|chosen| *chosen == name)>
                    {preset.title}
                </option>
            }
        })
        .collect_view()
}

/// Settings that fit images that have just been loaded.
#[component]
fn Offer() -> impl IntoView {
    let lab = Lab::get();
    move || {
        let kind = lab.offer.get()?;
        let fitting = lab
            .config
            .with_untracked(|config| presets::fitting(kind, config))?;
        let words = what_fits(kind, &fitting);
        Some(view! {
            <div class="offer" data-testid="offer" role="status">
                <p>{words}</p>
                <div class="offer-ways">
                    <button
                        type="button"
                        class="primary"
                        data-testid="offer-take"
                        on:click=move |_| lab.take_preset(&fitting)
                    >
                        "Take that preset"
                    </button>
                    <button
                        type="button"
                        data-testid="offer-keep"
                        on:click=move |_| lab.offer.set(None)
                    >
                        "Keep mine"
                    </button>
                </div>
            </div>
        })
    }
}

fn what_fits(kind: DataKind, preset: &Preset) -> String {
    let config = &preset.config;
    let name = match kind {
        DataKind::Folder => "photographs",
        other => other.title(),
    };
    let noise = match config.objective.noise_sigma {
        0.0 => String::new(),
        sigma => format!(", noise σ\u{a0}{}", distance(sigma)),
    };
    format!(
        "These settings were made for other images. For {name} there is the preset “{}”: {}{noise}, \
         attacks with ε\u{a0}{}.",
        preset.title,
        config.network,
        distance(config.attack.epsilon)
    )
}
