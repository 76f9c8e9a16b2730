//! The settings in the page's address: read when it opens, written as they change, copied as a link.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use squeeze_engine::config::link::{in_address, parameter, put_into_address, put_parameter};
use squeeze_engine::config::{DataKind, RunConfig};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::browser::js::{call, get};
use crate::state::lab::Lab;
use crate::state::presets;

/// Least time between two changes of the address: browsers refuse more than a hundred in half a minute.
const CADENCE: Duration = Duration::from_millis(400);

/// The parameter that names the ready model which a link is about.
const MODEL: &str = "model";

/// What has become of the link to the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Shared {
    /// Nothing, since they last changed.
    #[default]
    No,
    /// They came by one.
    Opened,
    /// It is on the clipboard.
    Copied,
    /// The browser does not copy it: here it is.
    Offered(String),
    /// There is none, and why.
    Refused(String),
}

/// Whether the page is here again, and not by a link.
fn is_reload() -> bool {
    let Some(performance) = window().performance() else {
        return false;
    };
    let way = get(
        &performance.get_entries_by_type("navigation").get(0),
        "type",
    );
    matches!(way.as_string().as_deref(), Some("reload" | "back_forward"))
}

impl Lab {
    /// Takes the settings that the address holds, and from now on keeps the address up with them.
    pub fn share(self) {
        let link = window()
            .location()
            .href()
            .ok()
            .and_then(|href| in_address(&href));
        match link.map(|link| RunConfig::from_link(&link)) {
            None => {}
            Some(Ok(config)) => {
                self.take_link(config);
                if is_reload() {
                    // The settings are the visitor's own.
                    self.shared.set(Shared::No);
                }
            }
            Some(Err(error)) => self.note(format!(
                "The settings in this link were not taken: {error}. The page has its usual settings \
                 instead; ask for the link again."
            )),
        }
        Effect::new(move |_| {
            self.invalid.track();
            self.complaint.track();
            // Why there was no link may be mended.
            if self
                .shared
                .with_untracked(|shared| matches!(shared, Shared::Refused(_)))
            {
                self.shared.set(Shared::No);
            }
        });
        let settings = Memo::new(move |_| (self.config.get(), self.model.get()));
        let scheduled = StoredValue::new(false);
        Effect::new(move |before: Option<()>| {
            // Read and not only tracked: a memo that is never read follows nothing.
            settings.with(|_| ());
            // A damaged link stays in the address until there is something else to put there.
            if before.is_none() {
                return;
            }
            self.shared.set(Shared::No);
            if !scheduled.get_value() {
                scheduled.set_value(true);
                let write = move || {
                    scheduled.set_value(false);
                    self.write_address();
                };
                set_timeout(write, CADENCE);
            }
        });
    }

    fn take_link(self, config: RunConfig) {
        let first = presets::first();
        let trained_alike = RunConfig {
            attack: first.attack.clone(),
            evaluation: first.evaluation.clone(),
            ..config.clone()
        };
        // A model of another training would stand beside settings that are not its own.
        if trained_alike != first && self.model_of_link().is_none() {
            self.greeted.set_value(true);
        }
        self.wanted.set(config.data.set);
        self.show_config(config);
        self.shared.set(Shared::Opened);
    }

    /// Puts the settings into the address. Those that cannot be run leave it as it is.
    fn write_address(self) {
        let link = self.config.with_untracked(|config| {
            if *config == presets::first() {
                return Some(None);
            }
            let link = config.validate().ok().map(|()| config.to_link());
            link.and_then(Result::ok).map(Some)
        });
        let Some(link) = link else {
            return;
        };
        let write = || -> Result<(), JsValue> {
            let href = window().location().href()?;
            let next = put_into_address(&href, link.as_deref());
            let next = put_parameter(&next, MODEL, self.model_to_name().as_deref());
            if next != href {
                let history = window().history()?;
                history.replace_state_with_url(&history.state()?, "", Some(&next))?;
            }
            Ok(())
        };
        // Where a browser refuses, the button still gives the link.
        let _ = write();
    }

    /// The id of the ready model at hand, unless it is the one that the page opens by itself.
    fn model_to_name(self) -> Option<String> {
        let name = self.model.get_untracked()?;
        self.models.with_untracked(|models| {
            let place = models.iter().position(|model| model.name == name)?;
            (place > 0).then(|| models[place].id.clone())
        })
    }

    /// The ready model that the address names.
    pub(super) fn model_of_link(self) -> Option<String> {
        let href = window().location().href().ok()?;
        parameter(&href, MODEL)
    }

    /// Copies a link to the settings.
    ///
    /// `room` is the one that it leads to.
    pub fn copy_link(self, room: &'static str) {
        if let Some(wrong) = untrack(move || self.to_mend(|_| true)) {
            self.shared.set(Shared::Refused(wrong));
            return;
        }
        let link = self.config.with_untracked(RunConfig::to_link);
        let page = window().location().href().unwrap_or_default();
        let page = page.split(['?', '#']).next().unwrap_or_default();
        let address = match link {
            Ok(link) => {
                let model = untrack(move || self.model_to_name());
                let settings = put_into_address(page, Some(&link));
                let address = put_parameter(&settings, MODEL, model.as_deref());
                format!("{address}{room}")
            }
            Err(_) => {
                let sentence = "The list of milestones is too long for a link.";
                self.shared.set(Shared::Refused(sentence.to_owned()));
                return;
            }
        };
        spawn_local(async move {
            let shared = match copy(&address).await {
                Ok(()) => Shared::Copied,
                Err(_) => Shared::Offered(address),
            };
            self.shared.set(shared);
        });
    }

    /// The address of the page with these settings on another device.
    pub fn address_on(self, device: &str) -> String {
        let link = self.config.with_untracked(|config| {
            let is_usual = *config == presets::first();
            (!is_usual).then(|| config.to_link().ok()).flatten()
        });
        put_into_address(&format!("?device={device}"), link.as_deref())
    }

    /// What to do where the settings are for other images than those that are loaded, as a link's may be.
    pub fn missing_images(self) -> Option<String> {
        let loaded = self.data_kind()?;
        let wanted = self.config.with(|config| config.data.set);
        (wanted != loaded).then(|| {
            let files = match wanted {
                DataKind::Folder => "images of your own: choose them".to_owned(),
                other => format!("{}: choose its files", other.title()),
            };
            let there = match loaded {
                DataKind::Folder => "your own images",
                other => other.title(),
            };
            format!("These settings are for {files} under Data, or take {there} there.")
        })
    }
}

/// What a link leaves out of what the visitor has chosen.
pub fn left_out(set: DataKind, own_image: bool) -> String {
    let files = match set {
        DataKind::Mnist => String::new(),
        DataKind::Folder => {
            " Your own images are not in it: whoever opens it is asked for theirs.".to_owned()
        }
        other => format!(
            " It names {} but holds none of its files: whoever opens it is asked for them.",
            other.title()
        ),
    };
    let image = if own_image {
        " The image that you made or chose is not in it."
    } else {
        ""
    };
    files + image
}

/// Puts a text on the clipboard.
async fn copy(text: &str) -> Result<(), JsValue> {
    // Where the page has no clipboard, it is undefined, and has no such method.
    let clipboard = get(&window().navigator(), "clipboard");
    let copied = call(&clipboard, "writeText", &[text.into()])?;
    JsFuture::from(copied.dyn_into::<js_sys::Promise>()?).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_link_leaves_out_is_said() {
        assert_eq!(left_out(DataKind::Mnist, false), "");
        assert!(left_out(DataKind::Folder, false).contains("own images"));
        let both = left_out(DataKind::Cifar100, true);
        assert!(
            both.contains("CIFAR-100") && both.contains("The image that you"),
            "{both}"
        );
    }

    #[test]
    fn the_settings_that_the_page_begins_with_have_a_link()
    -> Result<(), squeeze_engine::config::LinkError> {
        let first = presets::first();
        let link = first.to_link()?;
        assert!(link.len() < 100, "{link}");
        assert_eq!(RunConfig::from_link(&link)?, first);
        Ok(())
    }
}
