//! An image of the visitor's own: drawn, picked, or pasted.

use leptos::html::Canvas;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::{ev, html};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{File, PointerEvent};

use crate::attack::camera::Camera;
use crate::attack::card::class_name;
use crate::browser::breath::now_ms;
use crate::browser::{js, pixels, shrink};
use crate::files::pick::{Choice, PickButton};
use crate::files::picked::Picked;
use crate::format::confidence;
use crate::state::field::Field;
use crate::state::guess::Guess;
use crate::state::lab::{Asked, Lab};

/// The drawing's side, in its own pixels.
const SIDE: u32 = 280;
/// Width of the pen: what is left of it at 28 pixels is as thick as MNIST's lines.
const PEN: f64 = 24.0;

/// Least time between two looks at a drawing while the pen is down, in milliseconds.
const LOOK_MS: f64 = 120.0;

/// Where an image of one's own is made ready for an attack.
#[component]
pub fn OwnImage() -> impl IntoView {
    let lab = Lab::get();
    let shape = Memo::new(move |_| {
        lab.data
            .with(|data| data.as_ref().map(|data| data.image_shape))
    });
    let is_grey = Memo::new(move |_| matches!(shape.get(), Some([1, ..])));
    let free = Memo::new(move |_| lab.phase.get().open && lab.asked.get().is_none());
    let take = move |source: JsValue, name: String| {
        let Some(shape) = shape.get_untracked() else {
            return;
        };
        spawn_local(async move {
            match shrink::decode(&source, &name, shape).await {
                Ok(image) => lab.own.set(Some(image)),
                Err(sentence) => lab.note(sentence),
            }
        });
    };
    let take_file = move |file: File| {
        let name = file.name();
        take(file.into(), name);
    };
    let pasted = window_event_listener(ev::paste, move |event| {
        let files = js::get(&js::get(&event, "clipboardData"), "files");
        let first = js::call(&files, "item", &[0.into()]);
        if let Some(file) = first.ok().and_then(|file| file.dyn_into::<File>().ok()) {
            take_file(file);
        }
    });
    on_cleanup(move || pasted.remove());
    let preview = NodeRef::<Canvas>::new();
    Effect::new(move |_| {
        if let (Some(canvas), Some(shape)) = (preview.get(), shape.get()) {
            let count = shape.iter().product();
            let image = lab.own.get().unwrap_or_else(|| vec![0; count]);
            pixels::draw(&canvas, shape, &image);
        }
    });
    let ready = Memo::new(move |_| {
        lab.own.with(Option::is_some)
            && lab.phase.get().can_attack()
            && lab.asked.get().is_none()
            && lab.to_mend(Field::is_of_attack).is_none()
    });
    let classes = Memo::new(move |_| {
        lab.data.with(|data| {
            data.as_ref()
                .map_or_else(Vec::new, |data| data.classes.clone())
        })
    });
    let truth = RwSignal::new(None::<usize>);
    Effect::new(move |_| {
        // Those of other images are other classes.
        classes.track();
        truth.set(None);
    });
    let opened = RwSignal::new(false);
    // Then there is nothing else to attack.
    let lacks_images = Memo::new(move |_| lab.lacks_images());
    lab.keep_guessing();
    let guess = move || match lab.guess.with(Guess::first) {
        None => view! { "what the model sees" }.into_any(),
        Some((class, share)) => view! {
            "the model sees: "
            <b>{class_name(lab, class)}</b>
            ", "
            {confidence(share)}
        }
        .into_any(),
    };
    view! {
        <details
            class="group own-image"
            data-testid="own-image"
            prop:open=move || lacks_images.get()
            on:toggle=move |event| opened.set(js::get(&event_target::<JsValue>(&event), "open").is_truthy())
        >
            <summary>
                <span class="group-title">"An image of your own"</span>
                <span class="group-summary">
                    {move || if is_grey.get() { "draw, pick, photograph or paste one" } else { "pick, photograph or paste one" }}
                </span>
            </summary>
            <div class="group-body own-body">
                <Show when=move || is_grey.get()>
                    <Pad />
                </Show>
                <figure>
                    <canvas
                        node_ref=preview
                        width="28"
                        height="28"
                        role="img"
                        aria-label="What the model sees of it"
                        data-testid="own-preview"
                    ></canvas>
                    <figcaption>
                        <span role="status" data-testid="own-guess">
                            {guess}
                        </span>
                    </figcaption>
                </figure>
                <div class="own-ways">
                    <PickButton
                        label="Pick a picture…"
                        test_id="own-file"
                        choice=Choice::File
                        accept="image/*"
                        disabled=Signal::derive(move || !free.get())
                        picked={move |files: Vec<Picked>| {
                            if let Some(picked) = files.into_iter().next() {
                                take_file(picked.file);
                            }
                        }}
                    />
                    <Camera
                        taken=move |frame| take(frame, "The picture".to_owned())
                        disabled=Signal::derive(move || !free.get())
                        in_sight=opened
                    />
                    <p class="hint">
                        "The middle of it is cut out and shrunk"
                        {move || if is_grey.get() { "; dark writing on paper is turned to light on black" } else { "" }}
                        ". It stays on this device."
                    </p>
                    <div class="field">
                        <label for="own-truth">"It shows"</label>
                        <select
                            id="own-truth"
                            data-testid="own-truth"
                            prop:value=move || truth.get().map_or_else(String::new, |class| class.to_string())
                            on:change=move |event| truth.set(event_target_value(&event).parse().ok())
                        >
                            <option value="">"what the model takes it for"</option>
                            {move || {
                                classes
                                    .get()
                                    .into_iter()
                                    .enumerate()
                                    .map(|(class, name)| {
                                        html::option().value(class.to_string()).child(name)
                                    })
                                    .collect_view()
                            }}
                        </select>
                    </div>
                    <button
                        type="button"
                        class="primary"
                        data-testid="own-attack"
                        disabled=move || !ready.get()
                        on:click=move |_| lab.attack_own(truth.get_untracked())
                    >
                        {move || {
                            if lab.asked.get() == Some(Asked::Attack) {
                                "Starting…"
                            } else {
                                "Attack this image"
                            }
                        }}
                    </button>
                </div>
            </div>
        </details>
    }
}

/// Where a digit is drawn.
#[component]
fn Pad() -> impl IntoView {
    let lab = Lab::get();
    let canvas = NodeRef::<Canvas>::new();
    let last = StoredValue::new(None::<(f64, f64)>);
    let clear = move || {
        if let Some(context) = canvas
            .get_untracked()
            .and_then(|canvas| shrink::context(&canvas).ok())
        {
            context.set_fill_style_str("#000");
            context.fill_rect(0.0, 0.0, SIDE.into(), SIDE.into());
        }
    };
    Effect::new(move |_| {
        if canvas.get().is_some() {
            clear();
        }
    });
    // Where the pointer is in the drawing's own pixels, whatever size the style sheet gives it.
    let place = move |event: &PointerEvent| {
        let canvas = canvas.get_untracked()?;
        let scale = f64::from(SIDE) / f64::from(canvas.client_width().max(1));
        Some((
            f64::from(event.offset_x()) * scale,
            f64::from(event.offset_y()) * scale,
        ))
    };
    let stroke = move |from: (f64, f64), to: (f64, f64)| {
        if let Some(context) = canvas
            .get_untracked()
            .and_then(|canvas| shrink::context(&canvas).ok())
        {
            context.set_stroke_style_str("#fff");
            context.set_line_width(PEN);
            context.set_line_cap("round");
            context.begin_path();
            context.move_to(from.0, from.1);
            context.line_to(to.0, to.1);
            context.stroke();
        }
    };
    let down = move |event: PointerEvent| {
        if event.button() != 0 {
            return;
        }
        event.prevent_default();
        if let Some(canvas) = canvas.get_untracked() {
            // Without it a line only ends at the canvas's edge.
            let _ = canvas.set_pointer_capture(event.pointer_id());
        }
        if let Some(at) = place(&event) {
            stroke(at, at);
            last.set_value(Some(at));
        }
    };
    let looked_ms = StoredValue::new(0.0);
    let look = move || {
        looked_ms.set_value(now_ms());
        let shape = lab
            .data
            .with_untracked(|data| data.as_ref().map(|data| data.image_shape));
        if let (Some(canvas), Some(shape)) = (canvas.get_untracked(), shape) {
            lab.own.set(shrink::digit(&canvas, shape));
        }
    };
    let drag = move |event: PointerEvent| {
        if let (Some(from), Some(to)) = (last.get_value(), place(&event)) {
            stroke(from, to);
            last.set_value(Some(to));
            if now_ms() - looked_ms.get_value() > LOOK_MS {
                look();
            }
        }
    };
    let up = move |_: PointerEvent| {
        if last.get_value().is_some() {
            last.set_value(None);
            look();
        }
    };
    view! {
        <figure>
            <canvas
                class="pad"
                node_ref=canvas
                width=SIDE
                height=SIDE
                role="img"
                aria-label="Draw here with a mouse, a pen or a finger"
                data-testid="pad"
                on:pointerdown=down
                on:pointermove=drag
                on:pointerup=up
                on:pointercancel=up
            ></canvas>
            <figcaption>
                "draw here "
                <button
                    type="button"
                    data-testid="pad-clear"
                    on:click=move |_| {
                        clear();
                        lab.own.set(None);
                    }
                >
                    "Clear"
                </button>
            </figcaption>
        </figure>
    }
}
