//! The engine in a web worker: commands come in as messages, events go out as messages.
//!
//! Commands are carried out one after the other; those that steer what runs at the moment (pause,
//! stop) take effect at once, at its next edge. Files come as references and are read when the turn of
//! their command comes.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use js_sys::{Array, Object, Reflect, Uint8Array, WebAssembly};
use squeeze_engine::choice::DeviceWish;
use squeeze_engine::data::{DataFile, mnist};
use squeeze_engine::event::{AttackFrame, Event};
use squeeze_engine::limits;
use squeeze_engine::protocol::{Command, FILES, READY, Rival, SHEET};
use squeeze_engine::run::{Folder, StoreError};
use squeeze_engine::session::{Opponent, Session, steer};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{DedicatedWorkerGlobalScope, File, ImageBitmap, MessageEvent, Response};

/// Least time between two reports of how far the reading of files has come.
const CADENCE_MS: f64 = 90.0;

/// Takes a drawn sheet by its number, once.
pub type TakeSheet = fn(u32) -> Option<ImageBitmap>;

/// A command whose turn has not come yet.
struct Waiting {
    command: Command,
    files: Vec<Reference>,
}

/// A file of the visitor's, not read yet.
struct Reference {
    path: String,
    file: File,
}

/// Serves a [`Session`] to the page for as long as the worker lives.
///
/// `with_software` and `without` are the wishes to open the device with, when the visitor accepts a
/// software adapter and when not. `take` has the sheets that are drawn, by their numbers.
pub fn serve(with_software: DeviceWish, without: DeviceWish, take: TakeSheet) {
    console_error_panic_hook::set_once();
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let session = Session::default();
    let control = session.control();
    // Empty while the session is at work: one task at a time has it.
    let idle = Rc::new(Cell::new(Some(session)));
    let waiting = Rc::new(RefCell::new(VecDeque::new()));

    let answers = scope.clone();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
        let data = message.data();
        let files = take_files(&data);
        let command: Command = match serde_wasm_bindgen::from_value(data) {
            Ok(command) => command,
            Err(error) => {
                let message = format!("the worker does not understand a command: {error}");
                post(&answers, &Event::Failed { message });
                return;
            }
        };
        let Some(command) = steer(&control, command) else {
            return;
        };
        waiting.borrow_mut().push_back(Waiting { command, files });
        let Some(mut session) = idle.take() else {
            return;
        };
        let (answers, idle, waiting) = (answers.clone(), idle.clone(), waiting.clone());
        spawn_local(async move {
            loop {
                let next = waiting.borrow_mut().pop_front();
                let Some(Waiting { command, files }) = next else {
                    break;
                };
                let mut emit = |event: Event| match &event {
                    Event::AttackFrame(AttackFrame {
                        sheet: Some(number),
                        ..
                    }) => post_with(&answers, &event, take(*number)),
                    _ => post(&answers, &event),
                };
                let done = match command {
                    Command::Open {
                        allow_software,
                        drawing,
                        mnist_url,
                    } => {
                        session.draw(drawing);
                        let wish = if allow_software {
                            with_software
                        } else {
                            without
                        };
                        open(&mut session, wish, &mnist_url, &mut emit).await
                    }
                    Command::OpenModel { name, url } => {
                        open_model(&mut session, name, &url, &mut emit).await
                    }
                    Command::Compare {
                        config,
                        pixels,
                        label,
                        rivals,
                    } => {
                        session.begin();
                        match fetch_all(rivals).await {
                            Ok(opponents) => {
                                let image = (&pixels[..], label);
                                session.compare(&config, image, opponents, &mut emit).await
                            }
                            Err(message) => Err(message),
                        }
                    }
                    other => match read_all(files, &mut emit).await {
                        Ok(files) => session.handle(other, files, &mut emit).await,
                        Err(message) => Err(message),
                    },
                };
                if let Err(message) = done {
                    let event = if session.is_lost().await {
                        Event::DeviceLost {
                            message,
                            memory_full: limits::is_memory_full(),
                        }
                    } else {
                        Event::Failed { message }
                    };
                    post(&answers, &event);
                }
            }
            idle.set(Some(session));
        });
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // The handler lives as long as the worker.
    on_message.forget();
    report_rejections(&scope);
    // A string can always be posted.
    let _ = scope.post_message(&JsValue::from_str(READY));
}

async fn open(
    session: &mut Session,
    wish: DeviceWish,
    mnist_url: &str,
    emit: &mut dyn FnMut(Event),
) -> Result<(), String> {
    session.open(wish, emit).await?;
    let [a, b, c, d] = mnist::FILES.map(|name| format!("{mnist_url}{name}"));
    let files = [
        fetch(&a).await?,
        fetch(&b).await?,
        fetch(&c).await?,
        fetch(&d).await?,
    ];
    session.load_mnist(&files, emit)?;
    // A page that can store nothing still trains.
    if let Err(message) = store(session, emit).await {
        emit(Event::Warning { message });
    }
    Ok(())
}

async fn open_model(
    session: &mut Session,
    name: String,
    url: &str,
    emit: &mut dyn FnMut(Event),
) -> Result<(), String> {
    let (config, weights) = fetch_model(url).await?;
    let report = fetch(&format!("{url}.report.json")).await?;
    session
        .open_model(name, &config, &weights, Some(&report), emit)
        .await
}

/// Config and weights of a model that lies ready.
async fn fetch_model(url: &str) -> Result<(String, Vec<u8>), String> {
    let config = fetch(&format!("{url}.toml")).await?;
    let weights = fetch(&format!("{url}.safetensors")).await?;
    Ok((String::from_utf8_lossy(&config).into_owned(), weights))
}

/// The models that are compared, as the session takes them.
async fn fetch_all(rivals: Vec<Rival>) -> Result<Vec<Opponent>, String> {
    let mut opponents = Vec::with_capacity(rivals.len());
    for rival in rivals {
        opponents.push(match rival {
            Rival::Ready { name, url } => {
                let (config, weights) = fetch_model(&url).await?;
                Opponent::Given {
                    name,
                    config,
                    weights,
                }
            }
            Rival::Stored { id } => Opponent::Stored { id },
        });
    }
    Ok(opponents)
}

/// Stores runs in this browser from now on.
async fn store(session: &mut Session, emit: &mut dyn FnMut(Event)) -> Result<(), String> {
    let text = |error: StoreError| format!("runs cannot be stored in this browser: {error}");
    let root = Folder::root().await.map_err(text)?;
    let runs = root.folder("runs").await.map_err(text)?;
    session.store_in(runs, emit).await
}

async fn fetch(url: &str) -> Result<Vec<u8>, String> {
    let failed = |why: &str| {
        format!("{url} cannot be loaded ({why}); check the connection and reload the page")
    };
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let response: Response = JsFuture::from(scope.fetch_with_str(url))
        .await
        .map_err(|_| failed("no answer"))?
        .unchecked_into();
    if !response.ok() {
        return Err(failed(&format!("status {}", response.status())));
    }
    let body = response.array_buffer().map_err(|_| failed("no body"))?;
    let buffer = JsFuture::from(body)
        .await
        .map_err(|_| failed("the download broke off"))?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

/// Takes the files out of a message, so that what is left is the command alone.
fn take_files(message: &JsValue) -> Vec<Reference> {
    let get = |of: &JsValue, name: &str| Reflect::get(of, &name.into()).ok();
    let Some(list) = get(message, FILES).and_then(|list| list.dyn_into::<Array>().ok()) else {
        return Vec::new();
    };
    if let Some(message) = message.dyn_ref::<Object>() {
        // The message is a copy of this worker's own; nothing in it is locked.
        let _ = Reflect::delete_property(message, &FILES.into());
    }
    list.iter()
        .filter_map(|entry| {
            Some(Reference {
                path: get(&entry, "path")?.as_string()?,
                file: get(&entry, "file")?.dyn_into().ok()?,
            })
        })
        .collect()
}

/// Reads files, one after the other: what is in memory twice is one file and not all of them.
async fn read_all(
    files: Vec<Reference>,
    emit: &mut dyn FnMut(Event),
) -> Result<Vec<DataFile>, String> {
    let total = files.iter().map(|file| file.file.size() as usize).sum();
    let mut done = 0;
    let mut told_ms = js_sys::Date::now();
    let mut read = Vec::with_capacity(files.len());
    for Reference { path, file } in files {
        let unreadable = |_| {
            format!(
                "“{path}” cannot be read: it may have been moved, or belong to somebody else. Choose \
                 the files again"
            )
        };
        let buffer = JsFuture::from(file.array_buffer())
            .await
            .map_err(unreadable)?;
        let bytes = Uint8Array::new(&buffer).to_vec();
        done += bytes.len();
        read.push(DataFile { name: path, bytes });
        let now_ms = js_sys::Date::now();
        if now_ms - told_ms > CADENCE_MS {
            told_ms = now_ms;
            emit(Event::DataProgress { done, total });
        }
    }
    Ok(read)
}

/// Passes on what went wrong in a promise that nobody waited for, so that nothing fails in silence.
fn report_rejections(scope: &DedicatedWorkerGlobalScope) {
    let answers = scope.clone();
    let on_rejection = Closure::<dyn FnMut(web_sys::Event)>::new(move |event: web_sys::Event| {
        let reason = Reflect::get(&event, &"reason".into()).unwrap_or(JsValue::UNDEFINED);
        let said = match reason.dyn_ref::<js_sys::Error>() {
            Some(error) => String::from(error.message()),
            None => reason.as_string().unwrap_or_else(|| format!("{reason:?}")),
        };
        if reason.is_instance_of::<WebAssembly::RuntimeError>() {
            // The engine itself broke down, and its session is gone with the task that had it. Thrown
            // where the page hears it, which then offers to start again.
            wasm_bindgen::throw_val(reason);
        }
        let message = format!("something went wrong in the engine: {said}");
        post(&answers, &Event::Failed { message });
    });
    let listening = scope.add_event_listener_with_callback(
        "unhandledrejection",
        on_rejection.as_ref().unchecked_ref(),
    );
    if let Err(error) = listening {
        // A worker's scope takes any listener; if not, that is a fault of this program.
        wasm_bindgen::throw_val(error);
    }
    // The handler lives as long as the worker.
    on_rejection.forget();
}

fn post(scope: &DedicatedWorkerGlobalScope, event: &Event) {
    post_with(scope, event, None);
}

/// Posts an event and hands over the sheet that belongs to it.
fn post_with(scope: &DedicatedWorkerGlobalScope, event: &Event, sheet: Option<ImageBitmap>) {
    let posted = serde_wasm_bindgen::to_value(event)
        .map_err(JsValue::from)
        .and_then(|value| match sheet {
            None => scope.post_message(&value),
            Some(sheet) => {
                Reflect::set(&value, &SHEET.into(), &sheet)?;
                scope.post_message_with_transfer(&value, &Array::of1(&sheet))
            }
        });
    if let Err(error) = posted {
        // An event is plain data; if it cannot be posted, that is a fault of this program.
        wasm_bindgen::throw_val(error);
    }
}
