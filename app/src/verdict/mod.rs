//! The third room: is the model robust, or only masked?

mod bar;
mod evidence;
mod figure;
mod form;
mod head;
mod ladder;
mod meaning;
mod signs;
mod surface;

use leptos::prelude::*;

use bar::JudgeBar;
use evidence::Evidence;
use form::JudgeForm;
use head::Head;
use ladder::Ladder;
use meaning::Meaning;
use signs::Signs;

use crate::state::lab::Lab;

/// The room.
#[component]
pub fn VerdictRoom() -> impl IntoView {
    let lab = Lab::get();
    let begun = Memo::new(move |_| lab.judgement.with(Option::is_some));
    view! {
        <section
            class="room"
            id="verdict"
            class:begun=move || begun.get()
            aria-labelledby="verdict-title"
        >
            <div class="room-head">
                <h2 id="verdict-title">"Verdict"</h2>
                <p>
                    "Robust, or only masked? One attack cannot tell: it may fail because the model \
                     holds, or because the model hides the way. A ladder of attacks can, from weak to \
                     strong, with gradients and without."
                </p>
            </div>
            <JudgeForm />
            <div class="bench">
                <JudgeBar />
                <Show
                    when=move || begun.get()
                    fallback=move || {
                        view! {
                            <p class="empty">
                                "A ladder of attacks tries the first images of the test set. Here you see \
                                 them fall, and what gives a mask away."
                            </p>
                        }
                    }
                >
                    <Head />
                    <Meaning />
                    <div class="climb">
                        <Ladder />
                        <Signs />
                    </div>
                    <Evidence />
                </Show>
            </div>
        </section>
    }
}
