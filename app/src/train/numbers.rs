//! The run's latest numbers, large.

use leptos::prelude::*;

use crate::format::{count, measure, percent};
use crate::state::lab::Lab;
use crate::state::live::Live;

const NOTHING: &str = "–";

/// The latest numbers.
#[component]
pub fn Numbers() -> impl IntoView {
    let lab = Lab::get();
    let note = move |read: fn(&Live) -> Option<String>| {
        Memo::new(move |_| {
            lab.live
                .with(|live| live.as_ref().and_then(read))
                .unwrap_or_default()
        })
    };
    let of = move |read: fn(&Live) -> Option<String>| {
        Memo::new(move |_| {
            lab.live
                .with(|live| live.as_ref().and_then(read))
                .unwrap_or_else(|| NOTHING.to_owned())
        })
    };
    let loss = of(|live| Some(measure(f64::from(live.latest?.loss))));
    let parts = note(|live| {
        let latest = live.latest?;
        if live.diverged() {
            return Some("Nothing is learned any more: lower the learning rate.".to_owned());
        }
        Some(if latest.penalty > 0.0 {
            format!(
                "cross-entropy {} + penalty {}",
                measure(f64::from(latest.cross_entropy)),
                measure(f64::from(latest.penalty))
            )
        } else {
            "cross-entropy alone".to_owned()
        })
    });
    let train = of(|live| Some(percent(f64::from(live.train_accuracy?), 0)));
    let test = of(|live| {
        let test = live.test?;
        Some(percent(test.accuracy, test.images))
    });
    let test_note = note(|live| {
        Some(match live.test {
            Some(test) => format!("all {} test images, clean", count(test.images)),
            None => "looked at once, at the end".to_owned(),
        })
    });
    let held_out = of(|live| {
        let held = live.held_out?;
        Some(percent(held.accuracy, held.images))
    });
    let held_note = note(|live| {
        let training = &live.config.training;
        Some(match live.held_out {
            Some(held) => format!(
                "{} clean images, after step {}",
                count(held.images),
                count(held.step)
            ),
            None if training.held_out == 0 || training.eval_every == 0 => "off".to_owned(),
            None => format!("first at step {}", count(training.eval_every)),
        })
    });
    let norm = of(|live| Some(measure(f64::from(live.latest?.logit_norm))));
    view! {
        <dl class="numbers" id="numbers">
            <div>
                <dt>"Loss"</dt>
                <dd data-testid="loss">{loss}</dd>
                <dd class="note">{parts}</dd>
            </div>
            <div>
                <dt>"Training accuracy"</dt>
                <dd data-testid="train-accuracy">{train}</dd>
                <dd class="note">"recent batches, as trained on"</dd>
            </div>
            <div>
                <dt>"Held-out accuracy"</dt>
                <dd data-testid="held-out-accuracy">{held_out}</dd>
                <dd class="note">{held_note}</dd>
            </div>
            <div>
                <dt>"Test accuracy"</dt>
                <dd data-testid="test-accuracy">{test}</dd>
                <dd class="note">{test_note}</dd>
            </div>
            <div>
                <dt>"Logit norm"</dt>
                <dd data-testid="logit-norm">{norm}</dd>
                <dd class="note">"mean length of an image’s raw scores"</dd>
            </div>
        </dl>
    }
}
