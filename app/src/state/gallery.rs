//! [`Gallery`]: the images on show in an attack, and what the model makes of each.

use std::ops::Range;

use squeeze_engine::event::{AttackFrame, AttackStarted};

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

/// The images on show.
#[derive(Clone, Debug, PartialEq)]
pub struct Gallery {
    /// The beginning: clean images and what the model says of them.
    pub start: AttackStarted,
    /// The latest iteration.
    pub frame: Option<AttackFrame>,
}

impl Gallery {
    /// Images on show.
    pub fn len(&self) -> usize {
        self.start.labels.len()
    }

    /// Where an image's numbers lie in the arrays.
    pub fn pixels(&self, image: usize) -> Range<usize> {
        let size: usize = self.start.image_shape.iter().product();
        image * size..(image + 1) * size
    }

    /// The model's verdict on the clean image.
    pub fn before(&self, image: usize) -> Option<Verdict> {
        self.verdict(&self.start.probabilities, image)
    }

    /// The model's verdict on the adversarial image.
    pub fn after(&self, image: usize) -> Option<Verdict> {
        self.verdict(&self.frame.as_ref()?.probabilities, image)
    }

    /// What became of an image.
    pub fn outcome(&self, image: usize) -> Outcome {
        let truth = self.start.labels.get(image).copied();
        let right = |verdict: Option<Verdict>| verdict.map(|verdict| Some(verdict.class) == truth);
        match (right(self.before(image)), right(self.after(image))) {
            (Some(false), _) => Outcome::WrongBefore,
            (_, None) => Outcome::Waiting,
            (_, Some(true)) => Outcome::Holds,
            (_, Some(false)) => Outcome::Fooled,
        }
    }

    fn verdict(&self, probabilities: &[f32], image: usize) -> Option<Verdict> {
        let classes = self.start.classes;
        let row = probabilities.get(image * classes..(image + 1) * classes)?;
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
        let mut gallery = Gallery {
            start: AttackStarted {
                config: AttackConfig::default(),
                image_shape: [1, 1, 2],
                pixels: vec![0; 6],
                labels: vec![0, 1, 1],
                probabilities: vec![0.9, 0.1, 0.2, 0.8, 0.7, 0.3],
                classes: 2,
            },
            frame: None,
        };
        assert_eq!(gallery.outcome(0), Outcome::Waiting);
        assert_eq!(gallery.pixels(2), 4..6);
        gallery.frame = Some(AttackFrame {
            iteration: 1,
            pixels: vec![0; 6],
            perturbation: vec![128; 6],
            probabilities: vec![0.4, 0.6, 0.2, 0.8, 0.7, 0.3],
        });
        assert_eq!(gallery.outcome(0), Outcome::Fooled);
        assert_eq!(gallery.outcome(1), Outcome::Holds);
        assert_eq!(gallery.outcome(2), Outcome::WrongBefore);
        assert_eq!(gallery.before(0).map(|verdict| verdict.class), Some(0));
        assert_eq!(gallery.after(9), None);
    }
}
