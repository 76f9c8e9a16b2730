//! The image that is looked at closely, attacked on the model at hand and on others, side by side.

use leptos::html::Canvas;
use leptos::prelude::*;

use crate::attack::card::{badge, word};
use crate::attack::scrub::{Scrub, Words};
use crate::attack::share;
use crate::browser::pixels;
use crate::chart::scale::Scale;
use crate::controls::progress::Progress;
use crate::format::reading;
use crate::state::comparison::{ALL_READY, Comparison};
use crate::state::gallery::Outcome;
use crate::state::lab::{Asked, Lab};

/// The curves' drawing, in its own units.
const WIDE: f64 = 360.0;
const HIGH: f64 = 72.0;

/// The choice of other models, and all sides.
#[component]
pub fn Compare() -> impl IntoView {
    let lab = Lab::get();
    let rivals = Memo::new(move |_| lab.rivals());
    let wanted = RwSignal::new(String::new());
    // The first one, until one is chosen that is still there.
    let rival = Memo::new(move |_| {
        let rivals = rivals.get();
        let is_wanted = |(key, _): &&(String, String)| wanted.with(|wanted| wanted == key);
        let rival = rivals.iter().find(is_wanted).or(rivals.first());
        rival.map_or_else(String::new, |(key, _)| key.clone())
    });
    let running = Memo::new(move |_| lab.phase.get().comparing);
    let ready = Memo::new(move |_| {
        lab.phase.get().can_attack() && lab.asked.get().is_none() && !rival.with(String::is_empty)
    });
    let progress = Signal::derive(move || lab.comparing.get().map_or(0.0, |at| at.done));
    let sides = Memo::new(move |_| of_image(lab, |comparison| comparison.sides.len()).unwrap_or(0));
    view! {
        <div class="compare" id="compare-view">
            <div class="compare-bar">
                <label for="compare-with">"Compare with"</label>
                <select
                    id="compare-with"
                    data-testid="compare-with"
                    disabled=move || rivals.with(Vec::is_empty)
                    prop:value=move || rival.get()
                    on:change=move |event| wanted.set(event_target_value(&event))
                >
                    {move || {
                        rivals
                            .get()
                            .into_iter()
                            .map(|(key, title)| {
                                let own = key.clone();
                                view! {
                                    <option
                                        value=key
                                        selected=move || rival.with(|rival| *rival == own)
                                    >
                                        {title}
                                    </option>
                                }
                            })
                            .collect_view()
                    }}
                </select>
                <button
                    type="button"
                    data-testid="compare"
                    aria-describedby="compare-hint"
                    disabled=move || !ready.get()
                    on:click=move |_| {
                        lab.compare(lab.closeup.get_untracked(), &rival.get_untracked());
                    }
                >
                    {move || {
                        let is_all = rival.with(|rival| rival == ALL_READY);
                        match lab.asked.get() {
                            Some(Asked::Compare) => "Starting…",
                            _ if is_all => "Attack all",
                            _ => "Attack both",
                        }
                    }}
                </button>
                <button
                    type="button"
                    data-testid="compare-stop"
                    disabled=move || !running.get() || lab.asked.get() == Some(Asked::Stop)
                    on:click=move |_| lab.stop()
                >
                    "Stop"
                </button>
                <Show when=move || running.get()>
                    <Progress
                        label="Comparison done"
                        share=progress
                        still=Signal::derive(|| false)
                    />
                </Show>
            </div>
            <p class="hint" id="compare-hint">
                "The attack of this image once more, on each model alone, with the same budget and from \
                 the same random start. The model at hand stays open."
            </p>
            <p class="visually-hidden" role="status">
                {move || of_image(lab, |comparison| spoken(lab, comparison))}
            </p>
            <Show when=move || { sides.get() > 1 }>
                <div class="sides" data-testid="sides">
                    <For each=move || 0..sides.get() key=|side| *side let:side>
                        <SideView side=side />
                    </For>
                </div>
                <AllSides />
            </Show>
        </div>
    }
}

/// Reads the comparison, if there is one of the image that is looked at.
fn of_image<T>(lab: Lab, read: impl FnOnce(&Comparison) -> T) -> Option<T> {
    let image = lab.closeup.get();
    lab.comparison.with(|comparison| {
        let comparison = comparison.as_ref();
        comparison
            .filter(|comparison| comparison.image == image)
            .map(read)
    })
}

/// One model's side.
#[component]
fn SideView(side: usize) -> impl IntoView {
    let lab = Lab::get();
    let name = Memo::new(move |_| of_image(lab, |comparison| named(lab, comparison, side)));
    let outcome = Memo::new(move |_| {
        of_image(lab, |comparison| comparison.outcome(side)).unwrap_or(Outcome::Waiting)
    });
    let classes = Memo::new(move |_| of_image(lab, Comparison::classes).unwrap_or_default());
    let truth = Memo::new(move |_| of_image(lab, Comparison::truth).unwrap_or(0));
    let shares = Memo::new(move |_| {
        of_image(lab, |comparison| {
            let before = comparison.sides.get(side);
            let before = before.map(|side| side.start.probabilities.clone());
            let now = comparison.frame(side);
            let now = now.map(|frame| frame.probabilities.clone());
            (before.unwrap_or_default(), now.unwrap_or_default())
        })
        .unwrap_or_default()
    });
    let curve = Memo::new(move |_| of_image(lab, |comparison| Curve::of(comparison, side)));
    view! {
        <section
            class="side"
            class:fooled=move || outcome.get() == Outcome::Fooled
            class:holds=move || outcome.get() == Outcome::Holds
            aria-label=name
            data-testid=format!("side-{side}")
        >
            <header class="side-head">
                <h4>{name}</h4>
                <p class="card-outcome">{move || badge(outcome.get())}</p>
            </header>
            <div class="side-pictures">
                <figure>
                    <Pixels side=side is_change=false />
                    <figcaption>"attacked"</figcaption>
                </figure>
                <figure>
                    <Pixels side=side is_change=true />
                    <figcaption>"change"</figcaption>
                </figure>
            </div>
            <ul class="side-classes" aria-label="Shares of classes">
                <For each=move || classes.get() key=|class| *class let:class>
                    <li class="class-bar" class:truth=move || truth.get() == class>
                        {share::bar(lab, class, shares)}
                    </li>
                </For>
            </ul>
            <figure class="side-loss">
                <svg
                    viewBox=format!("0 0 {WIDE} {HIGH}")
                    preserveAspectRatio="none"
                    role="img"
                    aria-label="Loss over the iterations"
                >
                    <path
                        class="side-path"
                        d=move || curve.with(|curve| curve.as_ref().map(|curve| curve.path.clone()))
                    />
                    <path
                        class="story-now"
                        d=move || curve.with(|curve| curve.as_ref().map(|curve| curve.now.clone()))
                    />
                </svg>
                <figcaption>
                    {move || curve.with(|curve| curve.as_ref().map(Curve::caption))}
                </figcaption>
            </figure>
        </section>
    }
}

/// What a side's model is called.
fn named(lab: Lab, comparison: &Comparison, side: usize) -> String {
    let side = comparison.sides.get(side);
    let own = side.and_then(|side| side.name.clone());
    own.unwrap_or_else(|| at_hand(lab))
}

/// What came of it, for those who do not see it.
fn spoken(lab: Lab, comparison: &Comparison) -> String {
    let sides = 0..comparison.sides.len();
    let each = sides.map(|side| {
        let name = named(lab, comparison, side);
        format!("{name}: {}. ", word(comparison.outcome(side)))
    });
    each.collect()
}

/// What the model at hand is called.
fn at_hand(lab: Lab) -> String {
    let run = lab.run.get();
    let run = lab.runs.with(|runs| {
        let mut runs = runs.iter().flatten();
        let run = runs.find(|info| run.as_ref() == Some(&info.id))?;
        Some(format!("Run “{}”", run.name))
    });
    let name = lab.model.get().or(run);
    name.unwrap_or_else(|| "The model at hand".to_owned())
}

/// Image or change of a side.
#[component]
fn Pixels(side: usize, is_change: bool) -> impl IntoView {
    let lab = Lab::get();
    let canvas = NodeRef::<Canvas>::new();
    Effect::new(move |_| {
        let Some(canvas) = canvas.get() else {
            return;
        };
        of_image(lab, |comparison| {
            let start = comparison.sides.get(side).map(|side| &side.start);
            if let (Some(start), Some(frame)) = (start, comparison.frame(side)) {
                let bytes = if is_change {
                    &frame.perturbation
                } else {
                    &frame.pixels
                };
                pixels::draw(&canvas, start.image_shape, bytes);
            }
        });
    });
    let name = if is_change {
        "the perturbation, enlarged in contrast"
    } else {
        "the image under attack"
    };
    view! { <canvas node_ref=canvas width="28" height="28" role="img" aria-label=name></canvas> }
}

/// A side's loss over the iterations.
#[derive(Clone, Debug, Default, PartialEq)]
struct Curve {
    path: String,
    now: String,
    /// The loss on show.
    loss: f64,
    /// The largest of any side, which all are drawn to.
    most: f64,
}

impl Curve {
    fn of(comparison: &Comparison, side: usize) -> Self {
        let sides = 0..comparison.sides.len();
        let all = sides.flat_map(|side| comparison.losses(side));
        let most = all.fold(0.0, |most, (_, loss)| f64::max(most, loss));
        let losses = comparison.losses(side);
        let last = losses.last().map_or(1, |(iteration, _)| *iteration);
        let x = Scale::new((0.0, last as f64), 2.0, WIDE - 4.0);
        let y = Scale::new((0.0, most), HIGH - 4.0, 8.0 - HIGH);
        let mut curve = Self {
            most,
            ..Self::default()
        };
        for (place, (iteration, loss)) in losses.into_iter().enumerate() {
            let verb = if place == 0 { 'M' } else { 'L' };
            let (x, y) = (x.place(iteration as f64), y.place(loss));
            curve.path += &format!("{verb}{x:.1} {y:.1}");
            if place == comparison.at() {
                curve.now = format!("M{x:.1} 0V{HIGH}");
                curve.loss = loss;
            }
        }
        curve
    }

    fn caption(&self) -> String {
        format!(
            "Loss (cross-entropy of the true class) {}, of 0 to {}.",
            reading(self.loss),
            reading(self.most)
        )
    }
}

const WORDS: Words = Words {
    back: "One iteration back on all sides",
    on: "One iteration on, on all sides",
    slider: "Iteration on show on all sides",
    slider_id: "compare-scrub",
    at_id: "compare-at",
};

/// One way through the iterations of all sides.
#[component]
fn AllSides() -> impl IntoView {
    let lab = Lab::get();
    let place = Memo::new(move |_| {
        of_image(lab, |comparison| (comparison.at(), comparison.frames())).unwrap_or_default()
    });
    let iteration = Memo::new(move |_| {
        of_image(lab, |comparison| {
            comparison.frame(0).map(|frame| frame.iteration)
        })
        .flatten()
    });
    let go_to = move |place: usize| {
        lab.comparison.update(|comparison| {
            if let Some(comparison) = comparison {
                comparison.go_to(place);
            }
        });
    };
    let at = Signal::derive(move || match iteration.get() {
        None | Some(0) => "start".to_owned(),
        Some(at) => format!("iteration {at}"),
    });
    view! {
        <div class="story-bar">
            <Scrub words=WORDS place=place at=at go_to=go_to slide_to=go_to />
        </div>
    }
}
