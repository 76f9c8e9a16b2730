//! Between layers: 32 bits, or 16 of them in mixed precision.

use burn::tensor::{DType, FloatDType, Tensor};

use crate::config::Precision;

/// As the numbers between layers are kept.
pub fn narrow<const D: usize>(x: Tensor<D>, precision: Precision) -> Tensor<D> {
    match precision {
        Precision::Full => x,
        Precision::Mixed => x.cast(FloatDType::F16),
    }
}

/// Work on 32 bits in the midst of 16: the output is kept as `x` was.
pub fn in_full<const D: usize>(
    x: Tensor<D>,
    work: impl FnOnce(Tensor<D>) -> Tensor<D>,
) -> Tensor<D> {
    match x.dtype() {
        DType::F16 => work(x.cast(FloatDType::F32)).cast(FloatDType::F16),
        _ => work(x),
    }
}

/// In 32 bits again.
pub fn widen<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    match x.dtype() {
        DType::F16 => x.cast(FloatDType::F32),
        _ => x,
    }
}
