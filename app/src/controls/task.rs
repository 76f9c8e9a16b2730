//! The buttons that begin and end an attack or an evaluation, and a line about how it stands.

use leptos::prelude::*;

use crate::controls::link::LinkButton;
use crate::state::lab::{Asked, Lab};
use crate::state::phase::Phase;

/// What makes one of them differ from the other.
#[derive(Clone, Copy)]
pub struct Task {
    /// Stable name, for tests; that of the end has `-stop` behind it.
    pub name: &'static str,
    /// The room, as an anchor.
    pub room: &'static str,
    /// What the first button says.
    pub word: &'static str,
    /// The command of the first button.
    pub asked: Asked,
    /// Begins.
    pub begin: fn(Lab),
    /// It is running.
    pub is_running: fn(Phase) -> bool,
}

/// The buttons and the line.
#[component]
pub fn TaskButtons(
    /// Which.
    task: Task,
    /// What has to be mended first.
    wrong: Memo<Option<String>>,
    /// How it stands.
    #[prop(into)]
    line: Signal<String>,
    /// More buttons.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let lab = Lab::get();
    let starting = move || lab.asked.get() == Some(task.asked);
    let running = move || (task.is_running)(lab.phase.get());
    let stopping = move || lab.asked.get() == Some(Asked::Stop) && running();
    let line_id = format!("{}-line", task.name);
    view! {
        <div class="buttons">
            <button
                type="button"
                class="primary"
                data-testid=task.name
                aria-describedby=line_id.clone()
                disabled=move || {
                    !lab.phase.get().can_attack() || wrong.with(Option::is_some)
                        || lab.asked.get().is_some() || lab.lacks_images()
                }
                on:click=move |_| (task.begin)(lab)
            >
                {move || if starting() { "Starting…" } else { task.word }}
            </button>
            <button
                type="button"
                data-testid=format!("{}-stop", task.name)
                disabled=move || !running() || stopping()
                on:click=move |_| lab.stop()
            >
                {move || if stopping() { "Stopping…" } else { "Stop" }}
            </button>
            {children.map(|children| children())}
            <LinkButton test_id=format!("{}-link", task.name) room=task.room />
            <p class="run-line" id=line_id.clone() data-testid=line_id class:wrong=move || wrong.with(Option::is_some)>
                {move || wrong.get().unwrap_or_else(|| line.get())}
            </p>
        </div>
    }
}
