//! [`Walk`]: the points of a batch under attack, and the best of them so far.

#[cfg(feature = "gpu")]
use burn::backend::DispatchDevice;
use burn::tensor::{Tensor, TensorData};
use squeeze_shaders::attack_loss::SCORES;
use squeeze_shaders::attack_step::{self, STATE, state};

pub use squeeze_shaders::attack_step::Keep;

use super::ball::Ball;
use super::climb::{Aims, Climb, Loss, climb, numbers};
use super::iterates::Classify;
use super::rows::Rows;
use super::worst::Worst;

/// A batch on its way. Everything stays on the device: nothing is read in a step.
pub struct Walk {
    clean: Tensor<4>,
    params: attack_step::Params,
    #[cfg(feature = "gpu")]
    words: Option<Tensor<1, burn::tensor::Int>>,
    /// What stands for the points before while there are none.
    nothing: Tensor<4>,
    x: Tensor<4>,
    previous: Option<Tensor<4>>,
    best: Tensor<4>,
    states: Tensor<2>,
}

impl Walk {
    /// Starts at `start`, which must lie in the ball around `clean`.
    ///
    /// # Shapes
    /// - `clean`, `start`: `[batch, channels, height, width]`, without autodiff
    pub fn new(clean: Tensor<4>, start: Tensor<4>, ball: Ball, step_size: f64, keep: Keep) -> Self {
        let device = clean.device();
        let [batch, channels, height, width] = clean.dims();
        let params = attack_step::Params {
            batch: batch as u32,
            length: (channels * height * width) as u32,
            norm: ball.norm.into(),
            epsilon: ball.epsilon as f32,
            alpha: 1.0,
            keep,
        };
        let mut state = [0.0; STATE];
        state[state::BEST_RIGHT] = 2.0;
        state[state::STEP] = step_size as f32;
        let states = TensorData::new(state.repeat(batch), [batch, STATE]);
        Self {
            #[cfg(feature = "gpu")]
            words: matches!(device.as_dispatch(), DispatchDevice::Cube(_))
                .then(|| crate::kernel::words(&params.words(), &device)),
            params,
            nothing: Tensor::zeros([1, 1, 1, 1], &device),
            best: start.clone(),
            x: start,
            previous: None,
            states: Tensor::from_data(states, &device),
            clean,
        }
    }

    /// The current points, `[batch, channels, height, width]`.
    pub fn x(&self) -> Tensor<4> {
        self.x.clone()
    }

    /// Loss and gradient at the current points, taken note of.
    pub fn climb(&mut self, classify: Classify, aims: &Aims, loss: Loss) -> Climb {
        let found = climb(classify, self.x(), aims, loss, self.states.clone());
        self.states = found.states.clone();
        found
    }

    /// Keeps the current points where they are the best, and goes on along `gradient`.
    pub fn step(&mut self, gradient: Tensor<4>) {
        let next = self.advance(gradient);
        self.previous = Some(std::mem::replace(&mut self.x, next));
    }

    /// Keeps the last points where they are the best.
    pub fn finish(mut self, classify: Classify, aims: &Aims, loss: Loss) -> Worst {
        let (_, scores) = aims.score(classify, &self.x, loss);
        let rows = 0..scores.dims()[0];
        self.states = self.states.slice_assign([rows, 0..SCORES], scores);
        self.advance(self.x.zeros_like());
        self.worst()
    }

    /// The points that were kept, up to the last step, with their scores.
    pub fn worst(&self) -> Worst {
        Worst {
            points: self.best(),
            scores: self.states.clone().narrow(1, state::BEST_LOSS, SCORES),
        }
    }

    /// Goes on with some of the images.
    pub fn keep(&mut self, rows: &Rows) {
        self.params.batch = rows.places().len() as u32;
        self.set_words();
        for tensor in [&mut self.clean, &mut self.x, &mut self.best] {
            *tensor = rows.of(tensor.clone());
        }
        self.previous = self.previous.take().map(|previous| rows.of(previous));
        self.states = rows.of(self.states.clone());
    }

    /// The best points so far.
    pub(super) fn best(&self) -> Tensor<4> {
        self.best.clone()
    }

    /// Puts other points in the place of the current ones; they count as those that were evaluated.
    pub(super) fn set_x(&mut self, x: Tensor<4>) {
        self.x = x;
    }

    /// Sets the length of each image's steps, `[batch, 1]`.
    pub(super) fn set_steps(&mut self, steps: Tensor<2>) {
        let batch = steps.dims()[0];
        let place = [0..batch, state::STEP..state::STEP + 1];
        self.states = self.states.clone().slice_assign(place, steps);
    }

    /// Sets the weight of new points against the way that the last step went, see
    /// [`attack_step::Params::alpha`].
    pub(super) fn set_alpha(&mut self, alpha: f32) {
        if self.params.alpha == alpha {
            return;
        }
        self.params.alpha = alpha;
        self.set_words();
    }

    /// What the kernel knows of the settings.
    fn set_words(&mut self) {
        #[cfg(feature = "gpu")]
        if self.words.is_some() {
            let words = self.params.words();
            self.words = Some(crate::kernel::words(&words, &self.x.device()));
        }
    }

    fn advance(&mut self, gradient: Tensor<4>) -> Tensor<4> {
        let previous = match &self.previous {
            Some(previous) if self.params.alpha != 1.0 => previous.clone(),
            _ => self.nothing.clone(),
        };
        let device = self.x.device();
        let hollow = || Tensor::empty([1, 1, 1, 1], &device);
        // Taken out, so that the kernel may write into them.
        let best = std::mem::replace(&mut self.best, hollow());
        let states = std::mem::replace(&mut self.states, Tensor::empty([1, 1], &device));
        #[cfg(feature = "gpu")]
        if let Some(words) = &self.words {
            let points = crate::kernel::attack_step::Points {
                x: self.x(),
                previous,
                gradient,
                clean: self.clean.clone(),
                best,
                states,
            };
            let stepped = crate::kernel::attack_step::attack_step(points, words);
            self.best = stepped.best;
            self.states = stepped.states;
            return stepped.next;
        }
        let shape = self.x.dims();
        let (mut best, mut states) = (numbers(best), numbers(states));
        let next = attack_step::attack_step(
            attack_step::Points {
                x: &numbers(self.x()),
                previous: &numbers(previous),
                gradient: &numbers(gradient),
                clean: &numbers(self.clean.clone()),
            },
            &mut best,
            &mut states,
            &self.params,
        );
        let tensor = |values| Tensor::from_data(TensorData::new(values, shape), &device);
        self.best = tensor(best);
        self.states = Tensor::from_data(TensorData::new(states, [shape[0], STATE]), &device);
        tensor(next)
    }
}
