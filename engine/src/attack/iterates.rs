//! [`Iterates`]: an attack that goes point by point.

use burn::tensor::Tensor;

use super::rows::Rows;
use super::worst::Worst;

/// Logits of images on the autodiff device. The weights behind it must not require gradients
/// (`Module::no_grad`), so that theirs are not computed.
pub type Classify<'a> = &'a dyn Fn(Tensor<4>) -> Tensor<2>;

/// An attack on a batch, one start of it.
pub trait Iterates {
    /// The current points, `[batch, channels, height, width]`.
    fn x(&self) -> Tensor<4>;

    /// One iteration; returns the logits at the points that were current before, `[batch, classes]`.
    fn step(&mut self, classify: Classify) -> Tensor<2>;

    /// The worst point of each image among those evaluated so far.
    fn worst(&self) -> Worst;

    /// Goes on with some of the images.
    fn keep(&mut self, rows: &Rows);

    /// The worst point of each image, the last one among them.
    fn finish(self: Box<Self>, _classify: Classify) -> Worst {
        self.worst()
    }
}
