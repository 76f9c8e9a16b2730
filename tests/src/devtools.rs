//! A connection to Chromium over its DevTools protocol: calls, answers and events as JSON.
//!
//! It goes through two pipes instead of a socket: nothing listens, and when this process ends, however
//! it ends, the pipes close and Chromium ends too.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

/// How long an answer may take: software rendering on few cores is slow.
const ANSWER_LIMIT: Duration = Duration::from_secs(120);

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub enum DevToolsError {
    /// Chromium answered with an error.
    #[error("{method}: {message}")]
    Refused {
        /// The call.
        method: String,
        /// What Chromium said.
        message: String,
    },
    /// Chromium did not answer.
    #[error("{method}: no answer from the browser within {} s", ANSWER_LIMIT.as_secs())]
    Silent {
        /// The call.
        method: String,
    },
    /// Chromium is gone.
    #[error("{method}: the browser has ended")]
    Gone {
        /// The call.
        method: String,
    },
}

/// Something that Chromium reported by itself.
#[derive(Clone, Debug)]
pub struct Event {
    /// The session it belongs to; empty for the browser's own.
    pub session: String,
    /// Its name.
    pub method: String,
    /// Its content.
    pub params: Value,
}

type Answers = HashMap<u64, Sender<Result<Value, String>>>;
type Writer = Box<dyn Write + Send>;

/// The connection. Cheap to clone; all clones are the same one.
#[derive(Clone)]
pub struct DevTools {
    writer: Arc<Mutex<Writer>>,
    answers: Arc<Mutex<Answers>>,
    next_id: Arc<AtomicU64>,
}

impl DevTools {
    /// Talks through the two pipes; `on_event` is called for each event, on the reading thread, where
    /// it must not wait for an answer.
    pub fn new(
        writer: impl Write + Send + 'static,
        reader: impl Read + Send + 'static,
        on_event: impl Fn(&DevTools, Event) + Send + 'static,
    ) -> Self {
        let connection = Self {
            writer: Arc::new(Mutex::new(Box::new(writer))),
            answers: Arc::default(),
            next_id: Arc::new(AtomicU64::new(1)),
        };
        let for_thread = connection.clone();
        std::thread::spawn(move || {
            for message in BufReader::new(reader).split(0) {
                let Ok(message) = message else { break };
                let Ok(message) = serde_json::from_slice::<Value>(&message) else {
                    continue;
                };
                for_thread.receive(message, &on_event);
            }
            // Whoever still waits is told that nothing will come.
            lock(&for_thread.answers).clear();
        });
        connection
    }

    fn receive(&self, mut message: Value, on_event: &impl Fn(&DevTools, Event)) {
        if let Some(id) = message["id"].as_u64() {
            if let Some(sender) = lock(&self.answers).remove(&id) {
                let answer = match message["error"]["message"].as_str() {
                    Some(error) => Err(error.to_owned()),
                    None => Ok(message["result"].take()),
                };
                sender.send(answer).ok();
            }
        } else if let Some(method) = message["method"].as_str() {
            let event = Event {
                session: message["sessionId"].as_str().unwrap_or_default().to_owned(),
                method: method.to_owned(),
                params: message["params"].take(),
            };
            on_event(self, event);
        }
    }

    /// Calls and waits for the answer. An empty session means the browser itself.
    ///
    /// # Errors
    /// [`DevToolsError`].
    pub fn call(&self, session: &str, method: &str, params: Value) -> Result<Value, DevToolsError> {
        let gone = || DevToolsError::Gone {
            method: method.to_owned(),
        };
        let (sender, receiver) = mpsc::channel();
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        lock(&self.answers).insert(id, sender);
        if !self.send(id, session, method, &params) {
            lock(&self.answers).remove(&id);
            return Err(gone());
        }
        match receiver.recv_timeout(ANSWER_LIMIT) {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(message)) => Err(DevToolsError::Refused {
                method: method.to_owned(),
                message,
            }),
            Err(RecvTimeoutError::Timeout) => Err(DevToolsError::Silent {
                method: method.to_owned(),
            }),
            Err(RecvTimeoutError::Disconnected) => Err(gone()),
        }
    }

    /// Calls without waiting for the answer.
    pub fn cast(&self, session: &str, method: &str, params: Value) {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        self.send(id, session, method, &params);
    }

    fn send(&self, id: u64, session: &str, method: &str, params: &Value) -> bool {
        let mut message = json!({ "id": id, "method": method, "params": params });
        if !session.is_empty() {
            message["sessionId"] = session.into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        let mut writer = lock(&self.writer);
        writer
            .write_all(&bytes)
            .and_then(|()| writer.flush())
            .is_ok()
    }
}

/// Locks; a panic elsewhere leaves these values whole.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
