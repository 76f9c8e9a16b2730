//! A session as the page's worker uses it, and attacks on the model that it trained.

use std::fs;
use std::path::Path;

use burn::tensor::Device;
use squeeze_engine::attack::run::{Target, run};
use squeeze_engine::choice::DeviceWish;
use squeeze_engine::config::{
    AttackConfig, AttackLoss, AttackMethod, DataKind, Effort, EvaluationConfig, Norm,
    ObjectiveConfig, RunConfig,
};
use squeeze_engine::control::{Control, Wish};
use squeeze_engine::data::{DataFile, mnist};
use squeeze_engine::event::{AttackSummary, BrokenRun, Event, Part, RunInfo, StepMetrics};
use squeeze_engine::model::Model;
use squeeze_engine::protocol::Command;
use squeeze_engine::random::{Purpose, Stream};
use squeeze_engine::run::Folder;
use squeeze_engine::session::{Session, steer};
use squeeze_engine::train::Trainer;
use squeeze_engine::verdict::checklist::checklist;
use squeeze_engine::verdict::judge;
use squeeze_engine::verdict::report::{Judged, Report};
use squeeze_engine::verdict::run::About;

use crate::devices::on_every_device;
use crate::training::{data, resident};

on_every_device!(
    an_attack_reports_what_it_does,
    an_attack_goes_for_its_goal,
    a_stopped_attack_says_so
);

fn trained(device: &Device) -> Trainer {
    let mut config = RunConfig {
        objective: ObjectiveConfig::natural(),
        ..RunConfig::default()
    };
    config.data.set = DataKind::Folder;
    config.training.held_out = 0;
    config.training.steps = 25;
    config.training.batch_size = 24;
    config.optimizer.learning_rate = 3e-3;
    let mut trainer = Trainer::new(config, &resident(device)).unwrap();
    pollster::block_on(trainer.run(&resident(device), &Control::default(), &mut |_| {})).unwrap();
    trainer
}

fn attack(
    trainer: &Trainer,
    device: &Device,
    config: &AttackConfig,
    control: &Control,
) -> (AttackSummary, Vec<Event>) {
    let mut events = Vec::new();
    let data = resident(device);
    let model = Model::new(&trainer.model(), &trainer.config().guard, 3);
    let target = Target {
        model: &model,
        data: &data,
        seed: 3,
    };
    let mut emit = |event| events.push(event);
    let summary = pollster::block_on(run(&target, config, 5, control, &mut emit)).unwrap();
    (summary, events)
}

fn config() -> AttackConfig {
    AttackConfig {
        epsilon: 0.3,
        step_size: 0.05,
        iterations: 12,
        images: 50,
        batch_size: 32,
        ..AttackConfig::default()
    }
}

fn an_attack_goes_for_its_goal(device: &Device) {
    let trainer = trained(device);
    let towards = |goal: &str, epsilon, method| {
        let config = AttackConfig {
            goal: goal.parse().unwrap(),
            method,
            epsilon,
            step_size: 0.05,
            loss: AttackLoss::Cw,
            iterations: 30,
            ..config()
        };
        attack(&trainer, device, &config, &Control::default()).0
    };
    // Where nothing may change, an image of another class is class 1 only by mistake.
    let none = towards("class-1", 0.0, AttackMethod::Pgd);
    let mistakes = none.reached.unwrap();
    assert!(mistakes <= 2.0 * (1.0 - none.clean_accuracy), "{none:?}");
    // Where everything may, every one of them is brought there; those of the class stay right.
    for method in [AttackMethod::Pgd, AttackMethod::Apgd] {
        let all = towards("class-1", 1.0, method);
        assert_eq!(all.reached, Some(1.0), "{all:?}");
        assert!((0.4..0.7).contains(&all.robust_accuracy), "{all:?}");
    }
    // There are two classes: what is least likely is the one other.
    let least = towards("least-likely", 1.0, AttackMethod::Pgd);
    assert_eq!((least.reached, least.robust_accuracy), (Some(1.0), 0.0));
    assert_eq!(towards("likely-1", 0.3, AttackMethod::Pgd).reached, None);

    let data = resident(device);
    let target = Target {
        model: &Model::new(&trainer.model(), &trainer.config().guard, 3),
        data: &data,
        seed: 3,
    };
    let absent = AttackConfig {
        goal: "class-7".parse().unwrap(),
        ..config()
    };
    let failed = pollster::block_on(run(&target, &absent, 0, &Control::default(), &mut |_| {}));
    let error = failed.unwrap_err().to_string();
    assert!(
        error.contains("attack.goal") && error.contains("class-1"),
        "{error}"
    );
}

fn an_attack_reports_what_it_does(device: &Device) {
    let trainer = trained(device);
    let (summary, events) = attack(&trainer, device, &config(), &Control::default());
    assert_eq!(summary.images, 50);
    assert!(summary.clean_accuracy > 0.9, "{summary:?}");
    assert!(summary.robust_accuracy < 0.5, "{summary:?}");
    assert!(!summary.stopped);
    let furthest = summary.max_perturbation;
    assert!((0.25..=0.3 + 1e-6).contains(&furthest), "{furthest}");

    let [
        Event::AttackChosen(chosen),
        Event::AttackStarted(started),
        ..,
    ] = &events[..]
    else {
        panic!("{:?}", events.first());
    };
    assert!(chosen.places.iter().copied().eq(0..50), "{chosen:?}");
    assert_eq!(started.places, [0, 1, 2, 3, 4]);
    assert_eq!(started.pixels, data().test.pixels[..5 * 64]);
    assert_eq!(started.labels, [0, 1, 0, 1, 0]);
    assert_eq!(started.probabilities.len(), 5 * started.classes);
    let frames: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::AttackFrame(frame) => Some(frame),
            _ => None,
        })
        .collect();
    assert_eq!(frames.first().unwrap().iteration, 0);
    assert_eq!(frames.last().unwrap().iteration, 12);
    for frame in &frames {
        assert_eq!(frame.pixels.len(), 5 * 64);
        for ((x, clean), shown) in frame
            .pixels
            .iter()
            .zip(&started.pixels)
            .zip(&frame.perturbation)
        {
            // 0.3 is 76.5 of 255; both displays are rounded to whole numbers.
            let moved = f32::from(*x) - f32::from(*clean);
            assert!(moved.abs() <= 77.0, "{moved}");
            let amplified = (f32::from(*shown) - 128.0) / 127.0 * 76.5;
            assert!((amplified - moved).abs() <= 1.2, "{amplified} for {moved}");
        }
        for row in frame.probabilities.chunks(started.classes) {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-4);
        }
    }
    // The last frame holds its perturbation as it is, before any rounding.
    let (last, others) = frames.split_last().unwrap();
    assert!(others.iter().all(|frame| frame.exact.is_empty()));
    let exact: Vec<f32> = last
        .exact
        .chunks_exact(4)
        .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
        .collect();
    assert_eq!(exact.len(), 5 * 64);
    let largest = exact.iter().fold(0.0, |most: f32, by| most.max(by.abs()));
    assert!((0.29..=0.3 + 1e-6).contains(&largest), "{largest}");
    for ((by, clean), x) in exact.iter().zip(&started.pixels).zip(&last.pixels) {
        let found = f32::from(*clean) + 255.0 * by;
        assert!((found - f32::from(*x)).abs() <= 0.5 + 1e-3, "{found} {x}");
    }
    let done: Vec<usize> = events
        .iter()
        .filter_map(|event| match event {
            Event::AttackProgress(progress) => Some(progress.images_done),
            _ => None,
        })
        .collect();
    assert!(done.is_sorted() && done.last() == Some(&50), "{done:?}");
    assert_eq!(events.last(), Some(&Event::AttackFinished(summary.clone())));

    // The same seed gives the same attack; time differs.
    let (again, _) = attack(&trainer, device, &config(), &Control::default());
    assert_eq!(again.robust_accuracy, summary.robust_accuracy);
    assert_eq!(again.max_perturbation, summary.max_perturbation);
    // What more restarts find comes on top.
    let more = AttackConfig {
        epsilon: 0.1,
        step_size: 0.0,
        iterations: 2,
        restarts: 3,
        ..config()
    };
    let (more, events) = attack(&trainer, device, &more, &Control::default());
    let once = AttackConfig {
        restarts: 1,
        ..more.config.clone()
    };
    let (once, _) = attack(&trainer, device, &once, &Control::default());
    assert!(more.robust_accuracy <= once.robust_accuracy);
    assert!(more.robust_accuracy > 0.0, "{more:?}");
    let last = events.iter().rev().find_map(|event| match event {
        Event::AttackProgress(progress) => Some((progress.iteration, progress.iterations)),
        _ => None,
    });
    assert_eq!(last, Some((6, 6)));
    // In l_2 the budget is the length of the whole change.
    let round = AttackConfig {
        norm: Norm::L2,
        epsilon: 1.0,
        step_size: 0.0,
        ..config()
    };
    let (round, _) = attack(&trainer, device, &round, &Control::default());
    assert!(round.max_perturbation <= 1.0 + 1e-5, "{round:?}");
    assert!(round.max_perturbation > 0.9, "{round:?}");
    assert!(round.robust_accuracy < once.clean_accuracy, "{round:?}");
    // Without a budget nothing changes.
    let none = AttackConfig {
        epsilon: 0.0,
        ..config()
    };
    let (none, _) = attack(&trainer, device, &none, &Control::default());
    assert_eq!(none.robust_accuracy, none.clean_accuracy);
    assert_eq!(none.max_perturbation, 0.0);
}

fn a_stopped_attack_says_so(device: &Device) {
    let trainer = trained(device);
    let control = Control::default();
    control.set(Wish::Stop);
    let (summary, _) = attack(&trainer, device, &config(), &control);
    assert!(summary.stopped);
    assert_eq!(summary.images, 0);
}

#[test]
fn commands_out_of_order_are_answered_in_plain_words() {
    let mut session = Session::default();
    let command = Command::Train {
        config: RunConfig::default(),
    };
    let failure = pollster::block_on(session.handle(command, Vec::new(), &mut |_| {})).unwrap_err();
    assert!(failure.contains("not ready"), "{failure}");
}

#[test]
fn only_steering_commands_overtake() {
    let control = Control::default();
    assert_eq!(steer(&control, Command::Pause), None);
    assert_eq!(control.wish(), Wish::Pause);
    assert_eq!(steer(&control, Command::Stop), None);
    assert_eq!(control.wish(), Wish::Stop);
    assert_eq!(steer(&control, Command::Resume), Some(Command::Resume));
}

/// Files of CIFAR-10's binary form, with a few random pictures each.
fn photographs() -> Vec<DataFile> {
    let names = (1..=5).map(|batch| format!("data_batch_{batch}.bin"));
    names
        .chain(["test_batch.bin".to_owned()])
        .enumerate()
        .map(|(seed, name)| {
            let mut stream = Stream::new(seed as u64, Purpose::Noise, 0);
            let bytes = (0..12 * 3073)
                .map(|at| match at % 3073 {
                    0 => (at / 3073 % 10) as u8,
                    _ => stream.next_u32() as u8,
                })
                .collect();
            DataFile { name, bytes }
        })
        .collect()
}

/// A session and all that it said.
pub struct Page {
    pub session: Session,
    events: Vec<Event>,
}

impl Page {
    /// On the CPU, with photographs loaded, storing its runs in `folder`.
    pub fn new(folder: &Path) -> Self {
        let mut page = Self {
            session: Session::default(),
            events: Vec::new(),
        };
        let mut emit = |event| page.events.push(event);
        let session = &mut page.session;
        pollster::block_on(session.open(DeviceWish::Cpu, &mut emit)).unwrap();
        let folder = Folder::at(folder).unwrap();
        pollster::block_on(session.store_in(folder, &mut emit)).unwrap();
        let load = Command::Load {
            data: None,
            seed: 0,
        };
        page.handle(load, photographs()).unwrap();
        page
    }

    pub fn handle(&mut self, command: Command, files: Vec<DataFile>) -> Result<(), String> {
        let mut emit = |event| self.events.push(event);
        pollster::block_on(self.session.handle(command, files, &mut emit))
    }

    pub fn runs(&self) -> Vec<RunInfo> {
        let last = self.events.iter().rev().find_map(|event| match event {
            Event::Runs { runs, .. } => Some(runs.clone()),
            _ => None,
        });
        last.unwrap()
    }

    fn broken(&self) -> Vec<BrokenRun> {
        let last = self.events.iter().rev().find_map(|event| match event {
            Event::Runs { broken, .. } => Some(broken.clone()),
            _ => None,
        });
        last.unwrap()
    }

    fn steps(&self) -> Vec<StepMetrics> {
        let steps = self.events.iter().filter_map(|event| match event {
            Event::Steps(steps) => Some(steps.steps.clone()),
            _ => None,
        });
        steps.flatten().collect()
    }
}

pub fn short_run() -> RunConfig {
    let mut config = RunConfig::default();
    config.data.set = DataKind::Cifar10;
    config.training.steps = 8;
    config.training.batch_size = 4;
    config.training.held_out = 10;
    config.training.eval_every = 3;
    config
}

#[test]
fn runs_outlive_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let mut whole = Page::new(&folder.path().join("whole"));
    whole
        .handle(
            Command::Train {
                config: short_run(),
            },
            Vec::new(),
        )
        .unwrap();
    assert!(whole.runs()[0].finished);

    // The page is closed in the middle of a run ...
    let place = folder.path().join("closed");
    let mut first = Page::new(&place);
    assert!(first.runs().is_empty());
    let control = first.session.control();
    let mut events = Vec::new();
    let mut stop_at_two = |event: Event| {
        if let Event::Steps(steps) = &event
            && steps.steps.iter().any(|step| step.step >= 2)
        {
            control.set(Wish::Stop);
        }
        events.push(event);
    };
    let train = Command::Train {
        config: short_run(),
    };
    let run = first.session.handle(train, Vec::new(), &mut stop_at_two);
    pollster::block_on(run).unwrap();
    first.events.extend(events);
    drop(first);

    // ... and opened again: the run is there and goes on as if nothing had been.
    let mut page = Page::new(&place);
    let [info] = &page.runs()[..] else {
        panic!("{:?}", page.runs());
    };
    assert_eq!((info.config.clone(), info.finished), (short_run(), false));
    assert!((2..8).contains(&info.step), "{info:?}");
    let id = info.id.clone();
    page.handle(Command::OpenRun { id: id.clone() }, Vec::new())
        .unwrap();
    let opened = page.events.iter().find_map(|event| match event {
        Event::RunOpened(opened) => Some(opened.clone()),
        _ => None,
    });
    let mut steps = opened.unwrap().steps;
    assert_eq!(steps.len(), info.step);
    page.handle(Command::Resume, Vec::new()).unwrap();
    steps.extend(page.steps());
    assert_eq!(steps, whole.steps());
    let info = page.runs()[0].clone();
    assert!(info.finished && info.test_accuracy.is_some(), "{info:?}");
    assert_eq!(info.test_accuracy, whole.runs()[0].test_accuracy);

    // A finished run opens with the evaluation that ended it.
    page.handle(Command::OpenRun { id }, Vec::new()).unwrap();
    let opened = page.events.iter().rev().find_map(|event| match event {
        Event::RunOpened(opened) => Some(opened.clone()),
        _ => None,
    });
    let evaluations = opened.unwrap().evaluations;
    assert_eq!(evaluations.last().unwrap().part, Part::Test);
    // After three, six and all eight steps, and of the test set.
    assert_eq!(evaluations.len(), 4);
    let failure = page.handle(Command::Resume, Vec::new()).unwrap_err();
    assert!(failure.contains("finished"), "{failure}");

    // Its model can be attacked, with the data set that it is for.
    let attack = || Command::Attack {
        config: config(),
        show: 0,
    };
    page.handle(attack(), Vec::new()).unwrap();
    assert!(matches!(page.events.last(), Some(Event::AttackFinished(_))));

    // Its curves can be read to be compared; those of a run that there is not cannot.
    let read = |id: &str| Command::ReadRun { id: id.to_owned() };
    page.handle(read(&info.id), Vec::new()).unwrap();
    let Some(Event::RunCurves(curves)) = page.events.last() else {
        panic!("{:?}", page.events.last());
    };
    assert_eq!(curves.info.id, info.id);
    assert_eq!(curves.steps, whole.steps());
    assert_eq!(curves.evaluations, evaluations);
    let looks: Vec<usize> = curves.looks.iter().map(|look| look.step).collect();
    let held_out: Vec<usize> = evaluations[..3].iter().map(|seen| seen.step).collect();
    assert_eq!(looks, held_out);
    let failure = page.handle(read("nowhere"), Vec::new()).unwrap_err();
    assert!(failure.contains("nowhere"), "{failure}");
}

#[test]
fn a_verdict_lives_with_its_run_until_training_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut page = Page::new(folder.path());
    let failure = page
        .handle(Command::DownloadReport, Vec::new())
        .unwrap_err();
    assert!(failure.contains("no report yet"), "{failure}");
    let control = page.session.control();
    let mut stop_at_two = |event: Event| {
        if matches!(&event, Event::Steps(steps) if steps.steps.iter().any(|step| step.step >= 2)) {
            control.set(Wish::Stop);
        }
    };
    let config = short_run();
    let train = Command::Train { config };
    let run = page.session.handle(train, Vec::new(), &mut stop_at_two);
    pollster::block_on(run).unwrap();

    let evaluate = |epsilon| Command::Evaluate {
        attack: AttackConfig {
            epsilon,
            iterations: 2,
            ..AttackConfig::default()
        },
        evaluation: EvaluationConfig {
            effort: Effort::Quick,
            images: 4,
            batch_size: 4,
        },
    };
    page.handle(evaluate(0.03), Vec::new()).unwrap();
    let report = page.events.iter().find_map(|event| match event {
        Event::Verdict(report) => Some(report.clone()),
        _ => None,
    });
    let report = report.unwrap();
    assert_eq!(report.subject.step, Some(page.runs()[0].step));
    let judged = Judged {
        verdict: report.verdict,
        norm: report.subject.norm,
        epsilon: report.subject.epsilon,
        effort: report.subject.effort,
        images: 4,
    };
    assert_eq!(page.runs()[0].verdict, Some(judged));
    let id = page.runs()[0].id.clone();
    page.handle(Command::DownloadReport, Vec::new()).unwrap();
    let Some(Event::File { name, bytes }) = page.events.last() else {
        panic!("{:?}", page.events.last());
    };
    assert!(
        name.starts_with("report-") && name.ends_with("-linf-0.03.html"),
        "{name}"
    );
    let stored = std::fs::read(folder.path().join(&id).join("report.html")).unwrap();
    assert_eq!(*bytes, stored);

    // Judged for another budget the first report keeps a name of its own, until it is made anew.
    let place = folder.path().join(&id);
    let first = fs::read(place.join("evaluation.json")).unwrap();
    page.handle(evaluate(0.05), Vec::new()).unwrap();
    assert_eq!(page.runs()[0].verdict.unwrap().epsilon, 0.05);
    let aside = fs::read(place.join("evaluation-linf-0.03.json")).unwrap();
    assert_eq!(aside, first);
    assert!(place.join("report-linf-0.03.html").exists());
    page.handle(evaluate(0.03), Vec::new()).unwrap();
    assert!(place.join("evaluation-linf-0.05.json").exists());
    assert!(!place.join("evaluation-linf-0.03.json").exists());
    assert_eq!(page.runs()[0].verdict, Some(judged));

    // Opened again it is there, and so it is after a way through a zip.
    let opened = |page: &mut Page, id: &str| {
        page.events.clear();
        page.handle(Command::OpenRun { id: id.to_owned() }, Vec::new())
            .unwrap();
        let opened = page.events.iter().find_map(|event| match event {
            Event::RunOpened(opened) => Some(opened.report.clone()),
            _ => None,
        });
        opened.unwrap().map(|report| report.verdict)
    };
    assert_eq!(opened(&mut page, &id), Some(report.verdict));
    page.handle(Command::DownloadRun { id: id.clone() }, Vec::new())
        .unwrap();
    let Some(Event::File { bytes, .. }) = page.events.last().cloned() else {
        panic!("{:?}", page.events.last());
    };
    let name = "mine.zip".to_owned();
    page.handle(Command::UploadRun, vec![DataFile { name, bytes }])
        .unwrap();
    let copy = page.runs()[0].id.clone();
    assert_ne!(copy, id);
    assert_eq!(page.runs()[0].verdict, Some(judged));

    // One that cannot be read does not lock the run.
    std::fs::write(folder.path().join(&copy).join("evaluation.json"), "{").unwrap();
    assert_eq!(opened(&mut page, &copy), None);
    let warned = page.events.iter().any(
        |event| matches!(event, Event::Warning { message } if message.contains("evaluation.json")),
    );
    assert!(warned, "{:?}", page.events);

    // A model that is trained further is another one.
    assert_eq!(opened(&mut page, &id), Some(report.verdict));
    page.handle(Command::Resume, Vec::new()).unwrap();
    let runs = page.runs();
    let run = runs.iter().find(|run| run.id == id).unwrap();
    assert!(run.finished);
    assert_eq!(run.verdict, None);
    assert_eq!(opened(&mut page, &id), None);
}

#[test]
fn stored_runs_are_renamed_copied_packed_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let mut page = Page::new(folder.path());
    page.handle(
        Command::Train {
            config: short_run(),
        },
        Vec::new(),
    )
    .unwrap();
    let id = page.runs()[0].id.clone();
    assert_eq!(page.runs()[0].name, "CIFAR-10 1");
    let name = "First / best".to_owned();
    page.handle(
        Command::RenameRun {
            id: id.clone(),
            name,
        },
        Vec::new(),
    )
    .unwrap();
    page.handle(Command::DuplicateRun { id: id.clone() }, Vec::new())
        .unwrap();
    let names: Vec<String> = page.runs().iter().map(|run| run.name.clone()).collect();
    assert_eq!(names, ["First / best (copy)", "First / best"]);
    let copy = page.runs()[0].id.clone();

    page.handle(Command::DownloadRun { id: id.clone() }, Vec::new())
        .unwrap();
    let Some(Event::File { name, bytes }) = page.events.last().cloned() else {
        panic!("{:?}", page.events.last());
    };
    assert_eq!(name, "First---best.zip");
    page.handle(Command::DeleteRun { id: id.clone() }, Vec::new())
        .unwrap();
    assert_eq!(page.runs().len(), 1);
    // The copy is whole: it opens.
    page.handle(Command::OpenRun { id: copy }, Vec::new())
        .unwrap();
    let failure = page
        .handle(Command::OpenRun { id }, Vec::new())
        .unwrap_err();
    assert!(failure.contains("deleted"), "{failure}");

    let upload = |bytes: &[u8]| {
        let file = DataFile {
            name: "mine.zip".to_owned(),
            bytes: bytes.to_vec(),
        };
        (Command::UploadRun, vec![file])
    };
    let (command, files) = upload(&bytes);
    page.handle(command, files).unwrap();
    assert_eq!(page.runs()[0].name, "First / best");
    assert_eq!(page.runs().len(), 2);
    for bad in [&bytes[..bytes.len() / 2], b"no zip"] {
        let (command, files) = upload(bad);
        let failure = page.handle(command, files).unwrap_err();
        assert!(failure.contains("mine.zip"), "{failure}");
        assert_eq!(page.runs().len(), 2);
    }
}

#[test]
fn a_run_is_at_hand_in_one_window_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Page::new(folder.path());
    let train = || Command::Train {
        config: short_run(),
    };
    first.handle(train(), Vec::new()).unwrap();
    let id = first.runs()[0].id.clone();
    let open = || Command::OpenRun { id: id.clone() };
    let delete = || Command::DeleteRun { id: id.clone() };
    // As often as one likes in its own window.
    first.handle(open(), Vec::new()).unwrap();
    let mut second = Page::new(folder.path());
    for command in [open(), delete()] {
        let failure = second.handle(command, Vec::new()).unwrap_err();
        assert!(
            failure.contains("“CIFAR-10 1” is in use by another"),
            "{failure}"
        );
    }
    // Another run takes its place there, and it is free.
    first.handle(train(), Vec::new()).unwrap();
    second.handle(open(), Vec::new()).unwrap();
    second.handle(delete(), Vec::new()).unwrap();
    assert_eq!(second.runs().len(), 1);
}

#[test]
fn what_cannot_be_read_is_shown_and_what_was_never_whole_is_cleared_away() {
    let folder = tempfile::tempdir().unwrap();
    let mut page = Page::new(folder.path());
    let train = Command::Train {
        config: short_run(),
    };
    page.handle(train, Vec::new()).unwrap();
    let id = page.runs()[0].id.clone();
    drop(page);
    let half = folder.path().join("123");
    fs::create_dir(&half).unwrap();
    fs::write(half.join("config.toml"), "seed = 1").unwrap();
    fs::write(folder.path().join(&id).join("config.toml"), "seed = ").unwrap();

    let mut page = Page::new(folder.path());
    assert!(!half.exists());
    assert_eq!(page.runs(), []);
    let broken = page.broken();
    assert_eq!((&broken[0].id, broken.len()), (&id, 1));
    assert_eq!(broken[0].name, "CIFAR-10 1");
    assert!(broken[0].reason.contains("config.toml"), "{broken:?}");
    // What is left of it can be had, and it can be done away with.
    let download = Command::DownloadRun { id: id.clone() };
    page.handle(download, Vec::new()).unwrap();
    assert!(matches!(page.events.last(), Some(Event::File { .. })));
    page.handle(Command::DeleteRun { id }, Vec::new()).unwrap();
    assert_eq!(page.broken(), []);
}

#[test]
fn a_run_that_cannot_be_stored_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut page = Page::new(folder.path());
    let train = Command::Train {
        config: short_run(),
    };
    // Something is in the way where the state goes.
    let mut events = Vec::new();
    let mut block = |event: Event| {
        if let Event::TrainingStarted(started) = &event {
            let id = started.run.as_ref().unwrap();
            fs::create_dir(folder.path().join(id).join("checkpoint.safetensors")).unwrap();
        }
        events.push(event);
    };
    let run = page.session.handle(train, Vec::new(), &mut block);
    pollster::block_on(run).unwrap();
    let warnings: Vec<&String> = events
        .iter()
        .filter_map(|event| match event {
            Event::Warning { message } => Some(message),
            _ => None,
        })
        .collect();
    assert!(
        warnings[0].contains("step 8 of this run is not stored"),
        "{warnings:?}"
    );
    let is_saved = |event: &Event| matches!(event, Event::Saved { .. });
    assert!(!events.iter().any(is_saved));
    let is_finished = |event: &Event| matches!(event, Event::TrainingFinished(_));
    assert!(events.iter().any(is_finished));
    // Its model is at hand.
    let attack = Command::Attack {
        config: config(),
        show: 0,
    };
    page.handle(attack, Vec::new()).unwrap();
}

#[test]
fn the_data_set_is_kept_when_another_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut page = Page::new(folder.path());
    let load = Command::Load {
        data: None,
        seed: 0,
    };
    let mut broken = photographs();
    broken[2].bytes.pop();
    let failure = page.handle(load, broken).unwrap_err();
    assert!(failure.contains("data_batch_3.bin"), "{failure}");
    page.handle(
        Command::Train {
            config: short_run(),
        },
        Vec::new(),
    )
    .unwrap();
    // A config for another data set is refused before anything is stored.
    let other = RunConfig::default();
    let failure = page
        .handle(Command::Train { config: other }, Vec::new())
        .unwrap_err();
    assert!(failure.contains("data.set"), "{failure}");
    assert_eq!(page.runs().len(), 1);
}

/// Every model that the page lists is whole, small, and opened as it is described; what is not is refused
/// by its name, and what was there before stays.
#[test]
fn models_that_lie_ready_are_opened() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |name: &str| fs::read(root.join(name)).unwrap();
    let mut events = Vec::new();
    let mut emit = |event| events.push(event);
    let mut session = Session::default();
    pollster::block_on(session.open(DeviceWish::Cpu, &mut emit)).unwrap();
    let files = mnist::FILES.map(|name| read(&format!("data/mnist/{name}")));
    session.load_mnist(&files, &mut emit).unwrap();

    let index: Vec<serde_json::Value> = serde_json::from_slice(&read("models/index.json")).unwrap();
    assert!(index.len() >= 5);
    let readme = String::from_utf8(read("models/README.md")).unwrap();
    let mut open = |name: &str, config: &str, weights: &[u8], report: &[u8]| {
        let report = Some(report);
        pollster::block_on(session.open_model(name.to_owned(), config, weights, report, &mut emit))
    };
    for model in &index {
        let id = model["id"].as_str().unwrap();
        let config = String::from_utf8(read(&format!("models/{id}.toml"))).unwrap();
        let weights = read(&format!("models/{id}.safetensors"));
        assert!(weights.len() <= 500_000, "{id} has {} bytes", weights.len());
        let report = read(&format!("models/{id}.report.json"));
        open(id, &config, &weights, &report).unwrap();
        let told: Report = serde_json::from_slice(&report).unwrap();
        let about = About::of(&RunConfig::from_toml(&config).unwrap(), None);
        assert!(told.is_whole(), "{id}");
        assert_eq!(told.subject.training, about.training, "{id}");
        let (verdict, reasons) = judge::verdict(&told);
        assert_eq!((verdict, &reasons), (told.verdict, &told.reasons), "{id}");
        assert_eq!(checklist(&told), told.checklist, "{id}");
        let shares = [
            told.clean_accuracy,
            told.apparent_accuracy.unwrap(),
            told.robust_accuracy,
        ];
        let [clean, usual, everything] = shares.map(|share| format!("{:.1}", 100.0 * share));
        let mut lines = readme.lines();
        let row = lines.find(|line| line.starts_with(&format!("| {id} |")));
        let row: Vec<&str> = row.unwrap().trim_matches('|').split('|').collect();
        let [.., c, u, autoattack, e, v] = row[..] else {
            panic!("{row:?}");
        };
        let told = [c, u, e, v].map(str::trim);
        assert_eq!(told, [&clean, &usual, &everything, verdict.title()], "{id}");
        // The ladder has more attacks than AutoAttack.
        let autoattack: f64 = autoattack.trim().parse().unwrap();
        assert!(
            autoattack >= 100.0 * shares[2] - 0.1,
            "{id} {autoattack} {everything}"
        );
        let cut = open("cut short", &config, &weights[..1000], &report).unwrap_err();
        assert!(cut.contains("“cut short”"), "{cut}");
        let cut = open("badly judged", &config, &weights, &report[..1000]).unwrap_err();
        assert!(cut.contains("report of “badly judged” is damaged"), "{cut}");
    }
    let other = open("other", "network = \"small\"", &[], b"{}").unwrap_err();
    assert!(other.contains("network"), "{other}");
    let opened = events.iter().filter_map(|event| match event {
        Event::ModelOpened(opened) => Some(opened.name.as_str()),
        _ => None,
    });
    let ids = index.iter().filter_map(|model| model["id"].as_str());
    assert!(opened.eq(ids));
}

/// Opens a model of `models` as the page does.
fn open_ready(session: &mut Session, id: &str) -> Vec<Event> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models");
    let read = |end: &str| fs::read(path.join(format!("{id}.{end}"))).unwrap();
    let config = String::from_utf8(read("toml")).unwrap();
    let (weights, report) = (read("safetensors"), read("report.json"));
    let mut events = Vec::new();
    let mut emit = |event| events.push(event);
    pollster::block_on(session.open_model(
        id.to_owned(),
        &config,
        &weights,
        Some(&report),
        &mut emit,
    ))
    .unwrap();
    events
}

/// A model comes with what data set it is for: MNIST with its images, photographs without any, and then only
/// images of one's own can be attacked.
#[test]
fn a_model_of_other_images_needs_none_of_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut session = Session::default();
    let mut nothing = |_| {};
    pollster::block_on(session.open(DeviceWish::Cpu, &mut nothing)).unwrap();
    let files = mnist::FILES.map(|name| fs::read(root.join("data/mnist").join(name)).unwrap());
    session.load_mnist(&files, &mut nothing).unwrap();
    let loaded = |events: &[Event]| {
        events.iter().find_map(|event| match event {
            Event::Data(report) => Some((report.kind, report.test_images, report.classes.len())),
            _ => None,
        })
    };
    let events = open_ready(&mut session, "cifar10-natural");
    assert_eq!(loaded(&events), Some((DataKind::Cifar10, 0, 10)));
    let events = open_ready(&mut session, "cifar10-adversarial");
    assert_eq!(loaded(&events), None);

    let small = AttackConfig {
        epsilon: 8.0 / 255.0,
        iterations: 5,
        images: 40,
        ..AttackConfig::default()
    };
    let evaluation = EvaluationConfig::default();
    let config = RunConfig::from_toml(
        &fs::read_to_string(root.join("models/cifar10-natural.toml")).unwrap(),
    );
    for command in [
        Command::Attack {
            config: small.clone(),
            show: 0,
        },
        Command::Evaluate {
            attack: small.clone(),
            evaluation,
        },
        Command::Train {
            config: config.unwrap(),
        },
    ] {
        let failed = pollster::block_on(session.handle(command, Vec::new(), &mut nothing));
        let failed = failed.unwrap_err();
        assert!(
            failed.contains("images of CIFAR-10 are not loaded"),
            "{failed}"
        );
    }
    // What was refused leaves the model where it is.
    let mut events = Vec::new();
    let image = Command::AttackImage {
        config: small.clone(),
        pixels: (0..3072u32).map(|at| (at * 7 % 251) as u8).collect(),
        label: None,
    };
    let mut emit = |event| events.push(event);
    pollster::block_on(session.handle(image, Vec::new(), &mut emit)).unwrap();
    assert!(matches!(events.last(), Some(Event::AttackFinished(_))));

    let events = open_ready(&mut session, "mnist-adversarial");
    assert_eq!(loaded(&events), Some((DataKind::Mnist, 10_000, 10)));
    let mut events = Vec::new();
    let mut emit = |event| events.push(event);
    let attack = Command::Attack {
        config: AttackConfig {
            images: 40,
            iterations: 20,
            ..AttackConfig::default()
        },
        show: 0,
    };
    pollster::block_on(session.handle(attack, Vec::new(), &mut emit)).unwrap();
    let Some(Event::AttackFinished(summary)) = events.last() else {
        panic!("{:?}", events.last());
    };
    let index = fs::read(root.join("models/index.json")).unwrap();
    let index: Vec<serde_json::Value> = serde_json::from_slice(&index).unwrap();
    let told = index
        .iter()
        .find(|model| model["id"] == "mnist-adversarial");
    for (found, told) in [
        (summary.clean_accuracy, &told.unwrap()["clean"]),
        (summary.robust_accuracy, &told.unwrap()["usual"]),
    ] {
        assert!((found - told.as_f64().unwrap()).abs() < 0.12, "{summary:?}");
    }
}
