//! A picture by the camera.

use js_sys::{Array, Object, Promise, Reflect};
use leptos::html::Video;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::browser::focus::focus_soon;
use crate::browser::js::{call, get};
use crate::state::lab::Lab;

/// A button that opens the camera, and then what it sees and a button that takes it. The camera is off
/// again as soon as a picture is taken.
#[component]
pub fn Camera(
    /// Takes what a picture can be decoded from.
    taken: impl Fn(JsValue) + Copy + Send + Sync + 'static,
    /// There are no images for a model yet.
    disabled: Signal<bool>,
    /// What it shows can be seen: otherwise it goes off.
    #[prop(into)]
    in_sight: Signal<bool>,
) -> impl IntoView {
    let lab = Lab::get();
    let stream = RwSignal::new_local(None::<JsValue>);
    let opening = RwSignal::new(false);
    let video = NodeRef::<Video>::new();
    let is_on = Memo::new(move |_| stream.with(Option::is_some));
    Effect::new(move |_| {
        if let (Some(video), Some(stream)) = (video.get(), stream.get()) {
            // A property of every video element.
            let _ = Reflect::set(&video, &"srcObject".into(), &stream);
        }
    });
    let off = move || {
        if let Some(stream) = stream.try_update(Option::take).flatten() {
            let tracks = call(&stream, "getTracks", &[]).unwrap_or_default();
            for track in Array::from(&tracks) {
                // A track that has ended already does not mind.
                let _ = call(&track, "stop", &[]);
            }
        }
    };
    on_cleanup(off);
    Effect::new(move |_| {
        if !in_sight.get() {
            off();
        }
    });
    let on = move || {
        opening.set(true);
        spawn_local(async move {
            let opened = open().await;
            opening.set(false);
            match opened {
                Ok(opened) => {
                    stream.set(Some(opened));
                    if in_sight.get_untracked() {
                        focus_soon("camera-shoot");
                    } else {
                        off();
                    }
                }
                Err(reason) => lab.note(format!(
                    "The camera cannot be used ({reason}). Allow it in the browser’s settings for this \
                     page, or pick a picture."
                )),
            }
        });
    };
    let shoot = move || {
        let Some(video) = video.get_untracked() else {
            return;
        };
        spawn_local(async move {
            // The frame is taken before the camera goes off.
            let frame = call(&window(), "createImageBitmap", &[video.into()]);
            let frame = match frame.map(JsCast::dyn_into::<Promise>) {
                Ok(Ok(coming)) => JsFuture::from(coming).await,
                Ok(Err(error)) | Err(error) => Err(error),
            };
            match frame {
                Ok(frame) => {
                    off();
                    focus_soon("camera");
                    taken(frame);
                }
                Err(_) => lab.note("The camera shows nothing yet: try again in a moment."),
            }
        });
    };
    view! {
        <Show
            when=move || is_on.get()
            fallback=move || {
                view! {
                    <button
                        type="button"
                        id="camera"
                        data-testid="camera"
                        disabled=move || disabled.get() || opening.get()
                        on:click=move |_| on()
                    >
                        "Use the camera…"
                    </button>
                }
            }
        >
            <div class="camera">
                <video
                    node_ref=video
                    autoplay
                    muted
                    playsinline
                    data-testid="camera-view"
                    aria-label="What the camera sees"
                ></video>
                <button
                    type="button"
                    class="primary"
                    id="camera-shoot"
                    data-testid="camera-shoot"
                    on:click=move |_| shoot()
                >
                    "Take the picture"
                </button>
                <button
                    type="button"
                    class="quiet"
                    data-testid="camera-off"
                    on:click=move |_| {
                        off();
                        focus_soon("camera");
                    }
                >
                    "Camera off"
                </button>
            </div>
        </Show>
    }
}

/// Opens the camera, that at the back where there are two.
///
/// # Errors
/// What the browser says.
async fn open() -> Result<JsValue, String> {
    let devices = get(&get(&window(), "navigator"), "mediaDevices");
    if devices.is_undefined() {
        return Err("this browser has none to offer".to_owned());
    }
    let reason = |error: JsValue| {
        get(&error, "message")
            .as_string()
            .filter(|message| !message.is_empty())
            .unwrap_or_else(|| "it was refused".to_owned())
    };
    let (wish, side) = (Object::new(), Object::new());
    // Plain objects take any property.
    let _ = Reflect::set(&side, &"facingMode".into(), &"environment".into());
    let _ = Reflect::set(&wish, &"video".into(), &side);
    let coming = call(&devices, "getUserMedia", &[wish.into()]).map_err(reason)?;
    let coming: Promise = coming.dyn_into().map_err(reason)?;
    JsFuture::from(coming).await.map_err(reason)
}
