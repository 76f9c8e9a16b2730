//! [`Gallery`]: the images on show in an attack, and what the model makes of each.

use std::ops::Range;

use squeeze_engine::event::{AttackFrame, AttackStarted};

use crate::browser::sheets::Row;

/// What the model says of one image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// The most probable class.
    pub class: usize,
    /// Its probability.
    pub confidence: f32,
}

/// What became of one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The attack has not shown this image yet.
    Waiting,
    /// Recognised before and still.
    Holds,
    /// Recognised before, no longer.
    Fooled,
    /// Not recognised even before.
    WrongBefore,
}

/// Iterations that are kept to be gone back to.
const MOST_FRAMES: usize = 240;

/// The images on show.
#[derive(Clone, Debug, PartialEq)]
pub struct Gallery {
    /// The beginning: clean images and what the model says of them.
    pub start: AttackStarted,
    /// What came by, in order.
    frames: Vec<AttackFrame>,
    /// The one of them that is on show; the latest, if none was chosen.
    chosen: Option<usize>,
}

impl Gallery {
    /// The images of an attack that begins.
    pub fn new(start: AttackStarted) -> Self {
        Self {
            start,
            frames: Vec::new(),
            chosen: None,
        }
    }

    /// Takes in an iteration.
    pub fn push(&mut self, frame: AttackFrame) {
        if self.frames.len() >= MOST_FRAMES {
            // Every other one goes: what is left still tells the whole story.
            let mut place = 0;
            self.frames.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.chosen = self.chosen.map(|chosen| chosen / 2);
        }
        self.frames.push(frame);
    }

    /// What came by, in order.
    pub fn frames(&self) -> &[AttackFrame] {
        &self.frames
    }

    /// The place among them of what is on show.
    pub fn at(&self) -> usize {
        let last = self.frames.len().saturating_sub(1);
        self.chosen.unwrap_or(last).min(last)
    }

    /// The iteration on show.
    pub fn frame(&self) -> Option<&AttackFrame> {
        self.frames.get(self.at())
    }

    /// Shows one that came by; the last place means the latest from now on.
    pub fn go_to(&mut self, place: usize) {
        self.chosen = (place + 1 < self.frames.len()).then_some(place);
    }

    /// Probabilities of an image's classes at each iteration that came by.
    pub fn story(&self, image: usize) -> impl Iterator<Item = (usize, &[f32])> {
        self.frames.iter().filter_map(move |frame| {
            let row = self.shares(&frame.probabilities, image)?;
            Some((frame.iteration, row))
        })
    }

    /// An image's row of such probabilities.
    pub fn shares<'a>(&self, probabilities: &'a [f32], image: usize) -> Option<&'a [f32]> {
        let classes = self.start.classes;
        probabilities.get(image * classes..(image + 1) * classes)
    }

    /// What an image shows in truth.
    pub fn truth(&self, image: usize) -> Option<usize> {
        self.start.labels.get(image).copied()
    }

    /// An image's place in the test set, 0 first; none if it is from elsewhere.
    pub fn place(&self, image: usize) -> Option<usize> {
        self.start.places.get(image).copied()
    }

    /// An image's perturbation as it is, as the bytes of float32 numbers, once the attack has come to
    /// its last iteration.
    pub fn exact(&self, image: usize) -> Option<&[u8]> {
        let Range { start, end } = self.pixels(image);
        self.frames.last()?.exact.get(4 * start..4 * end)
    }

    /// Images on show.
    pub fn len(&self) -> usize {
        self.start.labels.len()
    }

    /// Where an image's numbers lie in the arrays.
    pub fn pixels(&self, image: usize) -> Range<usize> {
        let size: usize = self.start.image_shape.iter().product();
        image * size..(image + 1) * size
    }

    /// One of an image's pictures at an iteration, where its pictures came as bytes.
    pub fn bytes<'a>(&self, frame: &'a AttackFrame, image: usize, row: Row) -> Option<&'a [u8]> {
        let all = match row {
            Row::Attacked => &frame.pixels,
            Row::Change => &frame.perturbation,
        };
        all.get(self.pixels(image))
    }

    /// Numbers of the sheets that the iterations are drawn on.
    pub fn sheets(&self) -> Vec<u32> {
        self.frames.iter().filter_map(|frame| frame.sheet).collect()
    }

    /// The model's verdict on the clean image.
    pub fn before(&self, image: usize) -> Option<Verdict> {
        self.verdict(&self.start.probabilities, image)
    }

    /// The model's verdict on the adversarial image.
    pub fn after(&self, image: usize) -> Option<Verdict> {
        self.verdict(&self.frame()?.probabilities, image)
    }

    /// What became of an image.
    pub fn outcome(&self, image: usize) -> Outcome {
        let truth = self.truth(image);
        let right = |verdict: Option<Verdict>| verdict.map(|verdict| Some(verdict.class) == truth);
        match (right(self.before(image)), right(self.after(image))) {
            (Some(false), _) => Outcome::WrongBefore,
            (_, None) => Outcome::Waiting,
            (_, Some(true)) => Outcome::Holds,
            (_, Some(false)) => Outcome::Fooled,
        }
    }

    fn verdict(&self, probabilities: &[f32], image: usize) -> Option<Verdict> {
        let row = self.shares(probabilities, image)?;
        let (class, confidence) = row
            .iter()
            .copied()
            .enumerate()
            .max_by(|(_, a), (_, b)| a.total_cmp(b))?;
        Some(Verdict { class, confidence })
    }
}

#[cfg(test)]
mod tests {
    use squeeze_engine::config::AttackConfig;

    use super::*;

    #[test]
    fn outcomes_follow_the_verdicts() {
        let mut gallery = Gallery::new(AttackStarted {
            config: AttackConfig::default(),
            places: vec![7, 3, 11],
            image_shape: [1, 1, 2],
            pixels: vec![0; 6],
            labels: vec![0, 1, 1],
            probabilities: vec![0.9, 0.1, 0.2, 0.8, 0.7, 0.3],
            classes: 2,
        });
        assert_eq!(gallery.outcome(0), Outcome::Waiting);
        assert_eq!(gallery.pixels(2), 4..6);
        gallery.push(AttackFrame {
            iteration: 1,
            sheet: None,
            pixels: vec![0; 6],
            perturbation: vec![128; 6],
            probabilities: vec![0.4, 0.6, 0.2, 0.8, 0.7, 0.3],
            exact: Vec::new(),
        });
        assert_eq!(gallery.outcome(0), Outcome::Fooled);
        assert_eq!(gallery.outcome(1), Outcome::Holds);
        assert_eq!(gallery.outcome(2), Outcome::WrongBefore);
        assert_eq!(gallery.before(0).map(|verdict| verdict.class), Some(0));
        assert_eq!(gallery.after(9), None);
        assert_eq!((gallery.place(1), gallery.place(3)), (Some(3), None));
        // Only the last iteration brings the perturbation as it is.
        assert_eq!(gallery.exact(0), None);
        gallery.push(AttackFrame {
            iteration: 2,
            sheet: None,
            pixels: vec![0; 6],
            perturbation: vec![128; 6],
            probabilities: vec![0.4, 0.6, 0.2, 0.8, 0.7, 0.3],
            exact: (0..24).collect(),
        });
        let exact = gallery.exact(1);
        assert_eq!(exact, Some(&[8, 9, 10, 11, 12, 13, 14, 15][..]));
        assert_eq!(gallery.exact(3), None);
    }

    #[test]
    fn what_came_by_can_be_gone_back_to() {
        let mut gallery = Gallery::new(AttackStarted {
            config: AttackConfig::default(),
            places: vec![0],
            image_shape: [1, 1, 1],
            pixels: vec![0],
            labels: vec![0],
            probabilities: vec![1.0, 0.0],
            classes: 2,
        });
        let frame = |iteration| AttackFrame {
            iteration,
            sheet: None,
            pixels: vec![0],
            perturbation: vec![128],
            probabilities: vec![1.0, 0.0],
            exact: Vec::new(),
        };
        let shown = |gallery: &Gallery| gallery.frame().map(|frame| frame.iteration);
        assert_eq!(shown(&gallery), None);
        for iteration in 0..5 {
            gallery.push(frame(iteration));
        }
        assert_eq!(shown(&gallery), Some(4));
        gallery.go_to(1);
        gallery.push(frame(5));
        assert_eq!(shown(&gallery), Some(1));
        gallery.go_to(5);
        gallery.push(frame(6));
        assert_eq!(shown(&gallery), Some(6));
        for iteration in 7..3 * MOST_FRAMES {
            gallery.push(frame(iteration));
        }
        assert!(gallery.frames().len() <= MOST_FRAMES);
        let story: Vec<usize> = gallery.story(0).map(|(iteration, _)| iteration).collect();
        assert!(story.is_sorted() && story[0] == 0);
        assert_eq!(shown(&gallery), Some(3 * MOST_FRAMES - 1));
    }
}
