//! The component that puts a [`Chart`] on the screen and reads values off it.

use leptos::html::Div;
use leptos::prelude::*;
use web_sys::{KeyboardEvent, PointerEvent};

use crate::chart::model::{Chart, HEIGHT, Reading, Shown, x_scale};
use crate::chart::width::follow_width;
use crate::state::history::History;
use crate::state::lab::Lab;

/// Everything that makes one chart differ from another.
#[derive(Clone, Copy)]
pub struct Figure {
    /// Stable name, for tests.
    pub test_id: &'static str,
    /// What the chart shows.
    pub title: &'static str,
    /// Small print beside the title.
    pub note: &'static str,
    /// Space for the names at the lines' ends.
    pub names: f64,
    /// The chart in one sentence.
    pub summary: fn(&History) -> String,
    /// Lays the chart out for a width.
    pub chart: fn(Shown<'_>, f64) -> Chart,
    /// The values at an entry of the curves.
    pub read: fn(Shown<'_>, usize, f64) -> Option<Reading>,
}

/// A chart that follows the run at hand. Pointing at it or the arrow keys read its values.
#[component]
pub fn ChartView(
    /// Which chart.
    figure: Figure,
) -> impl IntoView {
    let lab = Lab::get();
    let frame = NodeRef::<Div>::new();
    let width = RwSignal::new(560.0_f64);
    follow_width(frame, width);

    let chart = Memo::new(move |_| {
        lab.history_version.track();
        let width = width.get();
        lab.with_curves(|shown| (figure.chart)(shown, width))
    });
    // The entry under the cursor; none means the latest.
    let cursor = RwSignal::new(None::<usize>);
    let reading = Memo::new(move |_| {
        lab.history_version.track();
        let width = width.get();
        let cursor = cursor.get();
        lab.with_curves(|shown| {
            let latest = shown.run.steps.len().checked_sub(1)?;
            (figure.read)(shown, cursor.map_or(latest, |at| at.min(latest)), width)
        })
    });

    // The sentence for screen readers changes ten times in a run, not ten times a second.
    let tenth = Memo::new(move |_| {
        lab.history_version.track();
        lab.history.with_value(|history| {
            let done = history.steps.last().copied().unwrap_or(0);
            done * 10 / history.total_steps.max(1)
        })
    });
    let summary = move || {
        tenth.track();
        lab.phase.track();
        lab.history.with_value(figure.summary)
    };

    let point = move |event: PointerEvent| {
        let Some(frame) = frame.get_untracked() else {
            return;
        };
        let place = f64::from(event.client_x()) - frame.get_bounding_client_rect().left();
        let width = width.get_untracked();
        cursor.set(lab.with_curves(|shown| {
            let step = x_scale(shown, width, figure.names).value(place).round() as usize;
            nearest(&shown.run.steps, step)
        }));
    };
    let press = move |event: KeyboardEvent| {
        let count = lab.history.with_value(|history| history.steps.len());
        let Some(latest) = count.checked_sub(1) else {
            return;
        };
        let at = cursor.get_untracked().unwrap_or(latest);
        let stride = (count / 50).max(1);
        let moved = match event.key().as_str() {
            "ArrowLeft" => at.saturating_sub(stride),
            "ArrowRight" => (at + stride).min(latest),
            "Home" => 0,
            "End" => latest,
            "Escape" => {
                cursor.set(None);
                return;
            }
            _ => return,
        };
        event.prevent_default();
        cursor.set(Some(moved));
    };

    view! {
        <figure class="chart" data-testid=figure.test_id>
            <figcaption>
                <span class="chart-title">{figure.title}</span>
                <span class="chart-note">{figure.note}</span>
                <span class="reading-step">
                    {move || match reading.get() {
                        Some(reading) => format!("Step {}", reading.step),
                        None => "No step yet".to_owned(),
                    }}
                </span>
            </figcaption>
            <div class="reading">
                {move || {
                    reading
                        .get()
                        .map(|reading| reading.values)
                        .unwrap_or_default()
                        .into_iter()
                        .map(|(name, class, value)| {
                            view! {
                                <span class="reading-value">
                                    <span class=format!("key {class}")></span>
                                    {name}
                                    " "
                                    <b>{value}</b>
                                </span>
                            }
                        })
                        .collect_view()
                }}
            </div>
            <div
                class="chart-frame"
                node_ref=frame
                tabindex="0"
                role="img"
                aria-label=summary
                on:pointermove=point
                on:pointerdown=point
                on:pointerleave=move |_| cursor.set(None)
                on:blur=move |_| cursor.set(None)
                on:keydown=press
            >
                <svg
                    aria-hidden="true"
                    width=move || chart.with(|chart| chart.width)
                    height=HEIGHT
                >
                    {move || chart.with(drawing)}
                    {move || {
                        let at = cursor.get().and(reading.get()).map(|reading| reading.x);
                        let (_, top, _, bottom) = chart.with(|chart| chart.plot);
                        at.map(|x| {
                            view! { <line class="cursor" x1=x x2=x y1=top y2=bottom /> }
                        })
                    }}
                </svg>
            </div>
        </figure>
    }
}

/// Axes and curves.
fn drawing(chart: &Chart) -> impl IntoView + use<> {
    let (left, _, right, bottom) = chart.plot;
    let y_axis = chart
        .y_ticks
        .iter()
        .cloned()
        .map(|tick| {
            view! {
                <line class="grid" x1=left x2=right y1=tick.at y2=tick.at />
                <text class="tick" x=left - 8.0 y=tick.at dy="0.35em" text-anchor="end">
                    {tick.label}
                </text>
            }
        })
        .collect_view();
    let x_axis = chart
        .x_ticks
        .iter()
        .cloned()
        .map(|tick| {
            view! {
                <line class="axis" x1=tick.at x2=tick.at y1=bottom y2=bottom + 4.0 />
                <text class="tick" x=tick.at y=bottom + 19.0 text-anchor="middle">
                    {tick.label}
                </text>
            }
        })
        .collect_view();
    let lines = chart
        .lines
        .iter()
        .cloned()
        .map(|line| {
            view! {
                <g class=line.class>
                    <path class="dots" d=line.dots />
                    <path class="line" d=line.path />
                    <circle class="tip" cx=line.tip.0 cy=line.tip.1 r="3" />
                    <text class="name" x=line.name.0 + 8.0 y=line.name.1 dy="0.35em">
                        {line.title}
                    </text>
                </g>
            }
        })
        .collect_view();
    view! {
        {y_axis}
        <line class="axis" x1=left x2=right y1=bottom y2=bottom />
        {x_axis}
        {lines}
    }
}

/// The entry whose step is nearest.
fn nearest(steps: &[usize], step: usize) -> Option<usize> {
    let above = steps.partition_point(|at| *at < step);
    let below = above.checked_sub(1);
    match (below, steps.get(above)) {
        (Some(below), Some(at)) if step - steps[below] <= at - step => Some(below),
        (_, Some(_)) => Some(above),
        (below, None) => below,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_entry_is_found_from_either_side() {
        let steps = [10, 20, 30];
        assert_eq!(nearest(&steps, 0), Some(0));
        assert_eq!(nearest(&steps, 14), Some(0));
        assert_eq!(nearest(&steps, 16), Some(1));
        assert_eq!(nearest(&steps, 99), Some(2));
        assert_eq!(nearest(&[], 5), None);
    }
}
