//! The loss around an image: a surface that the visitor turns, or the same from above.

use leptos::ev::{KeyboardEvent, PointerEvent};
use leptos::html::Div;
use leptos::prelude::*;
use squeeze_engine::verdict::plot::Figure;
use squeeze_engine::verdict::plot::relief::{View, draw};
use squeeze_engine::verdict::report::Surface;

use crate::verdict::figure::framed;

/// Degrees that a pixel of a drag turns.
const DRAG: f64 = 0.5;

/// Degrees that an arrow key turns.
const KEY: f64 = 10.0;

/// The loss around an image. It turns with a drag and with the arrow keys, and never by itself.
#[component]
pub fn SurfaceView(
    /// The losses.
    surface: Surface,
    /// Its plot from a side, for the words.
    relief: Figure,
    /// Its plot from above.
    map: Figure,
) -> impl IntoView {
    let frame = NodeRef::<Div>::new();
    let seen_from = RwSignal::new(View::START);
    let from_above = RwSignal::new(false);
    // Where the pointer that holds it was last.
    let held = RwSignal::new(None::<(f64, f64)>);
    let words = [&relief, &map].map(|figure| (figure.honest, figure.masked));
    let words = Signal::derive(move || words[usize::from(from_above.get())]);
    let drawing = move || {
        if from_above.get() {
            map.svg.clone()
        } else {
            // A surface that has a plot has one from everywhere.
            draw(&surface, seen_from.get()).unwrap_or_default()
        }
    };
    let place = |event: &PointerEvent| (f64::from(event.client_x()), f64::from(event.client_y()));
    let take = move |event: PointerEvent| {
        if from_above.get_untracked() || event.button() != 0 {
            return;
        }
        if let Some(frame) = frame.get_untracked() {
            // Without it a drag ends at the frame's edge, and nothing else is lost.
            let _ = frame.set_pointer_capture(event.pointer_id());
        }
        held.set(Some(place(&event)));
    };
    let pull = move |event: PointerEvent| {
        let (Some(before), false) = (held.get_untracked(), from_above.get_untracked()) else {
            return;
        };
        if event.buttons() == 0 {
            // Let go of where the page does not hear it.
            held.set(None);
            return;
        }
        let now = place(&event);
        held.set(Some(now));
        seen_from.update(|view| *view = dragged(*view, now.0 - before.0, now.1 - before.1));
    };
    let press = move |event: KeyboardEvent| {
        if from_above.get_untracked() {
            return;
        }
        if let Some(turned) = pressed(seen_from.get_untracked(), &event.key()) {
            event.prevent_default();
            seen_from.set(turned);
        }
    };
    let choice = move |above: bool, word: &'static str, test_id: &'static str| {
        view! {
            <button
                type="button"
                data-testid=test_id
                aria-pressed=move || (from_above.get() == above).to_string()
                on:click=move |_| from_above.set(above)
            >
                {word}
            </button>
        }
    };
    let body = view! {
        <div class="surface-choice" role="group" aria-label="Seen">
            {choice(false, "Surface", "surface-relief")}
            {choice(true, "Contours", "surface-contours")}
        </div>
        <div
            class="surface-frame"
            class:turns=move || !from_above.get()
            class:held=move || held.get().is_some()
            data-testid="surface"
            node_ref=frame
            tabindex="0"
            role="group"
            aria-label=move || {
                if from_above.get() {
                    "Loss around an image, from above"
                } else {
                    "Loss around an image. The arrow keys turn it, Home turns it back."
                }
            }
            inner_html=drawing
            on:pointerdown=take
            on:pointermove=pull
            on:pointerup=move |_| held.set(None)
            on:pointercancel=move |_| held.set(None)
            on:keydown=press
        ></div>
        <p class="surface-hint" class:off=move || from_above.get()>
            "Drag it, or use the arrow keys."
        </p>
    };
    framed(relief, words, body)
}

/// What is near follows the pointer.
fn dragged(view: View, right: f64, down: f64) -> View {
    view.turned(-DRAG * right, DRAG * down)
}

/// The view after a key; nothing for a key that does not turn.
fn pressed(view: View, key: &str) -> Option<View> {
    Some(match key {
        "ArrowLeft" => view.turned(KEY, 0.0),
        "ArrowRight" => view.turned(-KEY, 0.0),
        "ArrowUp" => view.turned(0.0, KEY),
        "ArrowDown" => view.turned(0.0, -KEY),
        "Home" => View::START,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_turn_and_turn_back() {
        let right = pressed(View::START, "ArrowRight");
        assert_eq!(right.map(|view| view.yaw), Some(View::START.yaw - KEY));
        assert_eq!(
            right.and_then(|view| pressed(view, "ArrowLeft")),
            Some(View::START)
        );
        let up = pressed(View::START, "ArrowUp");
        assert_eq!(up.map(|view| view.pitch), Some(View::START.pitch + KEY));
        assert_eq!(up.and_then(|view| pressed(view, "Home")), Some(View::START));
        assert_eq!(pressed(View::START, "Tab"), None);
    }

    #[test]
    fn a_drag_turns_like_the_key_of_its_direction() {
        let dragged = dragged(View::START, KEY / DRAG, 0.0);
        assert_eq!(pressed(View::START, "ArrowRight"), Some(dragged));
    }
}
