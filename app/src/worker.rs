//! The engine in a web worker: commands come in as messages, events go out as messages.
//!
//! Commands are carried out one after the other; those that steer what runs at the moment (pause,
//! stop) take effect at once, at its next edge.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use js_sys::Uint8Array;
use squeeze_engine::choice::DeviceWish;
use squeeze_engine::data::mnist;
use squeeze_engine::event::Event;
use squeeze_engine::protocol::{Command, READY};
use squeeze_engine::session::{Session, steer};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent, Response};

/// Serves a [`Session`] to the page for as long as the worker lives.
///
/// `with_software` and `without` are the wishes to open the device with, when the visitor accepts a
/// software adapter and when not.
pub fn serve(with_software: DeviceWish, without: DeviceWish) {
    console_error_panic_hook::set_once();
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let session = Session::default();
    let control = session.control();
    // Empty while the session is at work: one task at a time has it.
    let idle = Rc::new(Cell::new(Some(session)));
    let waiting = Rc::new(RefCell::new(VecDeque::new()));

    let answers = scope.clone();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
        let command: Command = match serde_wasm_bindgen::from_value(message.data()) {
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
        waiting.borrow_mut().push_back(command);
        let Some(mut session) = idle.take() else {
            return;
        };
        let (answers, idle, waiting) = (answers.clone(), idle.clone(), waiting.clone());
        spawn_local(async move {
            loop {
                let next = waiting.borrow_mut().pop_front();
                let Some(command) = next else {
                    break;
                };
                let mut emit = |event: Event| post(&answers, &event);
                let done = match command {
                    Command::Open {
                        allow_software,
                        mnist_url,
                    } => {
                        let wish = if allow_software {
                            with_software
                        } else {
                            without
                        };
                        open(&mut session, wish, &mnist_url, &mut emit).await
                    }
                    other => session.handle(other, &mut emit).await,
                };
                if let Err(message) = done {
                    post(&answers, &Event::Failed { message });
                }
            }
            idle.set(Some(session));
        });
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // The handler lives as long as the worker.
    on_message.forget();
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
    session.load(&files, emit)
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

fn post(scope: &DedicatedWorkerGlobalScope, event: &Event) {
    let posted = serde_wasm_bindgen::to_value(event)
        .map_err(JsValue::from)
        .and_then(|value| scope.post_message(&value));
    if let Err(error) = posted {
        // An event is plain data; if it cannot be posted, that is a fault of this program.
        wasm_bindgen::throw_val(error);
    }
}
