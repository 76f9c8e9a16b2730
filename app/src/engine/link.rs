//! [`Link`]: one running worker, spoken to in commands and heard in events.

use js_sys::{Array, Object, Reflect};
use squeeze_engine::event::{DeviceKind, Event};
use squeeze_engine::protocol::{Command, FILES, READY, SHEET};
use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

use crate::browser::sheets;
use crate::files::picked::Picked;

/// Something heard from a worker.
pub enum Heard {
    /// It listens now; what was sent before is lost.
    Ready,
    /// The engine reports.
    Event(Box<Event>),
    /// It did not load, or broke down. The sentence says which, in plain words.
    Broken(String),
}

/// A running worker. Dropping it ends the worker.
pub struct Link {
    worker: Worker,
    // Held so that JavaScript may call them for as long as the worker lives.
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(web_sys::Event)>,
}

impl Link {
    /// Starts the worker for that device and passes on what it says.
    ///
    /// # Errors
    /// A sentence, if the browser refuses to start a worker.
    pub fn start(kind: DeviceKind, hear: impl Fn(Heard) + Clone + 'static) -> Result<Self, String> {
        let script = format!("./{}_loader.js", worker_name(kind));
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(&script, &options).map_err(|error| {
            format!("This browser did not start the engine: {}.", spoken(&error))
        })?;

        let tell = hear.clone();
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
            let data = message.data();
            if data.as_string().as_deref() == Some(READY) {
                tell(Heard::Ready);
                return;
            }
            let sheet = sheets::take_out(&data, SHEET);
            tell(match serde_wasm_bindgen::from_value(data) {
                Ok(mut event) => {
                    if let Event::AttackFrame(frame) = &mut event {
                        // The worker's numbers begin anew with each worker.
                        frame.sheet = sheet.map(sheets::keep);
                    }
                    Heard::Event(Box::new(event))
                }
                Err(error) => Heard::Broken(format!(
                    "The engine said something that this page does not understand ({error}). The \
                     page and the engine may be of different versions: reload the page."
                )),
            });
        });
        let on_error = Closure::<dyn FnMut(web_sys::Event)>::new(move |event: web_sys::Event| {
            // A script that does not load gives a bare event; one that breaks says how.
            let message = event
                .dyn_ref::<ErrorEvent>()
                .map(ErrorEvent::message)
                .filter(|message| !message.is_empty());
            hear(Heard::Broken(match message {
                // Chromium's and Firefox's words for a file that breaks off.
                Some(message) if message.to_lowercase().contains("network") => {
                    format!("The engine could not be loaded ({message}). Check the connection.")
                }
                Some(message) => {
                    format!("The engine broke down: {}.", message.trim_end_matches('.'))
                }
                None => "The engine could not be loaded. Check the connection.".to_owned(),
            }));
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self {
            worker,
            _on_message: on_message,
            _on_error: on_error,
        })
    }

    /// Sends a command, with the files that belong to it.
    ///
    /// # Errors
    /// A sentence, if the command cannot be passed on.
    pub fn send(&self, command: &Command, files: &[Picked]) -> Result<(), String> {
        let said = |error: String| format!("The engine could not be told: {error}.");
        let value =
            serde_wasm_bindgen::to_value(command).map_err(|error| said(error.to_string()))?;
        if !files.is_empty() {
            set(&value, FILES, &files.iter().map(listed).collect::<Array>())
                .map_err(|error| said(spoken(&error)))?;
        }
        self.worker
            .post_message(&value)
            .map_err(|error| said(spoken(&error)))
    }
}

/// How the names of the worker's files for a device begin.
pub fn worker_name(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Gpu => "worker_gpu",
        DeviceKind::Cpu => "worker_cpu",
    }
}

/// A file as the worker finds it in a message. The file itself is not read: it goes as a reference.
fn listed(picked: &Picked) -> JsValue {
    let entry = Object::new();
    for (name, value) in [
        ("path", JsValue::from_str(&picked.path)),
        ("file", JsValue::from(&picked.file)),
    ] {
        // A plain object takes any property.
        let _ = set(&entry, name, &value);
    }
    entry.into()
}

fn set(of: &JsValue, name: &str, value: &JsValue) -> Result<bool, JsValue> {
    Reflect::set(of, &name.into(), value)
}

impl Drop for Link {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

fn spoken(error: &JsValue) -> String {
    error.dyn_ref::<js_sys::Error>().map_or_else(
        || format!("{error:?}"),
        |error| String::from(error.message()),
    )
}
