//! [`Ladder`]: attacks one after another on the same images.

use web_time::Instant;

use super::run::{AttackError, Manner, Outcome, Target, on};
use crate::config::AttackConfig;
use crate::control::Control;
use crate::event::{Event, Rung};
use crate::random::{Purpose, Stream};

/// What the attacks so far have left of the images.
pub struct Ladder<'a> {
    target: Target<'a>,
    manner: Manner,
    control: &'a Control,
    /// Every rung has a seed of its own.
    seeds: Stream,
    /// By place in the test set: whether the model was right at every point tried.
    is_right: Vec<bool>,
    /// Least margin seen, by place.
    margins: Vec<f32>,
    rungs: Vec<Rung>,
    /// A point that fooled the model, of each image that has one; by place. Empty unless kept.
    fooled: Vec<Option<Vec<f32>>>,
}

impl<'a> Ladder<'a> {
    /// Begins with images by what the model makes of them without attack: `is_right` and the margins,
    /// by place in the test set. `manner` is that of every rung.
    pub fn new(
        target: Target<'a>,
        is_right: Vec<bool>,
        margins: Vec<f32>,
        manner: Manner,
        control: &'a Control,
    ) -> Self {
        Self {
            seeds: Stream::new(target.seed, Purpose::Rung, 0),
            target,
            manner,
            control,
            fooled: vec![None; is_right.len()],
            is_right,
            margins,
            rungs: Vec::new(),
        }
    }

    /// The images on which the model has been right throughout.
    pub fn standing(&self) -> Vec<usize> {
        (0..self.is_right.len())
            .filter(|&place| self.is_right[place])
            .collect()
    }

    /// Attacks some images and reports the rung; gives back those that fell to it, or nothing if the
    /// user stopped it.
    ///
    /// # Errors
    /// [`AttackError`]
    pub async fn attack(
        &mut self,
        name: &str,
        config: &AttackConfig,
        places: &[usize],
        emit: &mut dyn FnMut(Event),
    ) -> Result<Option<Vec<usize>>, AttackError> {
        let began = Instant::now();
        let key = self.seeds.branch().key;
        let target = Target {
            seed: u64::from(key[0]) | u64::from(key[1]) << 32,
            ..self.target
        };
        let total = places.len();
        let mut tell = |done| {
            emit(Event::RungProgress {
                name: name.to_owned(),
                done,
            });
        };
        tell(0.0);
        let mut pass_on = |event| {
            if let Event::AttackProgress(progress) = event {
                let left = total - progress.images_done;
                let of_batch = progress.iteration as f64 / progress.iterations.max(1) as f64;
                // At the end of a batch its images count as done already.
                let at_work = (of_batch % 1.0) * left.min(config.batch_size) as f64;
                tell((progress.images_done as f64 + at_work) / total.max(1) as f64);
            }
        };
        let outcome = on(
            &target,
            config,
            places,
            self.manner,
            self.control,
            &mut pass_on,
        )
        .await?;
        if outcome.stopped {
            return Ok(None);
        }
        let seconds = began.elapsed().as_secs_f64();
        let fallen = self.take(&outcome);
        self.push(
            name,
            Some(config.clone()),
            total,
            fallen.len(),
            seconds,
            emit,
        );
        Ok(Some(fallen))
    }

    /// Takes points that an attack made elsewhere, one for each of some images, and what the model made of them.
    pub fn offer(
        &mut self,
        name: &str,
        config: AttackConfig,
        outcome: &Outcome,
        seconds: f64,
        emit: &mut dyn FnMut(Event),
    ) -> Vec<usize> {
        let fallen = self.take(outcome);
        self.push(
            name,
            Some(config),
            outcome.places.len(),
            fallen.len(),
            seconds,
            emit,
        );
        fallen
    }

    fn take(&mut self, outcome: &Outcome) -> Vec<usize> {
        let length = self.target.data.data().image_len();
        let mut fallen = Vec::new();
        for (at, &place) in outcome.places.iter().enumerate() {
            self.margins[place] = self.margins[place].min(outcome.margins[at]);
            if outcome.is_right[at] {
                continue;
            }
            fallen.push(place);
            if std::mem::take(&mut self.is_right[place]) {
                let pixels = outcome.worst.get(at * length..(at + 1) * length);
                self.fooled[place] = pixels.map(<[f32]>::to_vec);
            }
        }
        fallen
    }

    fn push(
        &mut self,
        name: &str,
        config: Option<AttackConfig>,
        attacked: usize,
        fallen: usize,
        seconds: f64,
        emit: &mut dyn FnMut(Event),
    ) {
        let rung = Rung {
            name: name.to_owned(),
            config,
            attacked,
            fallen,
            standing: self.standing().len(),
            images: self.is_right.len(),
            seconds,
        };
        emit(Event::Rung(rung.clone()));
        self.rungs.push(rung);
    }

    /// The rungs so far.
    pub fn rungs(&self) -> &[Rung] {
        &self.rungs
    }

    /// Least margin of each image at any point tried, by place.
    pub fn margins(&self) -> &[f32] {
        &self.margins
    }

    /// The points that fooled the model first, with their places, in order.
    pub fn fooled(&self) -> impl Iterator<Item = (usize, &[f32])> {
        self.fooled
            .iter()
            .enumerate()
            .filter_map(|(place, pixels)| Some((place, pixels.as_deref()?)))
    }
}
