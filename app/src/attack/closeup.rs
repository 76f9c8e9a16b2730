//! One image of the attack, large: every class's share, and each iteration that came by.

use std::time::Duration;

use leptos::prelude::*;

use crate::attack::card::{class_name, with};
use crate::attack::compare::Compare;
use crate::attack::export::Exports;
use crate::attack::picture::{Picture, PictureView};
use crate::attack::scrub::{Scrub, Words};
use crate::attack::share;
use crate::chart::scale::Scale;
use crate::format::percent;
use crate::state::gallery::Gallery;
use crate::state::lab::Lab;

/// Between two iterations that are played.
const FRAME: Duration = Duration::from_millis(120);

/// The curves' drawing, in its own units.
const WIDE: f64 = 360.0;
const HIGH: f64 = 96.0;

/// The image that was chosen among those on show.
#[component]
pub fn CloseUp() -> impl IntoView {
    let lab = Lab::get();
    let is_there = Memo::new(move |_| with(lab, |gallery| gallery.len() > 0).unwrap_or(false));
    view! {
        <Show when=move || is_there.get()>
            <section class="closeup" id="closeup" aria-labelledby="closeup-title" data-testid="closeup">
                <Head />
                <div class="closeup-pictures">
                    <Large name="clean" picture=Picture::Clean test_id="closeup-clean" />
                    <Large
                        name="attacked"
                        picture=Picture::Adversarial
                        test_id="closeup-attacked"
                    />
                    <Large name="change" picture=Picture::Perturbation test_id="closeup-change" />
                </div>
                <Classes />
                <Story />
                <Compare />
            </section>
        </Show>
    }
}

#[component]
fn Head() -> impl IntoView {
    let lab = Lab::get();
    let count = Memo::new(move |_| with(lab, Gallery::len).unwrap_or(0));
    let truth = Memo::new(move |_| {
        let label = with(lab, |gallery| gallery.truth(lab.closeup.get()));
        label.flatten().map(|label| class_name(lab, label))
    });
    let place = Memo::new(move |_| with(lab, |gallery| gallery.place(lab.closeup.get())).flatten());
    let go = move |by: usize| {
        let count = count.get_untracked().max(1);
        lab.closeup.update(|image| *image = (*image + by) % count);
    };
    let alone = move || count.get() < 2;
    view! {
        <div class="closeup-head">
            <h3 id="closeup-title">
                {move || {
                    format!(
                        "Image {}, in truth {}",
                        lab.closeup.get() + 1,
                        truth.get().unwrap_or_default(),
                    )
                }}
                {move || {
                    place
                        .get()
                        .map(|place| {
                            view! {
                                " "
                                <span class="closeup-place" title="Counted from 0">
                                    {format!("test image {place}")}
                                </span>
                            }
                        })
                }}
            </h3>
            <div class="closeup-go">
                <button
                    type="button"
                    aria-label="The image before"
                    disabled=alone
                    on:click=move |_| go(count.get_untracked().max(1) - 1)
                >
                    "←"
                </button>
                <button
                    type="button"
                    aria-label="The next image"
                    disabled=alone
                    on:click=move |_| go(1)
                >
                    "→"
                </button>
            </div>
        </div>
    }
}

#[component]
fn Large(name: &'static str, picture: Picture, test_id: &'static str) -> impl IntoView {
    let lab = Lab::get();
    view! {
        <figure>
            <PictureView image=lab.closeup.into() picture=picture test_id=test_id />
            <figcaption>{name}</figcaption>
        </figure>
    }
}

/// What the model says of the image: a bar a class, before and now.
#[component]
fn Classes() -> impl IntoView {
    let lab = Lab::get();
    let classes = Memo::new(move |_| with(lab, |gallery| gallery.start.classes).unwrap_or(0));
    let truth = Memo::new(move |_| with(lab, |gallery| gallery.truth(lab.closeup.get())).flatten());
    let shares = Memo::new(move |_| {
        let image = lab.closeup.get();
        with(lab, |gallery| {
            let row = |all: &[f32]| gallery.shares(all, image).map(<[f32]>::to_vec);
            let before = row(&gallery.start.probabilities);
            let now = gallery.frame().and_then(|frame| row(&frame.probabilities));
            (before.unwrap_or_default(), now.unwrap_or_default())
        })
        .unwrap_or_default()
    });
    let aimed = move |class: usize| {
        let goal = lab.config.with(|config| config.attack.goal().to_string());
        goal == format!("class-{class}")
    };
    view! {
        <div class="classes" role="group" aria-label="Classes">
            <p class="hint">
                "The model's share for each class: the line before, the bar now. Press a class to make \
                 it the goal of the next attack."
            </p>
            <For each=move || 0..classes.get() key=|class| *class let:class>
                <button
                    type="button"
                    class="class-bar"
                    class:truth=move || truth.get() == Some(class)
                    class:aimed=move || aimed(class)
                    aria-pressed=move || aimed(class).to_string()
                    data-testid=format!("class-{class}")
                    on:click=move |_| {
                        let goal = if aimed(class) {
                            "untargeted".to_owned()
                        } else {
                            format!("class-{class}")
                        };
                        lab.choose_goal(&goal);
                    }
                >
                    {share::bar(lab, class, shares)}
                </button>
            </For>
        </div>
    }
}

const WORDS: Words = Words {
    back: "One iteration back",
    on: "One iteration on",
    slider: "Iteration on show",
    slider_id: "scrub",
    at_id: "scrub-at",
};

/// How the shares changed, and a way back to every iteration.
#[component]
fn Story() -> impl IntoView {
    let lab = Lab::get();
    let plays = RwSignal::new(false);
    let place = Memo::new(move |_| {
        with(lab, |gallery| (gallery.at(), gallery.frames().len())).unwrap_or_default()
    });
    let iteration = Memo::new(move |_| {
        with(lab, |gallery| gallery.frame().map(|frame| frame.iteration)).flatten()
    });
    let go_to = move |place: usize| {
        lab.gallery.update(|gallery| {
            if let Some(gallery) = gallery {
                gallery.go_to(place);
            }
        });
    };
    let slide_to = move |place: usize| {
        plays.set(false);
        go_to(place);
    };
    let at = Signal::derive(move || match iteration.get() {
        None => "not begun".to_owned(),
        Some(0) => "start".to_owned(),
        Some(at) => format!("iteration {at}"),
    });
    let paths = Memo::new(move |_| with(lab, |gallery| paths(gallery, lab.closeup.get())));
    // One timer at a time, which ends with the last iteration or with the component.
    let ticking = set_interval_with_handle(
        move || {
            if !plays.get_untracked() {
                return;
            }
            let (at, count) = place.get_untracked();
            if at + 1 < count {
                go_to(at + 1);
            } else {
                plays.set(false);
            }
        },
        FRAME,
    );
    on_cleanup(move || {
        if let Ok(handle) = ticking {
            handle.clear();
        }
    });
    let play = move |_| {
        let (at, count) = place.get_untracked();
        if !plays.get_untracked() && at + 1 >= count {
            go_to(0);
        }
        plays.update(|plays| *plays = !*plays);
    };
    view! {
        <div class="story">
            <svg
                viewBox=format!("0 0 {WIDE} {HIGH}")
                preserveAspectRatio="none"
                role="img"
                aria-label="Shares of the true class and of the strongest other one over the iterations"
            >
                <path class="story-truth" d=move || paths.get().unwrap_or_default().truth />
                <path class="story-other" d=move || paths.get().unwrap_or_default().other />
                <path class="story-now" d=move || paths.get().unwrap_or_default().now />
            </svg>
            <p class="story-legend">
                <span class="story-key truth"></span>
                "true class "
                <span class="story-key other"></span>
                "strongest other class, "
                <span data-testid="story-range">
                    {move || {
                        let (low, high) = paths.get().unwrap_or_default().range;
                        format!("from {} to {}", percent(low, 1000), percent(high, 1000))
                    }}
                </span>
            </p>
            <div class="story-bar">
                <button type="button" data-testid="play" on:click=play>
                    {move || if plays.get() { "Pause" } else { "Play" }}
                </button>
                <Scrub words=WORDS place=place at=at go_to=go_to slide_to=slide_to />
            </div>
            <Exports />
        </div>
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Paths {
    truth: String,
    other: String,
    now: String,
    /// What the axis runs over.
    range: (f64, f64),
}

/// Shares that differ by less are drawn over an axis of their own: a squeezed model's lie close together.
const NARROW: f64 = 0.3;

/// The axis for shares from the least to the largest.
fn axis(least: f64, largest: f64) -> (f64, f64) {
    let spread = largest - least;
    if spread >= NARROW || !spread.is_finite() {
        return (0.0, 1.0);
    }
    let room = 0.1 * spread.max(1e-3);
    ((least - room).max(0.0), (largest + room).min(1.0))
}

fn paths(gallery: &Gallery, image: usize) -> Paths {
    let truth = gallery.truth(image).unwrap_or(0);
    let last = gallery.frames().last().map_or(1, |frame| frame.iteration);
    let x = Scale::new((0.0, last as f64), 2.0, WIDE - 4.0);
    let story = || {
        gallery.story(image).map(|(iteration, row)| {
            let others = row.iter().enumerate().filter(|(class, _)| *class != truth);
            let other = others.map(|(_, share)| *share).fold(0.0, f32::max);
            (iteration, row.get(truth).copied().unwrap_or(0.0), other)
        })
    };
    let ends = (f64::INFINITY, f64::NEG_INFINITY);
    let (least, largest) = story().fold(ends, |(least, largest), (_, truth, other)| {
        let (truth, other) = (f64::from(truth), f64::from(other));
        (least.min(truth.min(other)), largest.max(truth.max(other)))
    });
    let range = axis(least, largest);
    let y = Scale::new(range, HIGH - 4.0, 8.0 - HIGH);
    let mut paths = Paths {
        range,
        ..Paths::default()
    };
    let add = |path: &mut String, iteration: usize, share: f32| {
        let verb = if path.is_empty() { 'M' } else { 'L' };
        let (x, y) = (x.place(iteration as f64), y.place(f64::from(share)));
        *path += &format!("{verb}{x:.1} {y:.1}");
    };
    for (iteration, truth, other) in story() {
        add(&mut paths.truth, iteration, truth);
        add(&mut paths.other, iteration, other);
    }
    if let Some(frame) = gallery.frame() {
        paths.now = format!("M{:.1} 0V{HIGH}", x.place(frame.iteration as f64));
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_that_lie_close_have_an_axis_of_their_own() {
        assert_eq!(axis(0.02, 0.98), (0.0, 1.0));
        assert_eq!(axis(f64::INFINITY, f64::NEG_INFINITY), (0.0, 1.0));
        let (low, high) = axis(0.1, 0.12);
        assert!(
            low > 0.09 && low < 0.1 && high > 0.12 && high < 0.13,
            "{low} {high}"
        );
        let (low, high) = axis(0.1, 0.1);
        assert!(low < high && low >= 0.0);
    }
}
