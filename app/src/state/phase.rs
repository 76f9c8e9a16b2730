//! [`Phase`]: where the page stands, worked out from the engine's events alone.

use squeeze_engine::event::Event;

/// What has become of the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Model {
    /// There is none yet.
    #[default]
    None,
    /// It lay ready.
    Ready,
    /// It is being trained.
    Training,
    /// Its training stands still and can go on.
    Paused,
    /// Its training was ended early.
    Stopped,
    /// Its training is complete.
    Trained,
}

/// What has become of an attack on the model as it stands, or of its evaluation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trial {
    /// There is none.
    #[default]
    None,
    /// It is running.
    Running,
    /// It is over.
    Done,
    /// It was made elsewhere, before the model came here.
    Known,
}

impl Trial {
    /// What came of it is known.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Known)
    }
}

/// Where the page stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phase {
    /// The device is open.
    pub device_open: bool,
    /// The data is loaded: commands are carried out.
    pub open: bool,
    /// The model.
    pub model: Model,
    /// The attack.
    pub attack: Trial,
    /// The evaluation.
    pub evaluation: Trial,
    /// The attack ended after the evaluation did.
    pub attacked_last: bool,
    /// Models are being compared on one image.
    pub comparing: bool,
}

impl Phase {
    /// Takes in an event.
    pub fn on(&mut self, event: &Event) {
        match event {
            Event::Device(_) => self.device_open = true,
            Event::Data(_) => {
                self.open = true;
                // A model belongs to the images that it was trained on.
                self.model = Model::None;
                self.attack = Trial::None;
                self.evaluation = Trial::None;
            }
            Event::RunOpened(opened) => {
                self.model = if opened.info.finished {
                    Model::Trained
                } else {
                    Model::Paused
                };
                self.attack = Trial::None;
                self.evaluation = match opened.report {
                    Some(_) => Trial::Done,
                    None => Trial::None,
                };
            }
            Event::ModelOpened(opened) => {
                self.model = Model::Ready;
                self.attack = Trial::None;
                self.evaluation = match opened.report {
                    Some(_) => Trial::Known,
                    None => Trial::None,
                };
            }
            Event::TrainingStarted(_) => {
                self.model = Model::Training;
                self.attack = Trial::None;
                self.evaluation = Trial::None;
            }
            Event::Paused { .. } => self.model = Model::Paused,
            Event::Stopped { .. } => self.model = Model::Stopped,
            Event::TrainingFinished(_) => self.model = Model::Trained,
            Event::AttackChoosing { .. } | Event::AttackStarted(_) => self.attack = Trial::Running,
            Event::AttackFinished(_) => {
                self.attack = Trial::Done;
                self.attacked_last = true;
            }
            Event::EvaluationStarted(_) => self.evaluation = Trial::Running,
            Event::Verdict(_) => {
                self.evaluation = Trial::Done;
                self.attacked_last = false;
            }
            Event::Comparing { .. } => self.comparing = true,
            Event::Compared { .. } => self.comparing = false,
            Event::Failed { .. } | Event::DeviceLost { .. } => {
                self.comparing = false;
                for trial in [&mut self.attack, &mut self.evaluation] {
                    if *trial == Trial::Running {
                        *trial = Trial::None;
                    }
                }
                // The engine keeps no model that training has failed on.
                if self.model == Model::Training {
                    self.model = Model::None;
                }
            }
            Event::DataProgress { .. }
            | Event::Runs { .. }
            | Event::File { .. }
            | Event::Saved { .. }
            | Event::Warning { .. }
            | Event::Steps(_)
            | Event::Evaluation(_)
            | Event::Look(_)
            | Event::Filters(_)
            | Event::RunCurves(_)
            | Event::AttackChosen(_)
            | Event::AttackFrame(_)
            | Event::Guessed { .. }
            | Event::RungProgress { .. }
            | Event::Rung(_)
            | Event::Transfer(_)
            | Event::SuiteFinished(_)
            | Event::Sign(_)
            | Event::Bench(_)
            | Event::AttackProgress(_) => {}
        }
    }

    /// One word for it: `data-status` of the page.
    pub fn word(self) -> &'static str {
        if !self.open {
            return "loading";
        }
        match (self.evaluation, self.attack, self.model) {
            _ if self.comparing => "comparing",
            (Trial::Running, ..) => "judging",
            (_, Trial::Running, _) => "attacking",
            (_, Trial::Done, _) if self.attacked_last => "attacked",
            (Trial::Done, ..) => "judged",
            (_, Trial::Done, _) => "attacked",
            (.., Model::None | Model::Ready) => "ready",
            (.., Model::Training) => "training",
            (.., Model::Paused) => "paused",
            (.., Model::Stopped) => "stopped",
            (.., Model::Trained) => "trained",
        }
    }

    /// The engine is at work.
    pub fn busy(self) -> bool {
        self.model == Model::Training
            || self.attack == Trial::Running
            || self.evaluation == Trial::Running
            || self.comparing
    }

    /// A run can be started.
    pub fn can_train(self) -> bool {
        self.open && !self.busy()
    }

    /// Training can be paused.
    pub fn can_pause(self) -> bool {
        self.model == Model::Training
    }

    /// Training can go on.
    pub fn can_resume(self) -> bool {
        self.model == Model::Paused && !self.busy()
    }

    /// Training can be ended.
    pub fn can_stop(self) -> bool {
        self.can_pause() || self.can_resume()
    }

    /// There is a model that stands still.
    pub fn can_attack(self) -> bool {
        self.open && self.model != Model::None && !self.busy()
    }

    /// A pause turned into an end.
    pub fn give_up_pause(self) -> Self {
        Self {
            model: Model::Stopped,
            attack: Trial::None,
            ..self
        }
    }

    /// An attack can be ended.
    pub fn can_stop_attack(self) -> bool {
        self.attack == Trial::Running
    }

    /// An evaluation can be ended.
    pub fn can_stop_evaluation(self) -> bool {
        self.evaluation == Trial::Running
    }
}

#[cfg(test)]
mod tests {
    use squeeze_engine::config::{DataKind, RunConfig};
    use squeeze_engine::event::{DataReport, Event, RunInfo, RunOpened};

    use super::*;

    fn data() -> Event {
        Event::Data(DataReport {
            kind: DataKind::Mnist,
            name: String::new(),
            train_images: 0,
            test_images: 0,
            image_shape: [1, 28, 28],
            classes: Vec::new(),
        })
    }

    fn open() -> Phase {
        let mut phase = Phase::default();
        assert_eq!(phase.word(), "loading");
        assert!(!phase.can_train());
        phase.on(&data());
        phase
    }

    #[test]
    fn an_opened_run_goes_on_if_anything_is_left_of_it() {
        let mut phase = open();
        let mut opened = RunOpened {
            info: RunInfo {
                id: String::new(),
                name: String::new(),
                created: 0.0,
                config: RunConfig::default(),
                step: 3,
                finished: false,
                test_accuracy: None,
                verdict: None,
                bytes: 0,
            },
            parameters: 0,
            steps: Vec::new(),
            evaluations: Vec::new(),
            looks: Vec::new(),
            report: None,
        };
        phase.on(&Event::RunOpened(opened.clone()));
        assert!(phase.can_resume() && phase.can_attack());
        opened.info.finished = true;
        phase.on(&Event::RunOpened(opened));
        assert_eq!(phase.word(), "trained");
        assert!(!phase.can_resume() && phase.can_attack());
    }

    #[test]
    fn other_images_take_the_model_with_them() {
        let mut phase = open();
        phase.model = Model::Trained;
        phase.attack = Trial::Done;
        phase.on(&data());
        assert_eq!(phase, open());
    }

    #[test]
    fn of_two_trials_the_later_gives_the_word() {
        let mut phase = open();
        phase.model = Model::Ready;
        (phase.attack, phase.evaluation) = (Trial::Done, Trial::Done);
        assert_eq!(phase.word(), "judged");
        phase.attacked_last = true;
        assert_eq!(phase.word(), "attacked");
        phase.attack = Trial::None;
        assert_eq!(phase.word(), "judged");
    }

    #[test]
    fn a_paused_model_can_be_attacked_and_then_go_on() {
        let mut phase = open();
        assert_eq!(phase.word(), "ready");
        assert!(phase.can_train() && !phase.can_attack());
        phase.model = Model::Training;
        assert!(phase.can_pause() && !phase.can_train() && !phase.can_attack());
        phase.on(&Event::Paused { step: 3 });
        assert_eq!(phase.word(), "paused");
        assert!(phase.can_resume() && phase.can_attack() && phase.can_stop());
        phase.attack = Trial::Running;
        assert_eq!(phase.word(), "attacking");
        assert!(!phase.can_resume() && phase.can_stop_attack());
        phase.attack = Trial::Done;
        assert_eq!(phase.word(), "attacked");
        assert!(phase.can_resume() && phase.can_attack());
        let phase = phase.give_up_pause();
        assert_eq!(phase.word(), "stopped");
        assert!(!phase.can_resume() && phase.can_attack());
    }

    #[test]
    fn a_comparison_leaves_everything_as_it_was() {
        let mut phase = open();
        phase.model = Model::Ready;
        phase.attack = Trial::Done;
        let before = phase;
        phase.on(&Event::Comparing { done: 0.0 });
        assert_eq!(phase.word(), "comparing");
        assert!(phase.busy() && !phase.can_attack() && !phase.can_train());
        let mut failed = phase;
        phase.on(&Event::Compared { sides: Vec::new() });
        assert_eq!(phase, before);
        failed.on(&Event::Failed {
            message: String::new(),
        });
        assert_eq!(failed, before);
    }

    #[test]
    fn a_failure_leaves_nothing_running() {
        let mut phase = open();
        phase.model = Model::Training;
        phase.on(&Event::Failed {
            message: String::new(),
        });
        assert!(!phase.busy());
        assert!(phase.can_train());
    }
}
