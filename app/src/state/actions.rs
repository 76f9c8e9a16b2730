//! What the visitor does: choose settings and images, train, attack.

use leptos::prelude::*;
use squeeze_engine::config::preset::Preset;
use squeeze_engine::config::{
    Adversary, AttackLoss, AttackMethod, Choice, DataConfig, DataKind, Effort, Goal, Guard,
    GuardConfig, NetworkKind, Norm, OptimizerKind, Precision, RunConfig, Schedule, Squeeze,
};
use squeeze_engine::protocol::Command;

use crate::files::drop::Purpose;
use crate::files::guess::kind_of;
use crate::files::picked::Picked;
use crate::state::defence::Defence;
use crate::state::field::Field;
use crate::state::lab::{Asked, Lab, ON_SHOW};
use crate::state::presets;

/// Settings.
impl Lab {
    /// Takes a preset whole; seed and data stay.
    pub fn take_preset(self, preset: &Preset) {
        let mut config = self.config.get_untracked();
        presets::take(preset, &mut config);
        self.show_config(config);
        self.offer.set(None);
    }

    /// Puts another config into the form.
    pub(super) fn show_config(self, config: RunConfig) {
        // What stands typed and is no value belongs to the config before.
        self.forget_invalid(&Field::ALL);
        self.front.set(Defence::of(&config.objective));
        self.config.set(config);
    }

    /// Takes the settings that a model was trained with.
    pub fn use_settings(self, config: &RunConfig) {
        let mut config = config.clone();
        // How it is attacked and judged stays as the visitor has it.
        self.config.with_untracked(|now| {
            config.attack = now.attack.clone();
            config.evaluation = now.evaluation.clone();
            config.data.path = None;
        });
        self.show_config(config);
    }

    /// Puts a defence in front, with the values that fit the data.
    pub fn choose_defence(self, defence: Defence) {
        self.forget_invalid(&Field::OBJECTIVE);
        self.front.set(defence);
        self.config.update(|config| {
            config.objective = presets::objective(config.data.set, defence, Adversary::Pgd);
        });
    }

    /// Chooses the adversary by its name, with the values that fit it and the data.
    pub fn choose_adversary(self, name: &str) {
        let Some(kind) = Adversary::ALL.into_iter().find(|kind| kind.name() == name) else {
            return;
        };
        self.forget_invalid(&[
            Field::AdversaryEpsilon,
            Field::AdversaryStep,
            Field::AdversaryIterations,
            Field::TradesWeight,
        ]);
        self.config.update(|config| {
            let fitting = presets::objective(config.data.set, Defence::Adversarial, kind);
            config.objective.adversary = fitting.adversary;
            config.objective.adversary.kind = kind;
        });
    }

    /// Chooses the form of the logit penalty by its name. Its usual weight comes with it: the two forms
    /// weigh quite differently.
    pub fn choose_squeeze(self, name: &str) {
        let Some(squeeze) = Squeeze::ALL.into_iter().find(|form| form.name() == name) else {
            return;
        };
        self.forget_invalid(&[Field::Beta, Field::ObjectiveWarmup, Field::Gamma]);
        self.config.update(|config| {
            let objective = &mut config.objective;
            objective.squeeze = squeeze;
            let defence = match squeeze {
                Squeeze::None => return,
                Squeeze::Example => Defence::SqueezeExample,
                Squeeze::Batch => Defence::SqueezeBatch,
            };
            let fitting = presets::objective(config.data.set, defence, Adversary::None);
            objective.beta = fitting.beta;
            objective.warmup = fitting.warmup;
        });
    }

    /// Chooses what is done to images before the network sees them by its name, with a usual number.
    pub fn choose_guard(self, name: &str) {
        let Some(kind) = Guard::ALL.into_iter().find(|kind| kind.name() == name) else {
            return;
        };
        self.forget_invalid(&[Field::GuardLevels, Field::GuardSize]);
        self.config.update(|config| {
            config.guard = GuardConfig {
                kind,
                levels: match kind {
                    Guard::Quantize => 8,
                    Guard::None | Guard::Resize => GuardConfig::default().levels,
                },
                ..GuardConfig::default()
            };
        });
    }

    /// Chooses the network by its name.
    pub fn choose_network(self, name: &str) {
        if let Ok(network) = name.parse::<NetworkKind>() {
            self.config.update(|config| config.network = network);
        }
    }

    /// Chooses the optimiser by its name. Its usual learning rate comes with it.
    pub fn choose_optimizer(self, name: &str) {
        let Some(kind) = OptimizerKind::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
        else {
            return;
        };
        self.forget_invalid(&[Field::LearningRate, Field::Momentum]);
        self.config.update(|config| {
            let usual = |kind| match kind {
                OptimizerKind::Adam | OptimizerKind::AdamW => 1e-3,
                OptimizerKind::Sgd | OptimizerKind::Nesterov => 0.05,
            };
            let optimizer = &mut config.optimizer;
            // Within a family the rate that was chosen goes on fitting.
            if usual(kind) != usual(optimizer.kind) {
                optimizer.learning_rate = usual(kind);
            }
            optimizer.kind = kind;
        });
    }

    /// Chooses how many bits numbers between layers have by its name.
    pub fn choose_precision(self, name: &str) {
        let mut all = Precision::ALL.into_iter();
        if let Some(precision) = all.find(|precision| precision.name() == name) {
            self.config
                .update(|config| config.training.precision = precision);
        }
    }

    /// Chooses what an attack's budget is measured in by its name. The budget becomes a usual one: no
    /// number means the same in two norms.
    pub fn choose_norm(self, name: &str) {
        let Some(norm) = Norm::ALL.into_iter().find(|norm| norm.name() == name) else {
            return;
        };
        self.forget_invalid(&[Field::Epsilon, Field::StepSize]);
        self.config
            .update(|config| presets::measure_in(norm, config));
    }

    /// Chooses how an attack searches by its name, with the iterations that are usual for it.
    pub fn choose_attack_method(self, name: &str) {
        let mut all = AttackMethod::ALL.into_iter();
        if let Some(method) = all.find(|method| method.name() == name) {
            self.forget_invalid(&[Field::Iterations, Field::StepSize]);
            self.config.update(|config| {
                // The numbers of one method mean nothing to another.
                let attack = &mut config.attack;
                attack.method = method;
                attack.iterations = method.usual_iterations();
                attack.step_size = 0.0;
            });
        }
    }

    /// Chooses what an attack wants images to be taken for by its name.
    pub fn choose_goal(self, name: &str) {
        if let Ok(goal) = name.parse::<Goal>() {
            self.config.update(|config| config.attack.goal = goal);
        }
    }

    /// Chooses which test images an attack takes by its name.
    pub fn choose_images(self, name: &str) {
        if let Ok(choice) = name.parse::<Choice>() {
            self.config.update(|config| config.attack.choose = choice);
        }
    }

    /// Chooses what an attack climbs by its name.
    pub fn choose_attack_loss(self, name: &str) {
        if let Some(loss) = AttackLoss::ALL.into_iter().find(|loss| loss.name() == name) {
            self.config.update(|config| config.attack.loss = loss);
        }
    }

    /// Chooses how thoroughly a model is judged by its name.
    pub fn choose_effort(self, name: &str) {
        if let Some(effort) = Effort::ALL.into_iter().find(|effort| effort.name() == name) {
            self.config
                .update(|config| config.evaluation.effort = effort);
        }
    }

    /// Chooses the form of the learning rate over the run by its name.
    pub fn choose_schedule(self, name: &str) {
        if let Some(kind) = Schedule::ALL.into_iter().find(|kind| kind.name() == name) {
            self.config.update(|config| {
                let schedule = &mut config.optimizer.schedule;
                schedule.kind = kind;
                // One cycle is a rise and a fall.
                if kind == Schedule::OneCycle && schedule.warmup == 0.0 {
                    schedule.warmup = 0.3;
                }
            });
        }
    }
}

/// Images.
impl Lab {
    /// Chooses a data set in the list; loads it if its files are at hand.
    pub fn choose_data(self, kind: DataKind) {
        self.wanted.set(kind);
        if untrack(|| self.data_kind()) == Some(kind) {
            self.set_up_for(kind);
        } else {
            self.load_again(kind);
        }
    }

    /// The settings are for these images from now on.
    pub(super) fn set_up_for(self, kind: DataKind) {
        let made_for = self.config.with_untracked(|config| config.data.set);
        if made_for == kind {
            return;
        }
        self.config.update(|config| config.data.set = kind);
        // Values for digits mean nothing on photographs, but they are the visitor's: others are
        // offered, not put in their place.
        let differ = presets::model_of(made_for) != presets::model_of(kind)
            && self.config.with_untracked(presets::matching).is_none();
        self.offer.set(differ.then_some(kind));
    }

    /// Loads a data set from the files that it came from before, if there are any.
    pub fn load_again(self, kind: DataKind) {
        let files = self.sources.with_value(|sources| sources.find(kind));
        if let Some(files) = files {
            self.load(Some(kind), files);
        }
    }

    /// The files of a data set that was loaded before are still at hand.
    pub fn has_files(self, kind: DataKind) -> bool {
        self.sources
            .with_value(|sources| sources.find(kind).is_some())
    }

    /// Takes files that were dropped or picked.
    pub fn take_files(self, purpose: Purpose, files: Vec<Picked>) {
        if files.is_empty() {
            self.note("There was no file in what was dropped.");
            return;
        }
        match purpose {
            Purpose::Run if is_zip(&files) => self.upload_run(files),
            Purpose::Run | Purpose::Data => {
                let paths = files.iter().map(|picked| picked.path.as_str());
                let kind = kind_of(paths, self.wanted.get_untracked());
                self.load(kind, files);
            }
        }
    }

    /// Adds a run from a file that was picked for it.
    pub fn pick_run(self, files: Vec<Picked>) {
        if is_zip(&files) {
            self.upload_run(files);
        } else {
            self.note("A run is one .zip file, as “Download” makes it.");
        }
    }

    fn load(self, kind: Option<DataKind>, files: Vec<Picked>) {
        if !self.free_for("load images") {
            return;
        }
        let command = self.config.with_untracked(|config| Command::Load {
            data: kind.map(|set| DataConfig {
                set,
                path: None,
                ..config.data.clone()
            }),
            seed: config.seed,
        });
        self.ask(Asked::Load, &command, &files);
        self.sources.update_value(|sources| sources.send(files));
    }

    /// Whether the engine is free; tells the visitor what is in the way if it is not.
    pub(super) fn free_for(self, what: &str) -> bool {
        let phase = self.phase.get_untracked();
        if !phase.open {
            self.note(format!("The engine is still loading: {what} in a moment."));
        } else if phase.busy() {
            self.note(format!("Pause or stop what is running, then {what}."));
        } else if self.asked.get_untracked().is_some() {
            self.note(format!("The engine is at work: {what} in a moment."));
        } else {
            return true;
        }
        false
    }
}

fn is_zip(files: &[Picked]) -> bool {
    matches!(files, [one] if one.path.to_lowercase().ends_with(".zip"))
}

/// Training, attack, verdict.
impl Lab {
    /// Starts a run.
    pub fn train(self) {
        let config = self.config.get_untracked();
        self.ask(Asked::Train, &Command::Train { config }, &[]);
    }

    /// Pauses the run.
    pub fn pause(self) {
        self.ask(Asked::Pause, &Command::Pause, &[]);
    }

    /// Goes on after a pause, or with a run that was opened.
    pub fn resume(self) {
        self.ask(Asked::Resume, &Command::Resume, &[]);
    }

    /// Ends what runs, or gives up on going on after a pause.
    pub fn stop(self) {
        let phase = self.phase.get_untracked();
        if phase.can_resume() {
            // The engine stands still already: there is nothing to tell it.
            self.phase.set(phase.give_up_pause());
            return;
        }
        self.ask(Asked::Stop, &Command::Stop, &[]);
    }

    /// Attacks the model as it stands.
    pub fn attack(self) {
        let config = self.config.with_untracked(|config| config.attack.clone());
        let show = ON_SHOW.min(config.images);
        self.ask(Asked::Attack, &Command::Attack { config, show }, &[]);
    }

    /// Attacks the visitor's own image, which shows `truth`, or what the model takes it for.
    pub fn attack_own(self, truth: Option<usize>) {
        if let Some(pixels) = self.own.get_untracked() {
            let command = Command::AttackImage {
                config: self.config.with_untracked(|config| config.attack.clone()),
                pixels,
                label: truth,
            };
            self.closeup.set(0);
            self.ask(Asked::Attack, &command, &[]);
        }
    }

    /// Judges the model as it stands.
    pub fn judge(self) {
        let command = self.config.with_untracked(|config| Command::Evaluate {
            attack: config.attack.clone(),
            evaluation: config.evaluation.clone(),
        });
        self.ask(Asked::Judge, &command, &[]);
    }

    /// Saves the report of the verdict on show.
    pub fn save_report(self) {
        self.ask(Asked::Runs, &Command::DownloadReport, &[]);
    }
}
