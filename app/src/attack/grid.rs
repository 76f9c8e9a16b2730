//! The images on show, and how to read them.

use leptos::prelude::*;
use squeeze_engine::config::Norm;

use crate::attack::card::Card;
use crate::format::short;
use crate::state::lab::Lab;
use crate::state::phase::Model;
use crate::words::shown_title;

/// The grid of images.
#[component]
pub fn Grid() -> impl IntoView {
    let lab = Lab::get();
    let title = Memo::new(move |_| {
        lab.gallery.with(|gallery| {
            let gallery = gallery.as_ref()?;
            lab.data.with(|data| {
                let classes = data.as_ref().map_or(&[][..], |data| &data.classes[..]);
                let choice = gallery.start.config.choose;
                Some(shown_title(choice, gallery.len(), classes))
            })
        })
    });
    let images = Memo::new(move |_| {
        lab.gallery
            .with(|gallery| gallery.as_ref().map_or(0, |gallery| gallery.len()))
    });
    let iteration = Memo::new(move |_| {
        lab.gallery.with(|gallery| {
            let gallery = gallery.as_ref()?;
            let at = gallery.frame()?.iteration;
            Some((at, gallery.start.config.iterations))
        })
    });
    let budget = Memo::new(move |_| {
        lab.gallery.with(|gallery| {
            let config = &gallery.as_ref()?.start.config;
            Some((config.norm, short(config.epsilon)))
        })
    });
    let ends = move |sign: &'static str, word: &'static str| {
        move || match budget.get() {
            Some((Norm::L2, _)) => word.to_owned(),
            Some((Norm::Linf, epsilon)) => format!("{sign}{epsilon}"),
            None => format!("{sign}ε"),
        }
    };
    view! {
        <section class="gallery" aria-labelledby="gallery-title">
            <div class="gallery-head">
                <h3 id="gallery-title">
                    {move || title.get().unwrap_or_else(|| "Images under attack".to_owned())}
                </h3>
                <p class="gallery-iteration">
                    {move || {
                        iteration
                            .get()
                            .map(|(at, of)| match at {
                                0 => "random start".to_owned(),
                                at => format!("iteration {at} / {of}"),
                            })
                    }}
                </p>
                <p class="gallery-legend" data-testid="legend">
                    "Perturbation: "
                    <span class="swatch black"></span>
                    {ends("−", "darkest change")}
                    " "
                    <span class="swatch gray"></span>
                    "no change "
                    <span class="swatch white"></span>
                    {ends("+", "brightest change")}
                </p>
            </div>
            <div class="gallery-grid" data-testid="attack-grid">
                <Show
                    when=move || { images.get() > 0 }
                    fallback=move || {
                        let what_to_do = move || match lab.phase.get().model {
                            Model::None => "Open or train a model, then press Attack",
                            _ => "Press Attack",
                        };
                        view! {
                            <p class="empty">
                                {what_to_do}
                                ": twelve test images appear here and change before your eyes."
                            </p>
                        }
                    }
                >
                    <For each=move || 0..images.get() key=|image| *image let:image>
                        <Card image=image />
                    </For>
                </Show>
            </div>
        </section>
    }
}
