//! Attack, stop, and what came of it.

use leptos::prelude::*;

use crate::controls::progress::Progress;
use crate::controls::task::{Task, TaskButtons};
use crate::format::{count, duration, percent};
use crate::state::device::DeviceView;
use crate::state::field::Field;
use crate::state::lab::{Asked, Lab};
use crate::state::phase::{Model, Phase, Trial};

/// What is known so far: images done, clean and robust share.
#[derive(Clone, Copy, PartialEq)]
struct Tally {
    images: usize,
    clean: f64,
    robust: f64,
}

/// The bar and the large numbers.
#[component]
pub fn AttackResult() -> impl IntoView {
    let lab = Lab::get();
    let tally = Memo::new(move |_| tally(lab));
    let text = move |read: fn(&Tally) -> f64| {
        move || {
            tally.get().map_or_else(
                || "–".to_owned(),
                |tally| percent(read(&tally), tally.images),
            )
        }
    };
    view! {
        <AttackBar />
        <div class="outcome">
            <dl class="numbers large">
                <div class="robust">
                    <dt>"Robust accuracy"</dt>
                    <dd data-testid="robust-accuracy">{text(|tally| tally.robust)}</dd>
                    <dd class="note">"right before and under attack"</dd>
                </div>
                <div>
                    <dt>"Clean accuracy"</dt>
                    <dd data-testid="clean-accuracy">{text(|tally| tally.clean)}</dd>
                    <dd class="note">"the same images, untouched"</dd>
                </div>
            </dl>
            <div class="outcome-words">
                <p class="outcome-sentence">{move || sentence(lab, tally.get())}</p>
                <p class="caveat">
                    "One attack is no proof. A low figure settles it: the model can be fooled. A high \
                     one only says that this attack, with these settings, did not manage."
                </p>
            </div>
        </div>
    }
}

const ATTACK: Task = Task {
    name: "attack",
    room: "#attack",
    word: "Attack",
    asked: Asked::Attack,
    begin: Lab::attack,
    is_running: Phase::can_stop_attack,
};

#[component]
fn AttackBar() -> impl IntoView {
    let lab = Lab::get();
    let wrong = Memo::new(move |_| lab.to_mend(Field::is_of_attack));
    let starting = move || lab.asked.get() == Some(Asked::Attack);
    let line = Signal::derive(move || {
        let phase = lab.phase.get();
        match (phase.attack, phase.model) {
            _ if starting() => "Preparing the attack.".into(),
            _ if !phase.open => lab.device.with(DeviceView::waiting_line).into(),
            _ if phase.comparing => "Models are being compared on one image.".into(),
            (Trial::Running, _) => match lab.choosing.get() {
                Some((done, total)) => format!(
                    "Choosing: the model is asked about all test images ({} of {}).",
                    count(done),
                    count(total)
                ),
                None => "Attacking.".to_owned(),
            },
            (_, Model::None) => {
                "There is no model yet: open one above, or train one, even for a few steps.".into()
            }
            _ if phase.can_stop_evaluation() => {
                "The model is being judged: stop that first.".into()
            }
            (_, Model::Training) => {
                "Training is running. Pause it to attack the model as it stands.".into()
            }
            (Trial::Done, _) => lab.attack_summary.with(|summary| {
                summary.as_ref().map_or_else(String::new, |summary| {
                    let what = if summary.stopped {
                        "was attacked until the stop,"
                    } else {
                        "was attacked in"
                    };
                    lab.named(&format!(
                        "{what} {}, {:.0} ms per iteration.",
                        duration(summary.seconds),
                        summary.ms_per_iteration
                    ))
                })
            }),
            (Trial::None | Trial::Known, _) if lab.lacks_images() => {
                "No test images are loaded: attack a picture of your own below, or bring the data set \
                 (Train, Data)."
                    .into()
            }
            (Trial::None | Trial::Known, _) => lab.named("is ready: attack it."),
        }
    });
    let progress = Memo::new(move |_| lab.attack_progress.get());
    let share = Signal::derive(move || {
        progress.get().map_or(0.0, |at| {
            let batches = at.iteration as f64 / at.iterations.max(1) as f64;
            let batch = lab
                .config
                .with_untracked(|config| config.attack.batch_size)
                .min(at.images.saturating_sub(at.images_done));
            (at.images_done as f64 + batches * batch as f64) / at.images.max(1) as f64
        })
    });
    let still = Signal::derive(move || lab.phase.get().attack != Trial::Running);
    let counts = move || {
        progress.get().map_or_else(
            || {
                let planned = lab.config.with(|config| config.attack.images);
                format!("0 / {} images", count(planned))
            },
            |at| {
                let done = format!("{} / {} images", count(at.images_done), count(at.images));
                if at.images_done < at.images {
                    format!("{done}, iteration {} / {}", at.iteration, at.iterations)
                } else {
                    done
                }
            },
        )
    };
    view! {
        <div class="run-bar">
            <TaskButtons task=ATTACK wrong=wrong line=line />
            <Progress label="Images attacked" share=share still=still />
            <p class="attack-progress" data-testid="attack-progress">
                {counts}
                {move || {
                    lab.shortfall
                        .get()
                        .map(|sentence| {
                            view! {
                                " "
                                <span data-testid="shortfall">{sentence}</span>
                            }
                        })
                }}
            </p>
        </div>
    }
}

fn tally(lab: Lab) -> Option<Tally> {
    if let Some(summary) = lab.attack_summary.get() {
        return (summary.images > 0).then_some(Tally {
            images: summary.images,
            clean: summary.clean_accuracy,
            robust: summary.robust_accuracy,
        });
    }
    let progress = lab.attack_progress.get()?;
    (progress.images_done > 0).then(|| {
        let of = |right: usize| right as f64 / progress.images_done as f64;
        Tally {
            images: progress.images_done,
            clean: of(progress.clean_correct),
            robust: of(progress.robust_correct),
        }
    })
}

/// How many were brought to where the attack wanted them.
fn reached(lab: Lab) -> String {
    lab.attack_summary.with(|summary| {
        let reached = summary.as_ref().and_then(|summary| summary.reached);
        reached.map_or_else(String::new, |share| {
            format!(
                " {} of those of other classes are taken for the goal.",
                percent(share, 0)
            )
        })
    })
}

fn sentence(lab: Lab, tally: Option<Tally>) -> String {
    let running = lab.phase.get().attack == Trial::Running;
    match tally {
        Some(tally) if tally.images == 1 && !running => {
            let fate = match (tally.clean > 0.0, tally.robust > 0.0) {
                (false, _) => "It was taken for something else even before the attack.",
                (true, true) => "The image is still recognised under attack.",
                (true, false) => "The image is recognised no longer.",
            };
            fate.to_owned() + &reached(lab)
        }
        Some(tally) => {
            let so_far = if running { "so far, " } else { "" };
            format!(
                "Under attack {so_far}{} of the images are still recognised; untouched, {} are.",
                percent(tally.robust, 0),
                percent(tally.clean, 0)
            ) + &reached(lab)
        }
        None if running => "The first batch of images is under attack.".to_owned(),
        None => {
            "How many images does the model still recognise when each has been altered to fool it?"
                .to_owned()
        }
    }
}
