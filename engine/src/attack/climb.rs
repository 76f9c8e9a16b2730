//! The loss that an attack climbs, at the points where it stands, and its gradient.

#[cfg(feature = "gpu")]
use burn::backend::DispatchDevice;
use burn::tensor::{Device, Tensor, TensorData};
use squeeze_shaders::attack_loss::{self, NO_TARGET, ONLY, SCORES};
use squeeze_shaders::attack_step::STATE;

use super::iterates::Classify;
use super::rows::Rows;
use crate::operation::given_gradient::given_gradient;

pub use squeeze_shaders::attack_loss::Loss;

/// What the images of a batch are, and what they are to be taken for.
pub struct Aims {
    labels: Vec<u32>,
    targets: Vec<u32>,
    /// How often the model is asked about a point.
    draws: usize,
    #[cfg(feature = "gpu")]
    on_device: Option<[Tensor<1, burn::tensor::Int>; 2]>,
}

impl Aims {
    /// Away from the labels, whereto does not matter.
    ///
    /// # Shapes
    /// - `labels`: `[batch]`
    pub fn untargeted(labels: &[u8], device: &Device) -> Self {
        Self::new(labels, vec![NO_TARGET; labels.len()], device)
    }

    /// Away from the labels, towards other classes.
    ///
    /// # Shapes
    /// - `labels`, `targets`: `[batch]`
    pub fn targeted(labels: &[u8], targets: &[u8], device: &Device) -> Self {
        let targets = targets.iter().copied().map(u32::from).collect();
        Self::new(labels, targets, device)
    }

    /// That class alone counts as wrong.
    #[must_use]
    pub fn only(self) -> Self {
        let targets: Vec<u32> = self.targets.iter().map(|target| target | ONLY).collect();
        #[cfg(feature = "gpu")]
        let on_device = self.on_device.map(|[labels, _]| {
            let words = crate::kernel::words(&targets, &labels.device());
            [labels, words]
        });
        Self {
            targets,
            #[cfg(feature = "gpu")]
            on_device,
            ..self
        }
    }

    #[cfg_attr(not(feature = "gpu"), allow(unused_variables))]
    fn new(labels: &[u8], targets: Vec<u32>, device: &Device) -> Self {
        let labels: Vec<u32> = labels.iter().copied().map(u32::from).collect();
        Self {
            #[cfg(feature = "gpu")]
            on_device: matches!(device.as_dispatch(), DispatchDevice::Cube(_))
                .then(|| [&labels, &targets].map(|words| crate::kernel::words(words, device))),
            labels,
            targets,
            draws: 1,
        }
    }

    /// For a model that answers at random: asks it so often about each point, at least once. The mean
    /// of its logits is its answer, and the mean of the gradients is followed: expectation over
    /// transformation (Athalye et al. 2018, arXiv:1707.07397).
    #[must_use]
    pub fn asked(self, draws: usize) -> Self {
        Self {
            draws: draws.max(1),
            ..self
        }
    }

    /// Goes on with some of the images.
    pub fn keep(&mut self, rows: &Rows) {
        self.labels = rows.pick(&self.labels);
        self.targets = rows.pick(&self.targets);
        #[cfg(feature = "gpu")]
        if let Some(words) = &mut self.on_device {
            let device = words[0].device();
            *words =
                [&self.labels, &self.targets].map(|words| crate::kernel::words(words, &device));
        }
    }

    /// Logits and scores at `x`, without a gradient.
    ///
    /// # Shapes
    /// - `x`: `[batch, channels, height, width]`, without autodiff
    /// - output: `[batch, classes]` and `[batch, SCORES]`, without autodiff
    pub fn score(&self, classify: Classify, x: &Tensor<4>, loss: Loss) -> (Tensor<2>, Tensor<2>) {
        let logits = mean_of(self.draws, || classify(x.clone().autodiff()).inner());
        let states = Tensor::zeros([self.len(), STATE], &logits.device());
        let (_, states) = self.losses(logits.clone(), loss, states);
        (logits, states.narrow(1, 0, SCORES))
    }

    /// Images of the batch.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// There is no image.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Gradient of each image's own loss with respect to its logits, and the states with loss, right
    /// and margin set. One kernel on a GPU, its reference elsewhere.
    ///
    /// # Shapes
    /// - `logits` and gradient: `[batch, classes]`, without autodiff
    /// - `states`: `[batch, STATE]`
    pub fn losses(
        &self,
        logits: Tensor<2>,
        loss: Loss,
        states: Tensor<2>,
    ) -> (Tensor<2>, Tensor<2>) {
        #[cfg(feature = "gpu")]
        if let Some([labels, targets]) = &self.on_device {
            return crate::kernel::attack_loss::attack_loss(logits, labels, targets, loss, states);
        }
        let (device, shape) = (logits.device(), logits.dims());
        let found = attack_loss::attack_loss(&numbers(logits), &self.labels, &self.targets, loss);
        let mut states = numbers(states);
        for (state, scores) in states
            .chunks_exact_mut(STATE)
            .zip(found.scores.chunks_exact(SCORES))
        {
            state[..SCORES].copy_from_slice(scores);
        }
        let gradient = TensorData::new(found.gradient, shape);
        let states = TensorData::new(states, [self.len(), STATE]);
        (
            Tensor::from_data(gradient, &device),
            Tensor::from_data(states, &device),
        )
    }
}

/// The mean of so many answers, at least one.
pub(super) fn mean_of(asked: usize, ask: impl Fn() -> Tensor<2>) -> Tensor<2> {
    let sum = (1..asked).fold(ask(), |sum, _| sum + ask());
    if asked > 1 { sum / asked as f32 } else { sum }
}

/// A tensor's numbers, on a CPU.
pub(super) fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    let data = tensor.into_data();
    // The backends of this program compute in float32 alone.
    data.as_slice()
        .map_or_else(|_| data.iter().collect(), <[f32]>::to_vec)
}

/// What is known at a batch of points.
pub struct Climb {
    /// Logits there, `[batch, classes]`, without autodiff.
    pub logits: Tensor<2>,
    /// Gradient of each image's own loss with respect to its pixels, without autodiff.
    pub gradient: Tensor<4>,
    /// The states with loss, right and margin set, `[batch, STATE]`.
    pub states: Tensor<2>,
}

/// Losses and input gradients of a classifier at `x`.
///
/// The classifier's weights must not require gradients (`Module::no_grad`), so that theirs are not
/// computed. Each image has its own loss: nothing is divided by the batch, which would make tiny
/// gradients smaller.
///
/// # Shapes
/// - `x`: `[batch, channels, height, width]`, without autodiff
/// - `states`: `[batch, STATE]`
pub fn climb(
    classify: Classify,
    x: Tensor<4>,
    aims: &Aims,
    loss: Loss,
    states: Tensor<2>,
) -> Climb {
    let mut found = climb_once(classify, x.clone(), aims, loss, states);
    if aims.draws == 1 {
        return found;
    }
    for _ in 1..aims.draws {
        let next = climb_once(classify, x.clone(), aims, loss, found.states);
        found = Climb {
            logits: found.logits + next.logits,
            gradient: found.gradient + next.gradient,
            states: next.states,
        };
    }
    let share = 1.0 / aims.draws as f32;
    let logits = found.logits * share;
    let (_, states) = aims.losses(logits.clone(), loss, found.states);
    Climb {
        logits,
        gradient: found.gradient * share,
        states,
    }
}

fn climb_once(
    classify: Classify,
    x: Tensor<4>,
    aims: &Aims,
    loss: Loss,
    states: Tensor<2>,
) -> Climb {
    let x = x.autodiff().require_grad();
    let logits = classify(x.clone());
    let plain = logits.clone().inner();
    let (to_logits, states) = aims.losses(plain.clone(), loss, states);
    // Its value means nothing; its gradient is carried on from the logits to the pixels.
    let mut gradients = given_gradient(logits, to_logits).backward();
    // No gradient means that no path leads from the images to the loss: then it is zero.
    let gradient = x
        .grad_remove(&mut gradients)
        .unwrap_or_else(|| x.inner().zeros_like());
    Climb {
        logits: plain,
        gradient,
        states,
    }
}
