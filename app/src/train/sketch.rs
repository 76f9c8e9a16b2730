//! A small drawing of the learning rate over the run.

use std::fmt::Write;

use leptos::prelude::*;
use squeeze_engine::config::{OptimizerConfig, ScheduleConfig};

use crate::format::small;
use crate::state::lab::Lab;

/// The drawing's own units; it is stretched to the width there is.
const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 56.0;
/// Points of the line: enough for every drop to look like one.
const POINTS: usize = 240;

/// The learning rate over the run.
#[component]
pub fn ScheduleSketch() -> impl IntoView {
    let lab = Lab::get();
    let held = Memo::new(move |_| {
        lab.config
            .with(|config| (config.optimizer.clone(), config.training.steps))
    });
    let line = move || held.with(|(optimizer, steps)| path(&optimizer.schedule, *steps));
    let caption = move || held.with(|(optimizer, steps)| ends(optimizer, *steps));
    view! {
        <figure class="sketch" data-testid="schedule-sketch">
            <svg
                viewBox=format!("0 0 {WIDTH} {HEIGHT}")
                preserveAspectRatio="none"
                aria-hidden="true"
            >
                <line class="axis" x1="0" x2=WIDTH y1=HEIGHT - 1.0 y2=HEIGHT - 1.0 />
                <path d=line />
            </svg>
            <figcaption class="hint">{caption}</figcaption>
        </figure>
    }
}

/// The line of a schedule over a run of so many steps.
fn path(schedule: &ScheduleConfig, steps: usize) -> String {
    let points = POINTS.min(steps).max(1);
    let mut path = String::new();
    for point in 0..=points {
        // The last step of a run of `steps` is `steps - 1`.
        let share = point as f64 / points as f64;
        let step = ((share * steps as f64) as usize).min(steps.saturating_sub(1));
        let factor = schedule.factor_at(step, steps);
        let verb = if point == 0 { 'M' } else { 'L' };
        // Writing to a string cannot fail.
        let _ = write!(
            path,
            "{verb}{:.1} {:.1}",
            share * WIDTH,
            2.0 + (1.0 - factor) * (HEIGHT - 4.0)
        );
    }
    path
}

/// Its beginning, peak and end in words.
fn ends(optimizer: &OptimizerConfig, steps: usize) -> String {
    let rate = |step| small(optimizer.learning_rate * optimizer.schedule.factor_at(step, steps));
    let (first, peak, last) = (
        rate(0),
        small(optimizer.learning_rate),
        rate(steps.saturating_sub(1)),
    );
    match (first == peak, last == peak) {
        (true, true) => format!("{peak} from the first step to the last."),
        (true, false) => format!("From {peak} at the first step to {last} at the last."),
        (false, true) => format!("From {first} at the first step up to {peak}."),
        (false, false) => format!("From {first} up to {peak}, then down to {last}."),
    }
}

#[cfg(test)]
mod tests {
    use squeeze_engine::config::Schedule;

    use super::*;

    fn optimizer(kind: Schedule, warmup: f64) -> OptimizerConfig {
        OptimizerConfig {
            schedule: ScheduleConfig {
                kind,
                warmup,
                ..ScheduleConfig::default()
            },
            ..OptimizerConfig::default()
        }
    }

    #[test]
    fn a_sketch_spans_the_drawing_and_stays_inside() {
        for kind in Schedule::ALL {
            for steps in [1, 2, 100, 80_000] {
                let path = path(&optimizer(kind, 0.3).schedule, steps);
                assert!(path.starts_with("M0.0 "), "{path}");
                let points: Vec<(f64, f64)> = path
                    .split(['M', 'L'])
                    .filter_map(|point| {
                        let (x, y) = point.split_once(' ')?;
                        Some((x.parse().ok()?, y.parse().ok()?))
                    })
                    .collect();
                assert_eq!(points.last().map(|point| point.0), Some(WIDTH));
                assert!(points.iter().all(|(_, y)| (0.0..=HEIGHT).contains(y)));
            }
        }
    }

    #[test]
    fn the_ends_are_told_in_numbers() {
        let told = |kind, warmup| ends(&optimizer(kind, warmup), 1000);
        assert_eq!(
            told(Schedule::Constant, 0.0),
            "0.001 from the first step to the last."
        );
        assert_eq!(
            told(Schedule::Step, 0.0),
            "From 0.001 at the first step to 1e-5 at the last."
        );
        assert_eq!(
            told(Schedule::Constant, 0.1),
            "From 1e-5 at the first step up to 0.001."
        );
        assert_eq!(
            told(Schedule::OneCycle, 0.3),
            "From 4e-5 up to 0.001, then down to 4e-9."
        );
    }
}
