//! [`Ranked`]: a tensor whose number of axes is known only when a model runs.

use burn::tensor::{Device, Tensor, TensorData};

/// A tensor of one to six axes. One without axes has one of length 1.
#[derive(Clone, Debug)]
pub enum Ranked {
    R1(Tensor<1>),
    R2(Tensor<2>),
    R3(Tensor<3>),
    R4(Tensor<4>),
    R5(Tensor<5>),
    R6(Tensor<6>),
}

/// Evaluates an expression with `$D` as a constant number of axes.
macro_rules! at_rank {
    ($rank:expr, $D:ident => $body:expr) => {
        match $rank {
            0 | 1 => {
                const $D: usize = 1;
                $body
            }
            2 => {
                const $D: usize = 2;
                $body
            }
            3 => {
                const $D: usize = 3;
                $body
            }
            4 => {
                const $D: usize = 4;
                $body
            }
            5 => {
                const $D: usize = 5;
                $body
            }
            _ => {
                const $D: usize = 6;
                $body
            }
        }
    };
}
pub(super) use at_rank;

/// Evaluates an expression with the tensor that a [`Ranked`] holds.
macro_rules! with_tensor {
    ($value:expr, $tensor:ident => $body:expr) => {
        match $value {
            Ranked::R1($tensor) => $body,
            Ranked::R2($tensor) => $body,
            Ranked::R3($tensor) => $body,
            Ranked::R4($tensor) => $body,
            Ranked::R5($tensor) => $body,
            Ranked::R6($tensor) => $body,
        }
    };
}
pub(super) use with_tensor;

macro_rules! from_tensor {
    ($($rank:literal $variant:ident),+) => {
        $(impl From<Tensor<$rank>> for Ranked {
            fn from(tensor: Tensor<$rank>) -> Self {
                Self::$variant(tensor)
            }
        }

        /// With axes of length 1 before its own, if it has fewer.
        impl From<Ranked> for Tensor<$rank> {
            fn from(value: Ranked) -> Self {
                match value {
                    // A reshape to the same shape may copy.
                    Ranked::$variant(tensor) => tensor,
                    other => {
                        let dims = other.dims();
                        with_tensor!(other, tensor => tensor.reshape(axes::<$rank>(&dims)))
                    }
                }
            }
        })+
    };
}
from_tensor!(1 R1, 2 R2, 3 R3, 4 R4, 5 R5, 6 R6);

impl Ranked {
    /// Numbers on a device; `shape` has at most six axes and as many numbers as `values`.
    pub fn new(values: Vec<f32>, shape: &[usize], device: &Device) -> Self {
        at_rank!(shape.len(), D => {
            let data = TensorData::new(values, axes::<D>(shape));
            Self::from(Tensor::<D>::from_data(data, device))
        })
    }

    pub fn dims(&self) -> Vec<usize> {
        with_tensor!(self, tensor => tensor.dims().to_vec())
    }

    /// The same numbers in another shape of at most six axes.
    pub fn reshape(self, shape: &[usize]) -> Self {
        at_rank!(shape.len(), D => Self::from(
            with_tensor!(self, tensor => tensor.reshape(axes::<D>(shape)))
        ))
    }
}

/// The last `D` numbers of a shape, with 1 for those before its first.
pub fn axes<const D: usize>(shape: &[usize]) -> [usize; D] {
    std::array::from_fn(|at| {
        let from_the_end = D - at;
        let place = shape.len().checked_sub(from_the_end);
        place
            .and_then(|place| shape.get(place).copied())
            .unwrap_or(1)
    })
}
