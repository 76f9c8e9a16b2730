//! How logits and margins are spread over held-out images: the latest look as a histogram on a scale of
//! its own, and under it all looks so far, on one scale, so that squeezing is seen.

use std::fmt::Write;

use leptos::html::Div;
use leptos::prelude::*;
use squeeze_engine::event::{Look, Spread};

use crate::chart::model::{BOTTOM, HEIGHT, LEFT, Shown, TOP, Tick, step_ticks, x_scale};
use crate::chart::scale::{Scale, ticks_between};
use crate::chart::width::follow_width;
use crate::format::{count, reading};
use crate::state::lab::Lab;

/// Space at the right, as much as the charts of curves have.
const RIGHT: f64 = 74.0;
/// Where the histogram stands, and the band begins.
const FLOOR: f64 = 104.0;
const BAND_TOP: f64 = 138.0;

/// What is spread.
#[derive(Clone, Copy, PartialEq)]
pub enum Of {
    /// The logits of all classes.
    Logits,
    /// Margins between the right class and the best wrong one.
    Margins,
}

impl Of {
    fn read(self, look: &Look) -> &Spread {
        match self {
            Self::Logits => &look.logits,
            Self::Margins => &look.margins,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Logits => "Logits",
            Self::Margins => "Margins",
        }
    }

    fn note(self) -> &'static str {
        match self {
            Self::Logits => "of held-out images, all classes together",
            Self::Margins => "of the right class; below 0 the model is wrong",
        }
    }

    fn test_id(self) -> &'static str {
        match self {
            Self::Logits => "logits-chart",
            Self::Margins => "margins-chart",
        }
    }
}

/// The figure, worked out to the last label.
#[derive(Clone, Debug, Default, PartialEq)]
struct Figure {
    width: f64,
    right: f64,
    /// Bars of numbers below 0, and of others.
    below: String,
    above: String,
    values: Vec<Tick>,
    zero: Option<f64>,
    /// Where 9 of 10 numbers lie, where half of them do, and the one in the middle.
    outer: String,
    inner: String,
    median: String,
    heights: Vec<Tick>,
    steps: Vec<Tick>,
}

fn figure(of: Of, shown: Shown<'_>, width: f64) -> Figure {
    let x = x_scale(shown, width, RIGHT);
    let right = x.place(f64::INFINITY);
    let mut figure = Figure {
        width,
        right,
        steps: step_ticks(shown, x, right - LEFT),
        ..Figure::default()
    };
    let looks = &shown.run.looks;
    let Some(latest) = looks.last().map(|look| of.read(look)) else {
        return figure;
    };
    bars(&mut figure, latest, of);
    bands(&mut figure, looks, of, x);
    figure
}

fn bars(figure: &mut Figure, spread: &Spread, of: Of) {
    let (low, high) = (f64::from(spread.low), f64::from(spread.high));
    let x = Scale::new((low, high), LEFT, figure.right - LEFT);
    let most = spread.counts.iter().copied().max().unwrap_or(0).max(1);
    let part = (high - low) / spread.counts.len() as f64;
    for (index, &count) in spread.counts.iter().enumerate().filter(|(_, n)| **n > 0) {
        let from = low + index as f64 * part;
        let (left, end) = (x.place(from), x.place(from + part));
        let height = f64::from(count) / f64::from(most) * (FLOOR - TOP);
        // A margin below 0 is a mistake, a logit is not. A part that holds 0 is told by its middle.
        let bars = if of == Of::Margins && from + 0.5 * part < 0.0 {
            &mut figure.below
        } else {
            &mut figure.above
        };
        // Writing to a string cannot fail.
        let _ = write!(
            bars,
            "M{left:.1} {FLOOR}v{:.1}h{:.1}v{height:.1}z",
            -height,
            (end - left - 0.5).max(0.5)
        );
    }
    let wanted = ((figure.right - LEFT) / 90.0).clamp(2.0, 6.0) as usize;
    let (marks, digits) = ticks_between(low, high, wanted);
    figure.values = labelled(&marks, digits, x);
    figure.zero = (low < 0.0 && high > 0.0).then(|| x.place(0.0));
}

fn bands(figure: &mut Figure, looks: &[Look], of: Of, x: Scale) {
    let all = looks
        .iter()
        .map(|look| (look.step, of.read(look).quantiles));
    let finite = |quantiles: &[f32; 5]| quantiles.iter().all(|value| value.is_finite());
    let all: Vec<(usize, [f32; 5])> = all.filter(|(_, quantiles)| finite(quantiles)).collect();
    let low = all.iter().fold(0.0, |low, (_, q)| f32::min(low, q[0]));
    let high = all.iter().fold(0.0, |high, (_, q)| f32::max(high, q[4]));
    let bottom = HEIGHT - BOTTOM;
    let y = Scale::new((low.into(), high.into()), bottom, BAND_TOP - bottom);
    let point = |step: usize, value: f32| (x.place(step as f64), y.place(value.into()));
    let band = |lower: usize, upper: usize| {
        let there = all.iter().map(|(step, q)| point(*step, q[lower]));
        let back = all.iter().rev().map(|(step, q)| point(*step, q[upper]));
        closed(there.chain(back)) + if all.is_empty() { "" } else { "z" }
    };
    figure.outer = band(0, 4);
    figure.inner = band(1, 3);
    figure.median = closed(all.iter().map(|(step, q)| point(*step, q[2])));
    let (marks, digits) = ticks_between(low.into(), high.into(), 4);
    figure.heights = labelled(&marks, digits, y);
}

fn closed(points: impl Iterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    for (x, y) in points {
        let verb = if path.is_empty() { 'M' } else { 'L' };
        // Writing to a string cannot fail.
        let _ = write!(path, "{verb}{x:.1} {y:.1}");
    }
    path
}

fn labelled(marks: &[f64], digits: usize, scale: Scale) -> Vec<Tick> {
    let label = |mark: f64| {
        if mark == 0.0 {
            "0".to_owned()
        } else if digits > 4 {
            format!("{mark:.0e}").replace('-', "−")
        } else {
            format!("{mark:.digits$}").replace('-', "−")
        }
    };
    marks
        .iter()
        .map(|&mark| Tick {
            at: scale.place(mark),
            label: label(mark),
        })
        .collect()
}

/// Name and text of what is read off the latest look.
fn values(spread: &Spread) -> [(&'static str, String); 3] {
    let number = |value: f32| reading(f64::from(value)).replace('-', "−");
    let between = |from, to| format!("{} to {}", number(from), number(to));
    let q = &spread.quantiles;
    [
        ("Median", number(q[2])),
        ("Half", between(q[1], q[3])),
        ("9 in 10", between(q[0], q[4])),
    ]
}

fn summary(of: Of, look: Option<&Look>) -> String {
    let Some(look) = look else {
        return format!("{}: nothing seen yet.", of.title());
    };
    let [(_, median), (_, half), (_, most)] = values(of.read(look));
    format!(
        "{} after step {}: median {median}, half of them from {half}, nine in ten from {most}.",
        of.title(),
        count(look.step)
    )
}

/// The figure of what is spread, which follows the run at hand.
#[component]
pub fn SpreadView(
    /// Which.
    of: Of,
) -> impl IntoView {
    let lab = Lab::get();
    let frame = NodeRef::<Div>::new();
    let width = RwSignal::new(560.0_f64);
    follow_width(frame, width);
    let drawn = Memo::new(move |_| {
        lab.history_version.track();
        let width = width.get();
        lab.with_curves(|shown| figure(of, shown, width))
    });
    let latest = Memo::new(move |_| {
        lab.history_version.track();
        lab.history.with_value(|run| run.looks.last().cloned())
    });
    let step = move || {
        latest.with(|look| match look {
            Some(look) => format!("Step {}", count(look.step)),
            None => "No look yet".to_owned(),
        })
    };
    let read_off = move || {
        latest.with(|look| {
            let values = look.as_ref().map(|look| values(of.read(look)));
            let keys = ["key median", "key band-inner", "key band-outer"];
            values
                .into_iter()
                .flatten()
                .zip(keys)
                .map(|((name, value), key)| {
                    view! {
                        <span class="reading-value">
                            <span class=key></span>
                            {name}
                            " "
                            <b>{value}</b>
                        </span>
                    }
                })
                .collect_view()
        })
    };
    view! {
        <figure class="chart" data-testid=of.test_id()>
            <figcaption>
                <span class="chart-title">{of.title()}</span>
                <span class="chart-note">{of.note()}</span>
                <span class="reading-step">{step}</span>
            </figcaption>
            <div class="reading">{read_off}</div>
            <div
                class="chart-frame spread"
                node_ref=frame
                role="img"
                aria-label=move || latest.with(|look| summary(of, look.as_ref()))
            >
                <svg
                    aria-hidden="true"
                    width=move || drawn.with(|drawn| drawn.width)
                    height=HEIGHT
                >
                    {move || drawn.with(drawing)}
                </svg>
            </div>
        </figure>
    }
}

fn drawing(figure: &Figure) -> impl IntoView + use<> {
    let bottom = HEIGHT - BOTTOM;
    let right = figure.right;
    let under = |ticks: &[Tick], floor: f64| {
        ticks
            .iter()
            .cloned()
            .map(|tick| {
                view! {
                    <line class="axis" x1=tick.at x2=tick.at y1=floor y2=floor + 4.0 />
                    <text class="tick" x=tick.at y=floor + 18.0 text-anchor="middle">
                        {tick.label}
                    </text>
                }
            })
            .collect_view()
    };
    let heights = figure
        .heights
        .iter()
        .cloned()
        .map(|tick| {
            view! {
                <line class="grid" x1=LEFT x2=right y1=tick.at y2=tick.at />
                <text class="tick" x=LEFT - 8.0 y=tick.at dy="0.35em" text-anchor="end">
                    {tick.label}
                </text>
            }
        })
        .collect_view();
    view! {
        <path class="bars below" d=figure.below.clone() />
        <path class="bars above" d=figure.above.clone() />
        {figure.zero.map(|at| view! { <line class="zero" x1=at x2=at y1=TOP y2=FLOOR /> })}
        <line class="axis" x1=LEFT x2=right y1=FLOOR y2=FLOOR />
        {under(&figure.values, FLOOR)}
        {heights}
        <path class="band-outer" d=figure.outer.clone() />
        <path class="band-inner" d=figure.inner.clone() />
        <path class="median" d=figure.median.clone() />
        <line class="axis" x1=LEFT x2=right y1=bottom y2=bottom />
        {under(&figure.steps, bottom)}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::history::History;

    fn look(step: usize, size: f32) -> Look {
        let spread = Spread {
            low: -size,
            high: size,
            counts: vec![1, 0, 3, 2],
            quantiles: [-size, -0.5 * size, 0.0, 0.5 * size, size],
        };
        Look {
            step,
            logits: spread.clone(),
            margins: spread,
            attack: None,
        }
    }

    #[test]
    fn bars_lie_on_either_side_of_zero_and_empty_parts_have_none() {
        let mut history = History::new(10);
        history.push_look(look(0, 2.0));
        let shown = Shown {
            run: &history,
            others: &[],
        };
        let figure = figure(Of::Margins, shown, 600.0);
        assert_eq!(figure.below.matches('M').count(), 1);
        assert_eq!(figure.above.matches('M').count(), 2);
        // Halfway between the edges.
        let middle = 0.5 * (LEFT + figure.right);
        assert!(figure.zero.is_some_and(|zero| (zero - middle).abs() < 1e-9));
        // The fullest part is as high as there is room.
        let full = format!("v{:.1}", TOP - FLOOR);
        assert_eq!(figure.above.matches(&full).count(), 1, "{}", figure.above);
    }

    #[test]
    fn the_band_shrinks_on_one_scale_while_the_histogram_fills_its_own() {
        let mut history = History::new(10);
        history.push_look(look(0, 8.0));
        history.push_look(look(5, 0.008));
        let shown = Shown {
            run: &history,
            others: &[],
        };
        let figure = figure(Of::Logits, shown, 600.0);
        let ends: Vec<f64> = figure
            .outer
            .trim_end_matches('z')
            .split(['M', 'L'])
            .filter_map(|point| point.split(' ').nth(1)?.parse().ok())
            .collect();
        let [first_low, last_low, last_high, first_high] = ends[..] else {
            panic!("{}", figure.outer);
        };
        assert!((first_low - first_high - (HEIGHT - BOTTOM - BAND_TOP)).abs() < 0.2);
        assert!((last_low - last_high).abs() < 0.2);
        assert!(figure.values.iter().any(|tick| tick.label == "0.005"));
    }
}
