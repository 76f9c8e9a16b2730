//! The verdict in a word, the three numbers, and why.

use leptos::prelude::*;
use squeeze_engine::config::{Norm, distance};
use squeeze_engine::verdict::interval::in_words;
use squeeze_engine::verdict::report::{Verdict, usual};

use crate::format::{count, percent};
use crate::state::judgement::Judgement;
use crate::state::lab::Lab;
use crate::words::effort_title;

/// The word, the numbers, the reasons.
#[component]
pub fn Head() -> impl IntoView {
    let lab = Lab::get();
    let verdict = Memo::new(move |_| {
        with(lab, |judgement| {
            judgement.report.as_ref().map(|report| report.verdict)
        })
        .flatten()
    });
    let meaning = move || {
        with(lab, |judgement| {
            judgement.report.as_ref().map(|report| report.meaning())
        })
        .flatten()
        .unwrap_or_else(|| "The ladder is being climbed.".to_owned())
    };
    // A share, and how many images it was measured on, in words.
    let told = move |read: fn(&Judgement) -> Option<f64>, words: fn(f64, usize) -> String| {
        Memo::new(move |_| {
            with(lab, |judgement| {
                read(judgement).map(|share| words(share, judgement.start.subject.images))
            })
            .flatten()
        })
    };
    let number = move |read| {
        let text = told(read, percent);
        move || text.get().unwrap_or_else(|| "–".to_owned())
    };
    // Beside each number how far that of all images may be from it.
    let sure = move |read| {
        let text = told(read, in_words);
        move || text.get().unwrap_or_default()
    };
    let reasons = move || {
        with(lab, |judgement| {
            let report = judgement.report.as_ref()?;
            // The first one says the numbers again.
            Some(report.reasons.iter().skip(1).cloned().collect::<Vec<_>>())
        })
        .flatten()
        .unwrap_or_default()
    };
    let usual_name = move || {
        let name = with(lab, |judgement| {
            usual(&judgement.rungs).map(|rung| rung.name.clone())
        });
        match name.flatten() {
            Some(name) => format!("under the usual attack, {name}"),
            None => "under the usual attack".to_owned(),
        }
    };
    view! {
        <div class="judgement" id="judgement">
            <div class="judgement-word">
                <p
                    class=move || format!("word {}", verdict.get().map_or("open", class))
                    data-testid="verdict"
                    aria-live="polite"
                >
                    {move || verdict.get().map_or_else(|| "Not yet known".to_owned(), Verdict::heading)}
                </p>
                <p class="word-means">
                    {meaning}
                </p>
            </div>
            <dl class="numbers large three">
                <div>
                    <dt>"Clean accuracy"</dt>
                    <dd data-testid="judged-clean">
                        {number(|judgement| Some(judgement.start.clean_accuracy))}
                    </dd>
                    <dd class="note">"without attack"</dd>
                    <dd class="note">{sure(|judgement| Some(judgement.start.clean_accuracy))}</dd>
                </div>
                <div>
                    <dt>"It looks like"</dt>
                    <dd data-testid="judged-apparent">{number(Judgement::apparent)}</dd>
                    <dd class="note">{usual_name}</dd>
                    <dd class="note">{sure(Judgement::apparent)}</dd>
                </div>
                <div class="robust">
                    <dt>"It is at most"</dt>
                    <dd data-testid="judged-robust">
                        {number(|judgement| Some(judgement.standing()))}
                    </dd>
                    <dd class="note">"under everything tried"</dd>
                    <dd class="note">{sure(|judgement| Some(judgement.standing()))}</dd>
                </div>
            </dl>
            <p class="judged-what" data-testid="judged-what">
                {move || with(lab, |judgement| subject(lab, judgement))}
            </p>
            <ul class="reasons" data-testid="reasons">
                {move || {
                    reasons().into_iter().map(|reason| view! { <li>{reason}</li> }).collect_view()
                }}
            </ul>
        </div>
    }
}

pub(super) fn with<T>(lab: Lab, read: impl FnOnce(&Judgement) -> T) -> Option<T> {
    lab.judgement.with(|judgement| judgement.as_ref().map(read))
}

fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Robust => "good",
        Verdict::Masked | Verdict::NotRobust => "bad",
        Verdict::Undecided => "open",
    }
}

/// What was judged, and how, in a line.
fn subject(lab: Lab, judgement: &Judgement) -> String {
    let subject = &judgement.start.subject;
    let steps = subject
        .step
        .map_or_else(String::new, |step| format!(" after {} steps", count(step)));
    let moved = match subject.norm {
        Norm::Linf => "each pixel",
        Norm::L2 => "the whole image (l₂)",
    };
    let name = lab.model_name();
    let name = name.map_or_else(String::new, |name| format!("“{name}”: "));
    format!(
        "{name}{}{steps}, {}; {moved} by at most {}; {} test images; {}",
        subject.network,
        subject.training,
        distance(subject.epsilon),
        count(subject.images),
        effort_title(subject.effort).to_lowercase(),
    )
}
