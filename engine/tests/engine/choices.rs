//! Which test images an attack takes, against a plain computation on the answers to all of them.

use std::sync::Arc;

use burn::tensor::Device;
use squeeze_engine::attack::run::{AttackError, Target, run};
use squeeze_engine::attack::{suite, transfer};
use squeeze_engine::config::{AttackConfig, Choice, DataKind, RunConfig, Suite};
use squeeze_engine::control::{Control, Wish};
use squeeze_engine::event::{AttackChosen, AttackStarted, AttackSummary, Event};
use squeeze_engine::model::Model;
use squeeze_engine::random::{Purpose, Stream};
use squeeze_engine::resident::{Resident, Source};
use squeeze_engine::train::Trainer;

use crate::devices::on_every_device;
use crate::training::{data, resident};

on_every_device!(
    images_are_chosen_as_a_plain_computation_has_them,
    what_no_image_is_like_is_told,
    several_models_share_no_choice_of_one
);

/// A model that has learned nothing: it is right about some images and wrong about others.
fn untrained(device: &Device) -> Model {
    let mut config = RunConfig {
        seed: 5,
        ..RunConfig::default()
    };
    config.data.set = DataKind::Folder;
    config.training.held_out = 0;
    let trainer = Trainer::new(config, &resident(device)).unwrap();
    Model::new(&trainer.model(), &trainer.config().guard, 5)
}

fn config(choose: Choice, images: usize) -> AttackConfig {
    AttackConfig {
        epsilon: 0.1,
        iterations: 2,
        batch_size: 8,
        choose,
        images,
        ..AttackConfig::default()
    }
}

const SEED: u64 = 3;

fn attack(
    model: &Model,
    data: &Resident,
    config: &AttackConfig,
) -> Result<(AttackSummary, Vec<Event>), AttackError> {
    let target = Target {
        model,
        data,
        seed: SEED,
    };
    let mut events = Vec::new();
    let mut emit = |event| events.push(event);
    let summary = pollster::block_on(run(&target, config, 5, &Control::default(), &mut emit))?;
    Ok((summary, events))
}

fn chosen(events: &[Event]) -> &AttackChosen {
    let chosen = events.iter().find_map(|event| match event {
        Event::AttackChosen(chosen) => Some(chosen),
        _ => None,
    });
    chosen.unwrap()
}

fn started(events: &[Event]) -> &AttackStarted {
    let started = events.iter().find_map(|event| match event {
        Event::AttackStarted(started) => Some(started),
        _ => None,
    });
    started.unwrap()
}

fn images_are_chosen_as_a_plain_computation_has_them(device: &Device) {
    let model = untrained(device);
    let on_device = resident(device);
    let set = data();
    let count = set.test.len();
    let answer = model.answer(on_device.images(Source::Test, 0..count));
    let logits: Vec<f32> = answer.into_data().try_into_vec().unwrap();
    // There are two classes.
    let margins: Vec<f32> = (0..count)
        .map(|place| {
            let label = usize::from(set.test.labels[place]);
            logits[2 * place + label] - logits[2 * place + 1 - label]
        })
        .collect();
    let all = || (0..count).collect::<Vec<usize>>();
    let only = |keep: &dyn Fn(usize) -> bool| {
        let kept: Vec<usize> = (0..count).filter(|place| keep(*place)).collect();
        kept
    };
    let right = only(&|place| margins[place] > 0.0);
    let wrong = only(&|place| margins[place] <= 0.0);
    assert!(right.len() > 5 && wrong.len() > 5, "{margins:?}");
    let mut rising = right.clone();
    rising.sort_by(|&a, &b| margins[a].partial_cmp(&margins[b]).unwrap());
    let mut falling = right.clone();
    falling.sort_by(|&a, &b| margins[b].partial_cmp(&margins[a]).unwrap());
    let mut drawn = all();
    Stream::new(SEED, Purpose::Choice, 0).shuffle(&mut drawn);
    assert_ne!(drawn, all());

    for (choice, expected) in [
        (Choice::First, all()),
        (Choice::Random, drawn),
        (Choice::SmallestMargin, rising),
        (Choice::LargestMargin, falling),
        (Choice::Misclassified, wrong.clone()),
        (Choice::Class(1), only(&|place| set.test.labels[place] == 1)),
    ] {
        // Across two batches, some of what there is.
        let wanted = 11.min(expected.len() - 1);
        let expected_first = &expected[..wanted];
        let (summary, events) = attack(&model, &on_device, &config(choice, wanted)).unwrap();
        let found = chosen(&events);
        assert_eq!(found.places, expected_first, "{choice}");
        assert_eq!(found.shortfall(), None);
        assert_eq!(summary.images, wanted);
        let taken = (choice != Choice::First).then(|| expected_first.to_vec());
        assert_eq!(summary.places, taken);
        // Those on show are the first of them.
        let show = started(&events);
        assert_eq!(show.places, expected_first[..5]);
        for (at, &place) in show.places.iter().enumerate() {
            assert_eq!(show.labels[at], usize::from(set.test.labels[place]));
            let pixels = |of: &[u8], at: usize| of[at * 64..(at + 1) * 64].to_vec();
            assert_eq!(pixels(&show.pixels, at), pixels(&set.test.pixels, place));
        }
        let clean = match choice {
            Choice::Misclassified => 0.0,
            Choice::SmallestMargin | Choice::LargestMargin => 1.0,
            _ => {
                let right = |place: &&usize| margins[**place] > 0.0;
                expected_first.iter().filter(right).count() as f64 / wanted as f64
            }
        };
        assert_eq!(summary.clean_accuracy, clean, "{choice}");
        // The model is asked about all images only where that decides.
        let asked = events.iter().any(|event| {
            let all = Event::AttackChoosing {
                done: 0,
                total: count,
            };
            *event == all
        });
        assert_eq!(asked, choice.needs_answers(), "{choice}");

        // More than there are: all of them, and a sentence that says so.
        let (summary, events) = attack(&model, &on_device, &config(choice, 1000)).unwrap();
        assert_eq!(chosen(&events).places, expected, "{choice}");
        assert_eq!(summary.images, expected.len());
        let sentence = chosen(&events).shortfall().unwrap();
        let named = sentence.contains(&format!("All {} test images", expected.len()));
        assert!(named && sentence.contains("1000"), "{sentence}");
    }
}

fn what_no_image_is_like_is_told(device: &Device) {
    let model = untrained(device);
    let mut set = data();
    set.test.labels.fill(0);
    let data = Resident::new(Arc::new(set), device);
    let error = attack(&model, &data, &config(Choice::Class(1), 5)).unwrap_err();
    assert!(error.to_string().contains("of class 1"), "{error}");
    let error = attack(&model, &data, &config(Choice::Class(2), 5)).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("attack.choose") && text.contains("class-1"),
        "{text}"
    );

    // The search for images can be stopped.
    let control = Control::default();
    control.set(Wish::Stop);
    let target = Target {
        model: &model,
        data: &data,
        seed: SEED,
    };
    let misclassified = config(Choice::Misclassified, 5);
    let mut emit = |_| {};
    let stopped = run(&target, &misclassified, 5, &control, &mut emit);
    let summary = pollster::block_on(stopped).unwrap();
    assert!(summary.stopped && summary.images == 0, "{summary:?}");
}

fn several_models_share_no_choice_of_one(device: &Device) {
    let model = untrained(device);
    let data = resident(device);
    let models = [("one", &model), ("two", &model)];
    let control = Control::default();
    let tried = |choice| {
        let config = config(choice, 1000);
        pollster::block_on(transfer::matrix(
            &models,
            &data,
            SEED,
            &config,
            &control,
            &mut |_| {},
        ))
    };
    assert_eq!(tried(Choice::Class(0)).unwrap().images, 30);
    let error = tried(Choice::SmallestMargin).unwrap_err().to_string();
    assert!(
        error.contains("attack.choose") && error.contains("class-N"),
        "{error}"
    );
    let target = Target {
        model: &model,
        data: &data,
        seed: SEED,
    };
    let base = config(Choice::Random, 5);
    let mut emit = |_| {};
    let refused = suite::run(&target, Suite::Standard, &base, &control, &mut emit);
    let error = pollster::block_on(refused).unwrap_err().to_string();
    assert!(
        error.contains("attack.choose") && error.contains("AutoAttack"),
        "{error}"
    );
}
