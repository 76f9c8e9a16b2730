//! Files dropped anywhere on the page.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::{ev, html};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{DragEvent, Element};

use crate::browser::js::call;
use crate::files::picked::Picked;
use crate::files::walk::walk;
use crate::state::lab::Lab;

/// A drag of which nothing is heard for so long is over.
const SILENCE: Duration = Duration::from_secs(2);

/// What dropped files become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The data set.
    Data,
    /// A stored run.
    Run,
}

/// Listens for files over the page, and says what they would become.
#[component]
pub fn DropOverlay() -> impl IntoView {
    let lab = Lab::get();
    let over = RwSignal::new(None::<Purpose>);
    let heard = StoredValue::new(0_u32);
    let hover = move |event: DragEvent| {
        if !carries_files(&event) {
            return;
        }
        // Without this the browser would open the file in place of the page.
        event.prevent_default();
        over.set(Some(purpose(&event)));
        // A drag that ends outside of the window, or by a key, may end without a word. While it goes
        // on it is heard of several times a second.
        heard.update_value(|count| *count = count.wrapping_add(1));
        let count = heard.get_value();
        let quiet = move || {
            if heard.try_get_value() == Some(count) {
                over.set(None);
            }
        };
        set_timeout(quiet, SILENCE);
    };
    let listeners = [
        window_event_listener(ev::dragenter, hover),
        window_event_listener(ev::dragover, hover),
        window_event_listener(ev::dragleave, move |event| {
            // Between two elements of the page it leaves nothing.
            if event.related_target().is_none() {
                over.set(None);
            }
        }),
        window_event_listener(ev::drop, move |event| {
            over.set(None);
            if carries_files(&event) {
                event.prevent_default();
                take(lab, &event);
            }
        }),
    ];
    on_cleanup(move || listeners.into_iter().for_each(|listener| listener.remove()));

    // Marks the room that a run would go to.
    Effect::new(move |_| {
        let wanted = over.get() == Some(Purpose::Run);
        if let Some(room) = document().get_element_by_id("runs") {
            // A class name without spaces is always accepted.
            let _ = room.class_list().toggle_with_force("drop-here", wanted);
        }
    });

    move || {
        over.get().map(|purpose| {
            let (title, line) = match purpose {
                Purpose::Data => (
                    "Drop to load these images",
                    "A CIFAR .tar.gz, the four IDX files, a .zip of class folders, or a folder with \
                     one folder per class.",
                ),
                Purpose::Run => (
                    "Drop to add this run",
                    "One .zip, as downloaded from this page or another.",
                ),
            };
            html::div()
                .class("drop-overlay")
                .attr("data-testid", "drop-overlay")
                .child(
                    html::div().class("drop-card").child((
                        html::p().class("drop-title").child(title),
                        html::p().child(line),
                        html::p()
                            .class("drop-note")
                            .child("Files are read on this device and never uploaded."),
                    )),
                )
        })
    }
}

fn carries_files(event: &DragEvent) -> bool {
    event.data_transfer().is_some_and(|transfer| {
        let types = transfer.types();
        types.iter().any(|kind| kind == "Files")
    })
}

/// A zip over the list of runs is a run, anything else is data. While files hover, only their types
/// are known, and not those of all systems.
fn purpose(event: &DragEvent) -> Purpose {
    let over_runs = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok())
        .and_then(|element| element.closest("#runs").ok().flatten())
        .is_some();
    let zip = event.data_transfer().is_some_and(|transfer| {
        let items = transfer.items();
        let kind = items.get(0).map(|item| item.type_()).unwrap_or_default();
        items.length() == 1 && (kind.is_empty() || kind.ends_with("/zip") || kind.contains("-zip"))
    });
    if over_runs && zip {
        Purpose::Run
    } else {
        Purpose::Data
    }
}

/// Reads what was dropped. The event's own lists are gone once it is over, so entries are taken from
/// them at once.
fn take(lab: Lab, event: &DragEvent) {
    let purpose = purpose(event);
    let Some(items) = event.data_transfer().map(|transfer| transfer.items()) else {
        return;
    };
    let mut entries: Vec<JsValue> = Vec::new();
    let mut files = Vec::new();
    for item in (0..items.length()).filter_map(|index| items.get(index)) {
        if item.kind() != "file" {
            continue;
        }
        match call(&item, "webkitGetAsEntry", &[]) {
            Ok(entry) if entry.is_object() => entries.push(entry),
            // Files that a script dropped have no entry.
            _ => files.extend(item.get_as_file().ok().flatten().map(Picked::alone)),
        }
    }
    spawn_local(async move {
        let counted = move |count| lab.found.set(Some(count));
        let walked = walk(entries, counted).await;
        lab.found.set(None);
        match walked {
            Ok(walked) => {
                files.extend(walked);
                lab.take_files(purpose, files);
            }
            Err(sentence) => lab.note(sentence),
        }
    });
}
