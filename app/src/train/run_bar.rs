//! Train, pause, stop, and how far it has come.

use leptos::prelude::*;

use crate::controls::progress::Progress;
use crate::format::{count, duration, rate, small};
use crate::state::device::DeviceView;
use crate::state::field::Field;
use crate::state::lab::{Asked, Lab};
use crate::state::live::Live;
use crate::state::phase::Model;
use crate::words;

/// The bar over the charts.
#[component]
pub fn RunBar() -> impl IntoView {
    let lab = Lab::get();
    // Why a run cannot start although the engine is free.
    let wrong = Memo::new(move |_| {
        lab.to_mend(Field::is_of_training)
            .or_else(|| lab.missing_images())
    });
    let asked = move |what: Asked| lab.asked.get() == Some(what);
    let waiting = move || lab.asked.get().is_some();
    let train_label = move || {
        if asked(Asked::Train) {
            "Starting…"
        } else if matches!(lab.phase.get().model, Model::None | Model::Ready) {
            "Train"
        } else {
            "Train afresh"
        }
    };
    let resumable = move || lab.phase.get().model == Model::Paused;
    let progress = Memo::new(move |_| {
        lab.live.with(|live| {
            live.as_ref()
                .map_or((0, 0), |live| (live.step, live.total_steps()))
        })
    });
    let line = move || {
        if let Some(wrong) = wrong.get() {
            return wrong;
        }
        let phase = lab.phase.get();
        match phase.model {
            _ if asked(Asked::Train) => {
                "Preparing the device; the first step takes longest.".into()
            }
            _ if asked(Asked::OpenModel) => "Opening the model.".into(),
            _ if asked(Asked::OpenRun) => "Opening the run.".into(),
            _ if asked(Asked::Load) => "Reading the images.".into(),
            _ if !phase.open => lab.device.with(DeviceView::waiting_line).into(),
            _ if phase.comparing => "Models are being compared.".into(),
            _ if phase.can_stop_attack() => "The attack is running.".into(),
            Model::None => "Ready when you are.".into(),
            Model::Ready if lab.lacks_images() => {
                "A trained model is at hand. To train one, choose the data set’s files above."
                    .into()
            }
            Model::Ready => "A trained model is at hand; a run of your own takes its place.".into(),
            Model::Training => match progress.get() {
                (0, _) => "The first step prepares the device and takes longest.".into(),
                (step, total) if step == total => "Testing the model on all test images.".into(),
                _ => "Training. Changed settings count from the next run on.".into(),
            },
            Model::Paused => "Paused. Go on, or attack the model as it stands.".into(),
            Model::Stopped => {
                "Stopped early. The model is kept, and the run is in the list.".into()
            }
            Model::Trained => lab
                .live
                .with(|live| live.as_ref().map_or_else(String::new, outcome)),
        }
    };

    view! {
        <div class="run-bar">
            <div class="buttons">
                <button
                    type="button"
                    class:primary=move || !resumable()
                    data-testid="train"
                    aria-describedby="run-line"
                    disabled=move || {
                        !lab.phase.get().can_train() || lab.lacks_images()
                            || wrong.with(Option::is_some) || waiting()
                    }
                    on:click=move |_| lab.train()
                >
                    {train_label}
                </button>
                // One button with two names, so that the keyboard's focus stays on it.
                <button
                    type="button"
                    class:primary=resumable
                    data-testid=move || if resumable() { "resume" } else { "pause" }
                    disabled=move || {
                        let phase = lab.phase.get();
                        !phase.can_pause() && !phase.can_resume()
                    }
                    on:click=move |_| {
                        if waiting() {
                            return;
                        }
                        if resumable() { lab.resume() } else { lab.pause() }
                    }
                >
                    {move || match lab.asked.get() {
                        Some(Asked::Pause) => "Pausing…",
                        Some(Asked::Resume) => "Going on…",
                        _ if resumable() => "Go on",
                        _ => "Pause",
                    }}
                </button>
                <button
                    type="button"
                    data-testid="stop"
                    disabled=move || !lab.phase.get().can_stop() || asked(Asked::Stop)
                    on:click=move |_| lab.stop()
                >
                    {move || {
                        if asked(Asked::Stop) && lab.phase.get().can_pause() {
                            "Stopping…"
                        } else {
                            "Stop"
                        }
                    }}
                </button>
                <p class="run-line" id="run-line" class:wrong=move || wrong.with(Option::is_some)>
                    {line}
                    {move || {
                        (lab.phase.get().can_attack() && wrong.with(Option::is_none))
                            .then(|| {
                                view! {
                                    " "
                                    <a href="#attack">"Now attack it."</a>
                                }
                            })
                    }}
                </p>
            </div>
            <RunProgress />
        </div>
    }
}

#[component]
fn RunProgress() -> impl IntoView {
    let lab = Lab::get();
    let planned = move || lab.config.with(|config| config.training.steps);
    let steps = Memo::new(move |_| {
        lab.live.with(|live| {
            live.as_ref()
                .map_or((0, None), |live| (live.step, Some(live.total_steps())))
        })
    });
    let total = move || steps.get().1.unwrap_or_else(planned);
    let share = Signal::derive(move || steps.get().0 as f64 / total().max(1) as f64);
    let still = Signal::derive(move || lab.phase.get().model != Model::Training);
    let speed = move || {
        lab.live
            .with(|live| live.as_ref().map_or(0.0, |live| live.steps_per_sec))
    };
    let left = move || {
        let training = lab.phase.get().model == Model::Training;
        lab.live.with(|live| {
            live.as_ref()
                .filter(|_| training)
                .and_then(Live::secs_left)
                .map_or_else(|| "–".to_owned(), duration)
        })
    };
    view! {
        <Progress label="Training steps done" share=share still=still />
        <dl class="run-facts">
            <div>
                <dt>"Step"</dt>
                <dd data-testid="step">
                    {move || format!("{} / {}", steps.get().0, total())}
                </dd>
            </div>
            <div class="run-speed">
                <dt>"Speed"</dt>
                <dd>
                    <span data-testid="steps-per-sec">{move || rate(speed())}</span>
                    " steps/s"
                </dd>
            </div>
            <div>
                <dt>"Time left"</dt>
                <dd>{left}</dd>
            </div>
        </dl>
    }
}

/// What else there is to know of the run at hand. On a narrow screen the bar stays in sight and this
/// does not.
#[component]
pub fn RunFacts() -> impl IntoView {
    let lab = Lab::get();
    let learning_rate = move || {
        lab.live.with(|live| {
            live.as_ref().and_then(|live| live.latest).map_or_else(
                || "–".to_owned(),
                |latest| small(f64::from(latest.learning_rate)),
            )
        })
    };
    let run = move || {
        let named = lab.run.get().and_then(|id| {
            lab.runs.with(|runs| {
                let own = runs.as_ref()?.iter().find(|run| run.id == id)?;
                Some(format!("“{}” · ", own.name))
            })
        });
        let named = named.or_else(|| lab.model.get().map(|name| format!("“{name}” · ")));
        lab.live.with(|live| match live {
            Some(live) => named.unwrap_or_default() + &what(live),
            None => "none yet".to_owned(),
        })
    };
    view! {
        <dl class="run-facts">
            <div>
                <dt>"Learning rate"</dt>
                <dd data-testid="rate-now">{learning_rate}</dd>
            </div>
            {move || {
                lab.saved
                    .get()
                    .map(|step| {
                        view! {
                            <div>
                                <dt>"Saved"</dt>
                                <dd data-testid="saved">{format!("at step {}", count(step))}</dd>
                            </div>
                        }
                    })
            }}
            <div class="run-what">
                <dt>"Run"</dt>
                <dd>{run}</dd>
            </div>
        </dl>
    }
}

/// The run in a line.
fn what(live: &Live) -> String {
    let config = &live.config;
    [
        format!(
            "{}, {} weights",
            config.network.name(),
            count(live.parameters)
        ),
        words::objective(&config.objective),
        format!("seed\u{a0}{}", config.seed),
    ]
    .join(" · ")
}

/// How a run ended.
fn outcome(live: &Live) -> String {
    let Some(summary) = &live.summary else {
        return "Trained to its end.".to_owned();
    };
    let mut text = format!("Trained in {}.", duration(summary.seconds));
    if summary.steps < live.total_steps() {
        text = format!(
            "Ended by its patience after {}: no better for a while.",
            duration(summary.seconds)
        );
    }
    if summary.model_step != summary.steps {
        text += &format!(" The model of step {} was kept.", count(summary.model_step));
    }
    text
}
