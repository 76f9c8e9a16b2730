//! Opening a device: probe, choose, start the worker, fall back if it fails.

use std::str::FromStr;

use leptos::prelude::*;
use leptos::task::spawn_local;
use squeeze_engine::choice::{DeviceWish, Drawing, choose_device};
use squeeze_engine::event::DeviceKind;
use squeeze_engine::protocol::Command;
use web_sys::{Url, UrlSearchParams};

use crate::engine::adapter;
use crate::engine::link::{Heard, Link};
use crate::state::device::DeviceView;
use crate::state::lab::Lab;
use crate::state::problem::{Problem, WayOut};

/// One attempt to open a device.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// What the visitor asked for.
    pub wish: DeviceWish,
    /// What is being opened.
    pub kind: DeviceKind,
    /// The GPU's name as the browser gives it; the engine in its worker may not learn it.
    pub adapter: Option<String>,
    /// One sentence: why.
    pub reason: String,
}

/// Opens the device that the address asks for, or the best there is.
pub fn open(lab: Lab) {
    spawn_local(async move {
        let wish = from_address("device").unwrap_or_else(|message| {
            misunderstood(lab, &message, "The best device was taken.");
            DeviceWish::Auto
        });
        let adapter = match wish {
            // Not asked for, so not woken.
            DeviceWish::Cpu => Err("the CPU was asked for".to_owned()),
            DeviceWish::Auto | DeviceWish::Gpu => adapter::probe().await,
        };
        match choose_device(wish, adapter.as_ref().map_err(String::as_str)) {
            Ok(choice) => launch(
                lab,
                Attempt {
                    wish,
                    kind: choice.kind,
                    adapter: adapter.ok().map(|facts| facts.name),
                    reason: choice.reason,
                },
            ),
            Err(sentence) => {
                lab.device.set(DeviceView::None);
                lab.report(Problem::new(sentence, WayOut::OtherDevice));
            }
        }
    });
}

/// Starts the worker of an attempt.
pub fn launch(lab: Lab, attempt: Attempt) {
    let kind = attempt.kind;
    let command = Command::Open {
        allow_software: attempt.wish == DeviceWish::Gpu,
        drawing: from_address("draw").unwrap_or_else(|message| {
            misunderstood(lab, &message, "The best way to draw was taken.");
            Drawing::Auto
        }),
        mnist_url: beside("data/mnist/"),
    };
    lab.device.set(DeviceView::Opening(attempt));
    let started = Link::start(kind, move |heard| match heard {
        Heard::Ready => lab.send(&command, &[]),
        Heard::Event(event) => lab.hear(*event),
        Heard::Broken(sentence) => lab.broke_down(sentence),
    });
    match started {
        Ok(link) => lab.engine.set_value(Some(link)),
        Err(sentence) => lab.broke_down(sentence),
    }
}

/// The attempt to make when this one has failed, if there is any: a GPU that was not insisted on
/// gives way to the CPU.
pub fn next_attempt(failed: &Attempt, sentence: &str) -> Option<Attempt> {
    let given_way = failed.wish == DeviceWish::Auto && failed.kind == DeviceKind::Gpu;
    given_way.then(|| Attempt {
        wish: failed.wish,
        kind: DeviceKind::Cpu,
        adapter: None,
        reason: format!("The GPU could not be opened, so the CPU is used. {sentence}"),
    })
}

/// What the address says of something, if anything.
fn from_address<T: Default + FromStr<Err = String>>(name: &str) -> Result<T, String> {
    address()
        .and_then(|params| params.get(name))
        .map_or_else(|| Ok(T::default()), |wish| wish.parse())
}

fn misunderstood(lab: Lab, message: &str, instead: &str) {
    lab.report(Problem::new(
        format!("In the address, {message}. {instead}"),
        WayOut::Dismiss,
    ));
}

/// Whether the address has a parameter of this name.
pub fn address_has(name: &str) -> bool {
    address().is_some_and(|params| params.has(name))
}

fn address() -> Option<UrlSearchParams> {
    let search = web_sys::window()?.location().search().ok()?;
    UrlSearchParams::new_with_str(&search).ok()
}

/// The address of what lies beside the page. Absolute, because a worker resolves addresses against its
/// own script.
pub fn beside(path: &str) -> String {
    document()
        .base_uri()
        .ok()
        .flatten()
        .and_then(|base| Url::new_with_base(path, &base).ok())
        .map_or_else(|| path.to_owned(), |url| url.href())
}
