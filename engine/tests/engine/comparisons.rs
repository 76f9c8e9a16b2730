//! One image attacked on several models: each side is what the model alone would have shown.

use std::fs;
use std::path::Path;

use squeeze_engine::choice::DeviceWish;
use squeeze_engine::config::AttackConfig;
use squeeze_engine::control::Wish;
use squeeze_engine::data::mnist;
use squeeze_engine::event::{AttackFrame, AttackStarted, AttackSummary, Event, Side};
use squeeze_engine::protocol::Command;
use squeeze_engine::session::{Opponent, Session};

use crate::sessions::{Page, short_run};

fn read(name: &str) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::read(root.join(name)).unwrap()
}

/// Config and weights of a model that lies ready.
fn ready(id: &str) -> (String, Vec<u8>) {
    let config = String::from_utf8(read(&format!("models/{id}.toml"))).unwrap();
    (config, read(&format!("models/{id}.safetensors")))
}

/// A session on the CPU with a ready model at hand.
fn session(id: &str) -> Session {
    let mut session = Session::default();
    let mut emit = |_| {};
    pollster::block_on(session.open(DeviceWish::Cpu, &mut emit)).unwrap();
    let files = mnist::FILES.map(|name| read(&format!("data/mnist/{name}")));
    session.load_mnist(&files, &mut emit).unwrap();
    let (config, weights) = ready(id);
    let opened = session.open_model(id.to_owned(), &config, &weights, None, &mut emit);
    pollster::block_on(opened).unwrap();
    session
}

fn config() -> AttackConfig {
    AttackConfig {
        iterations: 12,
        images: 40,
        ..AttackConfig::default()
    }
}

/// The beginning, the iterations and the end of an attack.
fn told(events: &[Event]) -> (AttackStarted, Vec<AttackFrame>, AttackSummary) {
    let find = |event: &Event| match event {
        Event::AttackStarted(start) => Some(start.clone()),
        _ => None,
    };
    let start = events.iter().find_map(find).unwrap();
    let frames = events.iter().filter_map(|event| match event {
        Event::AttackFrame(frame) => Some(frame.clone()),
        _ => None,
    });
    let Some(Event::AttackFinished(summary)) = events.last() else {
        panic!("{:?}", events.last());
    };
    (start, frames.collect(), summary.clone())
}

fn handle(session: &mut Session, command: Command) -> Vec<Event> {
    let mut events = Vec::new();
    let mut emit = |event| events.push(event);
    pollster::block_on(session.handle(command, Vec::new(), &mut emit)).unwrap();
    events
}

fn compare(
    session: &mut Session,
    image: (&[u8], usize),
    opponents: Vec<Opponent>,
) -> Result<Vec<Side>, String> {
    let mut events = Vec::new();
    let mut emit = |event| events.push(event);
    session.begin();
    pollster::block_on(session.compare(&config(), image, opponents, &mut emit))?;
    let done = events.iter().filter_map(|event| match event {
        Event::Comparing { done } => Some(*done),
        _ => None,
    });
    let done: Vec<f64> = done.collect();
    assert!(
        done.is_sorted() && done[0] == 0.0 && *done.last().unwrap() == 1.0,
        "{done:?}"
    );
    match events.pop() {
        Some(Event::Compared { sides }) => Ok(sides),
        other => panic!("{other:?}"),
    }
}

/// What a side tells is what the model told when it was attacked alone; time differs.
fn assert_is(side: &Side, alone: &[Event]) {
    let (start, frames, summary) = told(alone);
    assert_eq!(side.start, start);
    assert_eq!(side.frames, frames);
    assert_eq!(side.summary.robust_accuracy, summary.robust_accuracy);
    assert_eq!(side.summary.clean_accuracy, summary.clean_accuracy);
    assert_eq!(side.summary.max_perturbation, summary.max_perturbation);
}

#[test]
fn each_side_is_the_model_attacked_alone_and_the_one_at_hand_stays() {
    let mut first = session("mnist-natural");
    let attack = || Command::Attack {
        config: config(),
        show: 3,
    };
    let (start, frames, _) = told(&handle(&mut first, attack()));
    assert_eq!(start.places, [0, 1, 2]);
    let image = (&start.pixels[784..2 * 784], start.labels[1]);
    let (text, weights) = ready("mnist-adversarial");
    let given = |weights: &[u8]| {
        vec![Opponent::Given {
            name: "Trained on attacks".to_owned(),
            config: text.clone(),
            weights: weights.to_vec(),
        }]
    };
    let sides = compare(&mut first, image, given(&weights)).unwrap();
    let names: Vec<Option<&str>> = sides.iter().map(|side| side.name.as_deref()).collect();
    assert_eq!(names, [None, Some("Trained on attacks")]);
    assert_ne!(sides[0].frames, sides[1].frames);

    let alone = || Command::AttackImage {
        config: config(),
        pixels: image.0.to_vec(),
        label: Some(image.1),
    };
    assert_is(&sides[0], &handle(&mut first, alone()));
    assert_is(
        &sides[1],
        &handle(&mut session("mnist-adversarial"), alone()),
    );
    // The one falls where the other stands.
    let robust = sides.iter().map(|side| side.summary.robust_accuracy);
    assert!(robust.eq([0.0, 1.0]), "{sides:?}");
    // The model at hand is the one that it was.
    let (again, same, _) = told(&handle(&mut first, attack()));
    assert_eq!(again, start);
    assert_eq!(same.last(), frames.last());

    // What does not fit is named, and nothing is lost by it.
    let error = compare(&mut first, image, given(&weights[..1000])).unwrap_err();
    assert!(error.contains("“Trained on attacks”"), "{error}");
    let error = compare(&mut first, (&image.0[1..], image.1), given(&weights)).unwrap_err();
    assert!(error.contains("784"), "{error}");
    assert_is(&sides[0], &handle(&mut first, alone()));
}

#[test]
fn a_stored_run_is_an_opponent_and_the_user_can_stop() {
    let folder = tempfile::tempdir().unwrap();
    let mut page = Page::new(folder.path());
    for seed in [0, 1] {
        let mut config = short_run();
        config.seed = seed;
        page.handle(Command::Train { config }, Vec::new()).unwrap();
    }
    let runs = page.runs();
    let other = runs
        .iter()
        .find(|run| run.config.seed == 0)
        .unwrap()
        .clone();
    let pixels: Vec<u8> = (0..3072).map(|at| (at % 251) as u8).collect();
    let stored = |id: &str| vec![Opponent::Stored { id: id.to_owned() }];
    let sides = compare(&mut page.session, (&pixels, 4), stored(&other.id)).unwrap();
    assert_eq!(sides[1].name.as_deref(), Some("CIFAR-10 1"));
    assert_ne!(sides[0].frames, sides[1].frames);
    let error = compare(&mut page.session, (&pixels, 4), stored("12")).unwrap_err();
    assert!(error.contains("deleted"), "{error}");

    // Stopped on the way, there is nothing to show.
    let control = page.session.control();
    let mut events = Vec::new();
    let mut stop = |event: Event| {
        if matches!(event, Event::Comparing { done } if done > 0.0) {
            control.set(Wish::Stop);
        }
        events.push(event);
    };
    let config = config();
    page.session.begin();
    let stopped = page
        .session
        .compare(&config, (&pixels, 4), stored(&other.id), &mut stop);
    pollster::block_on(stopped).unwrap();
    let nothing = Event::Compared { sides: Vec::new() };
    assert_eq!(events.last(), Some(&nothing));

    // A stop that comes while the opponents are still fetched is not forgotten.
    page.session.begin();
    page.session.control().set(Wish::Stop);
    let mut events = Vec::new();
    let mut emit = |event| events.push(event);
    let stopped = page
        .session
        .compare(&config, (&pixels, 4), stored(&other.id), &mut emit);
    pollster::block_on(stopped).unwrap();
    assert_eq!(events.last(), Some(&nothing));

    // Opened, it shows the same, from the other's random start: that is of the seed of the run at hand.
    let id = other.id.clone();
    page.handle(Command::OpenRun { id }, Vec::new()).unwrap();
    let opened = compare(&mut page.session, (&pixels, 4), Vec::new()).unwrap();
    assert_eq!(opened[0].start.probabilities, sides[1].start.probabilities);
}
