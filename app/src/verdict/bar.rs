//! Judge, stop, save.

use leptos::prelude::*;
use squeeze_engine::config::distance;

use crate::controls::progress::Progress;
use crate::controls::task::{Task, TaskButtons};
use crate::format::duration;
use crate::state::device::DeviceView;
use crate::state::field::Field;
use crate::state::lab::{Asked, Lab};
use crate::state::phase::{Model, Phase, Trial};

const JUDGE: Task = Task {
    name: "judge",
    room: "#verdict",
    word: "Judge",
    asked: Asked::Judge,
    begin: Lab::judge,
    is_running: Phase::can_stop_evaluation,
};

/// What to do where the verdict is for another budget than the one that is set.
fn other_budget(lab: Lab) -> Option<String> {
    let set = lab
        .config
        .with(|config| (config.attack.norm, config.attack.epsilon));
    let judged = lab.judgement.with(|judgement| {
        let subject = judgement.as_ref().map(|judgement| &judgement.start.subject);
        subject.map(|subject| (subject.norm, subject.epsilon))
    })?;
    (judged != set).then(|| {
        format!(
            "This verdict is for ε = {} in {}; you have set {} in {}: judge again for that.",
            distance(judged.1),
            judged.0.symbol(),
            distance(set.1),
            set.0.symbol()
        )
    })
}

/// The bar of the room.
#[component]
pub fn JudgeBar() -> impl IntoView {
    let lab = Lab::get();
    let wrong = Memo::new(move |_| lab.to_mend(Field::is_of_evaluation));
    let starting = move || lab.asked.get() == Some(Asked::Judge);
    let line = Signal::derive(move || {
        let phase = lab.phase.get();
        match (phase.evaluation, phase.model) {
            _ if starting() => "Looking at the images without attack.".into(),
            _ if !phase.open => lab.device.with(DeviceView::waiting_line).into(),
            (Trial::Running, _) => lab.climbing.with(|climbing| {
                climbing.as_ref().map_or_else(
                    || "Looking at gradients and logits.".to_owned(),
                    |climbing| {
                        let place = lab.judgement.with(|judgement| {
                            judgement.as_ref().map_or_else(String::new, |judgement| {
                                let planned = judgement.start.attacks.max(judgement.begun);
                                format!(", attack {} of about {planned}", judgement.begun)
                            })
                        });
                        format!("{} is at work{place}.", climbing.name)
                    },
                )
            }),
            (_, Model::None) => "There is no model yet: train one above.".into(),
            (_, Model::Training) => {
                "Training is running. Pause it to judge the model as it stands.".into()
            }
            _ if phase.comparing => "Models are being compared: stop that first.".into(),
            _ if phase.can_stop_attack() => "An attack is running: stop that first.".into(),
            (Trial::Done | Trial::Known, _) if other_budget(lab).is_some() => {
                other_budget(lab).unwrap_or_default()
            }
            (Trial::Done, _) => lab.judgement.with(|judgement| {
                if judgement
                    .as_ref()
                    .is_some_and(|judgement| judgement.is_back)
                {
                    return "Stopped. The finished verdict from before is here again.".to_owned();
                }
                let report = judgement
                    .as_ref()
                    .and_then(|judgement| judgement.report.as_ref());
                report.map_or_else(String::new, |report| {
                    let word = if report.is_whole() { "Done" } else { "Stopped" };
                    format!("{word} after {}.", duration(report.seconds))
                })
            }),
            (Trial::Known, _) if lab.lacks_images() => {
                "This verdict came with the model. To make it anew, bring the data set (Train, Data)."
                    .into()
            }
            (Trial::Known, _) => {
                "This verdict came with the model. Judge makes it anew, as you look on.".into()
            }
            (Trial::None, _) if lab.lacks_images() => {
                "Judging takes test images: bring the data set (Train, Data).".into()
            }
            (Trial::None, _) => lab.named("is ready: judge it."),
        }
    });
    let share = Signal::derive(move || {
        if lab.phase.get().evaluation.is_over() {
            return 1.0;
        }
        let done = lab
            .climbing
            .with(|climbing| climbing.as_ref().map_or(0.0, |climbing| climbing.done));
        lab.judgement.with(|judgement| {
            judgement
                .as_ref()
                .map_or(0.0, |judgement| judgement.progress(done))
        })
    });
    let still = Signal::derive(move || lab.phase.get().evaluation != Trial::Running);
    view! {
        <div class="run-bar">
            <TaskButtons task=JUDGE wrong=wrong line=line>
                <button
                    type="button"
                    data-testid="save-report"
                    disabled=move || {
                        !lab.phase.get().evaluation.is_over() || lab.phase.get().busy()
                            || lab.asked.get().is_some()
                    }
                    on:click=move |_| lab.save_report()
                >
                    "Save report"
                </button>
            </TaskButtons>
            <Progress label="Attacks of the ladder" share=share still=still />
        </div>
    }
}
