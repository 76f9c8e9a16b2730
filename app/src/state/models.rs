//! Models that lie ready beside the page, for visitors who have trained none yet.

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::Deserialize;
use squeeze_engine::config::DataKind;
use squeeze_engine::event::ModelOpened;
use squeeze_engine::protocol::Command;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

use crate::browser::offline;
use crate::engine::start::beside;
use crate::state::history::History;
use crate::state::judgement::Judgement;
use crate::state::lab::{Asked, Lab};
use crate::state::live::Live;
use crate::state::phase::Model;
use crate::state::presets;

/// A model of `models/index.json`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ReadyModel {
    /// Name of its files, without their ends.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// How it was defended, in a sentence.
    pub about: String,
    /// The data set it was trained on.
    pub data: DataKind,
    /// Accuracy on test images, in [0, 1].
    pub clean: f64,
    /// Accuracy under the attack that papers report, PGD, in [0, 1].
    pub usual: f64,
    /// The command that made it.
    pub command: String,
}

impl Lab {
    /// Learns which models lie ready.
    pub fn find_models(self) {
        spawn_local(async move {
            match list().await {
                Ok(models) => {
                    self.models.set(models);
                    self.greet();
                }
                Err(reason) => self.note(format!(
                    "The models that come with the page cannot be loaded ({reason}). You can train \
                     your own."
                )),
            }
        });
    }

    /// Opens the first model as soon as that can be done, once, so that there is one to attack.
    pub(super) fn greet(self) {
        let phase = self.phase.get_untracked();
        let is_fresh = phase.open && phase.model == Model::None && !phase.busy();
        if !is_fresh || self.greeted.get_value() || self.asked.get_untracked().is_some() {
            return;
        }
        let loaded = untrack(|| self.data_kind());
        let first = self.models.with_untracked(|models| {
            let fits = |model: &&ReadyModel| Some(model.data) == loaded;
            let named = self.model_of_link();
            let is_named = |model: &&ReadyModel| Some(&model.id) == named.as_ref();
            let named = models.iter().find(is_named);
            named.or_else(|| models.iter().find(fits)).cloned()
        });
        let unknown = self.model_of_link().filter(|id| {
            self.models
                .with_untracked(|models| models.iter().all(|model| model.id != *id))
        });
        if let Some(id) = unknown {
            self.note(format!(
                "The link names the model “{id}”, which does not come with this page: another one is open."
            ));
        }
        if let Some(model) = first {
            self.greeted.set_value(true);
            self.ask_unbidden(Asked::OpenModel, &command_for(&model), &[]);
        }
    }

    /// A sentence about the model at hand.
    pub fn named(self, what: &str) -> String {
        match self.model_name() {
            Some(name) => format!("“{name}” {what}"),
            None => format!("The model {what}"),
        }
    }

    /// The name of the model at hand, or of the stored run that it comes from.
    pub fn model_name(self) -> Option<String> {
        if let Some(name) = self.model.get() {
            return Some(name);
        }
        let id = self.run.get()?;
        self.runs.with(|runs| {
            let mut runs = runs.iter().flatten();
            Some(runs.find(|run| run.id == id)?.name.clone())
        })
    }

    /// Opens a model that lies ready. Images for it are loaded first, if there are any at hand.
    pub fn open_model(self, model: &ReadyModel) {
        if self.asked.get_untracked() == Some(Asked::OpenModel) {
            // The page opens one by itself: a choice that comes early counts all the same.
            self.then_model.set_value(Some(model.clone()));
            return;
        }
        if !self.free_for("open the model") {
            return;
        }
        let is_loaded = untrack(|| self.data_kind()) == Some(model.data);
        if !is_loaded && model.data != DataKind::Mnist && self.has_files(model.data) {
            self.then_model.set_value(Some(model.clone()));
            self.load_again(model.data);
        } else {
            // The engine brings the data set of the model, if need be without its images.
            self.ask(Asked::OpenModel, &command_for(model), &[]);
        }
    }

    /// Opens the model that waited for its images, or for the one before to be there.
    pub(super) fn open_next_model(self) {
        let next = self.then_model.get_value();
        self.then_model.set_value(None);
        if let Some(next) = next {
            self.open_model(&next);
        }
    }

    /// The model at hand is this one.
    pub fn is_open(self, model: &ReadyModel) -> bool {
        self.model.with(|open| open.as_ref() == Some(&model.name))
            && self.data_kind() == Some(model.data)
    }

    pub(super) fn take_in_model(self, opened: ModelOpened) {
        self.answered(Asked::OpenModel);
        self.clear_the_trials();
        self.run.set(None);
        self.saved.set(None);
        let set = opened.config.data.set;
        // The budget that is set is still that of other images.
        if self.offer.get_untracked() == Some(set) {
            self.config
                .update(|config| config.attack = opened.config.attack.clone());
            if self.config.with_untracked(presets::matching).is_some() {
                self.offer.set(None);
            }
        }
        let steps = opened.config.training.steps;
        self.show_history(History::new(steps));
        self.live
            .set(Some(Live::new(opened.config, opened.parameters, steps)));
        self.models.with_untracked(|models| {
            let is_here = |model: &&ReadyModel| model.name == opened.name && model.data == set;
            let here = models.iter().find(is_here);
            if let Some(model) = here {
                offline::keep(&["models/index.json", &format!("models/{}.", model.id)]);
            }
        });
        self.judgement.set(opened.report.map(Judgement::of));
        self.model.set(Some(opened.name.clone()));
        self.then_model.update_value(|next| {
            next.take_if(|next| next.name == opened.name && next.data == set);
        });
        self.open_next_model();
        self.recovered();
    }
}

fn command_for(model: &ReadyModel) -> Command {
    Command::OpenModel {
        name: model.name.clone(),
        url: beside(&format!("models/{}", model.id)),
    }
}

async fn list() -> Result<Vec<ReadyModel>, String> {
    let failed = |_| "no answer".to_owned();
    let answer = window().fetch_with_str(&beside("models/index.json"));
    let response: Response = JsFuture::from(answer)
        .await
        .map_err(failed)?
        .unchecked_into();
    if !response.ok() {
        return Err(format!("status {}", response.status()));
    }
    let json = response.json().map_err(failed)?;
    let json = JsFuture::from(json).await.map_err(failed)?;
    serde_wasm_bindgen::from_value(json).map_err(|error| error.to_string())
}
