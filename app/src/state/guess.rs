//! [`Guess`]: what the model takes the visitor's own image for, as it is drawn.

use leptos::prelude::*;
use squeeze_engine::protocol::Command;

use crate::state::lab::Lab;

/// An answer, and whether another one is on its way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Guess {
    /// Probabilities of the classes; none of an image that nobody has asked about.
    pub probabilities: Option<Vec<f32>>,
    /// The image that the engine is being asked about. One at a time: a drawing changes faster than a slow
    /// device answers.
    asked: Option<Vec<u8>>,
}

impl Guess {
    /// The most probable class, with its probability.
    pub fn first(&self) -> Option<(usize, f32)> {
        let shares = self.probabilities.iter().flatten().copied().enumerate();
        shares.max_by(|a, b| a.1.total_cmp(&b.1))
    }
}

impl Lab {
    /// Keeps the guess up with the image and the model, for as long as the room is there.
    pub fn keep_guessing(self) {
        Effect::new(move |_| {
            // Another model guesses otherwise, and so does one that is trained further.
            self.model.track();
            self.run.track();
            let is_idle = self.phase.get().can_attack();
            match self.own.get() {
                None => self.guess.update(|guess| guess.probabilities = None),
                Some(pixels) if is_idle => self.ask_for_a_guess(pixels),
                Some(_) => {}
            }
        });
    }

    fn ask_for_a_guess(self, pixels: Vec<u8>) {
        if self.guess.with_untracked(|guess| guess.asked.is_some()) {
            // The answer looks whether it is still about the image.
            return;
        }
        self.guess
            .update(|guess| guess.asked = Some(pixels.clone()));
        self.send(&Command::Guess { pixels }, &[]);
    }

    pub(super) fn take_in_guess(self, probabilities: Vec<f32>) {
        let mut asked = None;
        self.guess.update(|guess| asked = guess.asked.take());
        let now = self.own.get_untracked();
        self.guess.update(|guess| {
            guess.probabilities = now.is_some().then_some(probabilities);
        });
        if let Some(pixels) = now.filter(|now| asked.as_ref() != Some(now))
            && self.phase.get_untracked().can_attack()
        {
            self.ask_for_a_guess(pixels);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_guess_is_the_most_probable_one() {
        let guess = Guess {
            probabilities: Some(vec![0.1, 0.7, 0.2]),
            asked: None,
        };
        assert_eq!(guess.first(), Some((1, 0.7)));
        assert_eq!(Guess::default().first(), None);
    }
}
