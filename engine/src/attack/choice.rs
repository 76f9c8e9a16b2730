//! [`choose`]: the test images that an attack takes.

use web_time::Instant;

use super::run::{AttackError, Outcome, SHOW_EVERY, Target, answer};
use crate::config::{AttackConfig, Choice, ConfigError};
use crate::control::{Control, Wish, Yielder};
use crate::evaluate::at_a_time;
use crate::event::{AttackChosen, Event};
use crate::random::{Purpose, Stream};
use crate::resident::{Resident, Source};

/// Places in the test set of the images that `config` takes, in the order in which they are attacked;
/// reported through `emit`. `None` if the user stopped the search for them.
///
/// # Errors
/// [`AttackError`]; [`AttackError::NoImages`] if there is none such.
pub async fn choose(
    target: &Target<'_>,
    config: &AttackConfig,
    control: &Control,
    emit: &mut dyn FnMut(Event),
) -> Result<Option<Vec<usize>>, AttackError> {
    if !config.choose.needs_answers() {
        return choose_unseen(target.data, target.seed, config, emit).map(Some);
    }
    let Some(seen) = see_all(target, control, emit).await? else {
        return Ok(None);
    };
    let places = (0..seen.places.len()).filter(|&place| match config.choose {
        Choice::Misclassified => !seen.was_right[place],
        _ => seen.was_right[place],
    });
    let mut places: Vec<usize> = places.collect();
    let by_margin = |a: &usize, b: &usize| seen.margins[*a].total_cmp(&seen.margins[*b]);
    // Among equals, as they lie.
    match config.choose {
        Choice::SmallestMargin => places.sort_by(by_margin),
        Choice::LargestMargin => places.sort_by(|a, b| by_margin(b, a)),
        _ => {}
    }
    tell(places, config, emit).map(Some)
}

/// The same for a choice that does not depend on what a model makes of the images: several models can
/// share it.
///
/// # Errors
/// [`AttackError::Config`] if it does, [`AttackError::NoImages`] if there is no such image.
pub fn choose_unseen(
    data: &Resident,
    seed: u64,
    config: &AttackConfig,
    emit: &mut dyn FnMut(Event),
) -> Result<Vec<usize>, AttackError> {
    let labels = &data.split(Source::Test).labels;
    let mut places: Vec<usize> = (0..labels.len()).collect();
    match config.choose {
        Choice::First => {}
        Choice::Random => Stream::new(seed, Purpose::Choice, 0).shuffle(&mut places),
        Choice::Class(class) => places.retain(|&place| usize::from(labels[place]) == class),
        Choice::SmallestMargin | Choice::LargestMargin | Choice::Misclassified => {
            return Err(AttackError::Config(ConfigError::OutOfRange {
                field: "attack.choose",
                value: config.choose.to_string(),
                must_be:
                    "`first`, `random` or `class-N` where there are several models: each makes \
                          its own of an image"
                        .to_owned(),
            }));
        }
    }
    tell(places, config, emit)
}

/// Takes as many as were asked for, and reports them.
fn tell(
    mut places: Vec<usize>,
    config: &AttackConfig,
    emit: &mut dyn FnMut(Event),
) -> Result<Vec<usize>, AttackError> {
    places.truncate(config.images);
    if places.is_empty() {
        return Err(AttackError::NoImages(config.choose));
    }
    emit(Event::AttackChosen(AttackChosen {
        choice: config.choose,
        wanted: config.images,
        places: places.clone(),
    }));
    Ok(places)
}

/// What the model makes of every test image without attack; `None` if the user stopped it.
async fn see_all(
    target: &Target<'_>,
    control: &Control,
    emit: &mut dyn FnMut(Event),
) -> Result<Option<Outcome>, AttackError> {
    let total = target.data.split(Source::Test).len();
    let all: Vec<usize> = (0..total).collect();
    let mut seen = Outcome::default();
    let mut yielder = Yielder::new();
    let mut told: Option<Instant> = None;
    for places in all.chunks(at_a_time(target.model, target.data)) {
        if told.is_none_or(|at| at.elapsed() >= SHOW_EVERY) {
            let done = seen.places.len();
            emit(Event::AttackChoosing { done, total });
            told = Some(Instant::now());
        }
        if control.wish() == Wish::Stop {
            return Ok(None);
        }
        let images = target.data.images(Source::Test, places.iter().copied());
        answer(target, places, images, &mut seen).await?;
        yielder.breathe().await;
    }
    Ok(Some(seen))
}
