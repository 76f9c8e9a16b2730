//! [`Comparison`]: the same attack on the same image, on the model at hand and on others.

use leptos::prelude::*;
use squeeze_engine::event::{AttackFrame, Side};
use squeeze_engine::protocol::{Command, Rival};

use crate::engine::start::beside;
use crate::state::gallery::Outcome;
use crate::state::lab::{Asked, Lab};
use crate::state::models::ReadyModel;

/// The key of all models that lie ready, but for the one at hand.
pub const ALL_READY: &str = "ready";

/// Classes that are shown of each side, at most.
const MOST_CLASSES: usize = 6;

/// A comparison that is at work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparing {
    /// The image, by its place among those on show.
    pub image: usize,
    /// Share of it that is done, in [0, 1].
    pub done: f64,
}

/// A comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The image, by its place among those on show.
    pub image: usize,
    /// The models, that at hand first: two or more.
    pub sides: Vec<Side>,
    /// The place of the iteration on show; the same on every side.
    at: usize,
}

impl Comparison {
    /// Of an image; none where there is nothing to compare.
    pub fn new(image: usize, sides: Vec<Side>) -> Option<Self> {
        let mut comparison = Self {
            image,
            sides,
            at: 0,
        };
        comparison.go_to(usize::MAX);
        (comparison.sides.len() > 1).then_some(comparison)
    }

    /// Iterations that can be shown.
    pub fn frames(&self) -> usize {
        let counts = self.sides.iter().map(|side| side.frames.len());
        counts.min().unwrap_or(0)
    }

    /// The place of the iteration on show.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Shows another iteration, the last one at most.
    pub fn go_to(&mut self, place: usize) {
        self.at = place.min(self.frames().saturating_sub(1));
    }

    /// What a side shows.
    pub fn frame(&self, side: usize) -> Option<&AttackFrame> {
        self.sides.get(side)?.frames.get(self.at)
    }

    /// What became of the image on a side in the end.
    pub fn outcome(&self, side: usize) -> Outcome {
        match self.sides.get(side).map(|side| &side.summary) {
            None => Outcome::Waiting,
            Some(summary) if summary.clean_accuracy == 0.0 => Outcome::WrongBefore,
            Some(summary) if summary.robust_accuracy == 0.0 => Outcome::Fooled,
            Some(_) => Outcome::Holds,
        }
    }

    /// What the image shows in truth.
    pub fn truth(&self) -> usize {
        let label = self
            .sides
            .first()
            .and_then(|side| side.start.labels.first());
        label.copied().unwrap_or(0)
    }

    /// The cross-entropy of the true class at each iteration of a side: what an attack raises.
    pub fn losses(&self, side: usize) -> Vec<(usize, f64)> {
        let truth = self.truth();
        let loss = |frame: &AttackFrame| {
            let share = frame.probabilities.get(truth).copied().unwrap_or(0.0);
            // A share that is too small for a float32 counts as its smallest number.
            (
                frame.iteration,
                -f64::from(share.max(f32::MIN_POSITIVE)).ln(),
            )
        };
        let frames = self.sides.get(side).map(|side| &side.frames[..]);
        frames.unwrap_or_default().iter().map(loss).collect()
    }

    /// The classes that matter, in order: the true one, and those that got the largest shares of any
    /// side at any time.
    pub fn classes(&self) -> Vec<usize> {
        let frames = self.sides.iter().flat_map(|side| &side.frames);
        let starts = self.sides.iter().map(|side| &side.start.probabilities);
        let rows = frames.map(|frame| &frame.probabilities).chain(starts);
        let mut most: Vec<f32> = Vec::new();
        for row in rows {
            most.resize(most.len().max(row.len()), 0.0);
            for (most, share) in most.iter_mut().zip(row) {
                *most = most.max(*share);
            }
        }
        let truth = self.truth();
        let mut classes: Vec<usize> = (0..most.len()).filter(|class| *class != truth).collect();
        classes.sort_by(|&a, &b| most[b].total_cmp(&most[a]));
        classes.truncate(MOST_CLASSES - 1);
        classes.push(truth);
        classes.sort_unstable();
        classes
    }
}

impl Lab {
    /// What the model at hand can be compared with: a key and a title each.
    pub fn rivals(self) -> Vec<(String, String)> {
        let loaded = self.data_kind();
        let ready = self.other_ready_models();
        let key = |model: &ReadyModel| (format!("ready/{}", model.id), model.name.clone());
        let mut rivals: Vec<_> = ready.iter().map(key).collect();
        if ready.len() > 1 {
            rivals.push((
                ALL_READY.to_owned(),
                format!("All {} ready models", ready.len()),
            ));
        }
        self.runs.with(|runs| {
            let at_hand = self.run.get();
            for run in runs.iter().flatten() {
                let fits = Some(run.config.data.set) == loaded && run.step > 0;
                if fits && at_hand.as_ref() != Some(&run.id) {
                    rivals.push((format!("stored/{}", run.id), format!("Run “{}”", run.name)));
                }
            }
        });
        rivals
    }

    /// The models that lie ready for the data at hand, but for the one at hand.
    fn other_ready_models(self) -> Vec<ReadyModel> {
        let loaded = self.data_kind();
        let at_hand = self.model.get();
        let is_other = |model: &&ReadyModel| {
            Some(model.data) == loaded && at_hand.as_ref() != Some(&model.name)
        };
        self.models
            .with(|models| models.iter().filter(is_other).cloned().collect())
    }

    /// Attacks an image on show on the model at hand and on those that a key of [`Self::rivals`]
    /// names, as the attack on show did.
    pub fn compare(self, image: usize, key: &str) {
        let rivals = match key.strip_prefix("stored/") {
            Some(id) => vec![Rival::Stored { id: id.to_owned() }],
            None => untrack(|| self.other_ready_models())
                .into_iter()
                .filter(|model| key == ALL_READY || key == format!("ready/{}", model.id))
                .map(|model| Rival::Ready {
                    url: beside(&format!("models/{}", model.id)),
                    name: model.name,
                })
                .collect(),
        };
        let command = self.gallery.with_untracked(|gallery| {
            let gallery = gallery.as_ref()?;
            Some(Command::Compare {
                config: gallery.start.config.clone(),
                pixels: gallery.start.pixels.get(gallery.pixels(image))?.to_vec(),
                label: gallery.truth(image)?,
                rivals,
            })
        });
        if let Some(command) = command {
            self.comparison.set(None);
            self.comparing.set(Some(Comparing { image, done: 0.0 }));
            self.ask(Asked::Compare, &command, &[]);
        }
    }

    pub(super) fn take_in_comparison(self, sides: Vec<Side>) {
        let image = self.comparing.get_untracked().map(|at| at.image);
        self.comparing.set(None);
        let comparison = image.and_then(|image| Comparison::new(image, sides));
        self.comparison.set(comparison);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use squeeze_engine::config::AttackConfig;
    use squeeze_engine::event::{AttackStarted, AttackSummary};

    use super::*;

    /// A side whose shares of three classes are `rows`, without attack first.
    fn side(rows: &[[f32; 3]], clean: f64, robust: f64) -> Side {
        let frame = |(iteration, row): (usize, &[f32; 3])| AttackFrame {
            iteration,
            sheet: None,
            pixels: vec![0],
            perturbation: vec![128],
            probabilities: row.to_vec(),
            exact: Vec::new(),
        };
        Side {
            name: None,
            start: AttackStarted {
                config: AttackConfig::default(),
                places: Vec::new(),
                image_shape: [1, 1, 1],
                pixels: vec![0],
                labels: vec![1],
                probabilities: rows[0].to_vec(),
                classes: 3,
            },
            frames: rows[1..].iter().enumerate().map(frame).collect(),
            summary: AttackSummary {
                config: AttackConfig::default(),
                images: 1,
                places: None,
                clean_accuracy: clean,
                robust_accuracy: robust,
                reached: None,
                max_perturbation: 0.0,
                ms_per_iteration: 0.0,
                seconds: 0.0,
                stopped: false,
            },
        }
    }

    #[test]
    fn both_sides_are_gone_through_together() {
        let falls = side(
            &[[0.1, 0.9, 0.0], [0.5, 0.5, 0.0], [1.0, 0.0, 0.0]],
            1.0,
            0.0,
        );
        let holds = side(
            &[[0.0, 0.9, 0.1], [0.0, 0.8, 0.2], [0.0, 0.7, 0.3]],
            1.0,
            1.0,
        );
        assert_eq!(Comparison::new(0, vec![falls.clone()]), None);
        let mut comparison = Comparison::new(4, vec![falls, holds]).unwrap();
        assert_eq!((comparison.at(), comparison.frames()), (1, 2));
        comparison.go_to(0);
        let shown = [0, 1].map(|side| comparison.frame(side).unwrap().probabilities[1]);
        assert_eq!(shown, [0.5, 0.8]);
        comparison.go_to(7);
        assert_eq!(comparison.at(), 1);
        let fates = [0, 1, 2].map(|side| comparison.outcome(side));
        assert_eq!(fates, [Outcome::Fooled, Outcome::Holds, Outcome::Waiting]);
        assert_eq!(comparison.truth(), 1);
        let losses = comparison.losses(0);
        assert_eq!(losses[0].0, 0);
        assert!((losses[0].1 - 2f64.ln()).abs() < 1e-6, "{losses:?}");
        // Where the share has vanished the loss is large, and a number.
        assert!((80.0..90.0).contains(&losses[1].1), "{losses:?}");
        assert_eq!(comparison.classes(), [0, 1, 2]);
    }

    #[test]
    fn of_many_classes_those_are_shown_that_matter() {
        let mut one = side(&[[0.0; 3], [0.0; 3]], 0.0, 0.0);
        one.start.labels = vec![9];
        one.start.probabilities = vec![0.0; 10];
        let mut row: Vec<f32> = (0..10).map(|class| class as f32 / 100.0).collect();
        row[9] = 0.0;
        one.frames[0].probabilities = row;
        let comparison = Comparison::new(0, vec![one.clone(), one]).unwrap();
        assert_eq!(comparison.classes(), [4, 5, 6, 7, 8, 9]);
        assert_eq!(comparison.outcome(1), Outcome::WrongBefore);
    }
}
