//! Sums of runs of a buffer, each times a weight: a convolution's output, and the gradient by its
//! input.

// The vectors of `macerator` are loaded and stored through pointers.
#![allow(unsafe_code)]

use macerator::{Scalar, Simd, Vector};

use super::planes::{LANES, has_many_registers, whole};

/// Sums that are made together: while their numbers stay in registers, everything that is read serves
/// several of them.
const BLOCKS: [usize; 4] = [8, 4, 2, 1];

/// Weights in the order in which they are read.
pub struct Weights {
    sums: usize,
    taps: usize,
    packed: Vec<f32>,
}

impl Weights {
    /// `weight` gives that of a sum and a tap.
    pub fn new(sums: usize, taps: usize, weight: impl Fn(usize, usize) -> f32) -> Self {
        let mut packed = Vec::with_capacity(sums * taps);
        for (first, block) in blocks(sums) {
            for tap in 0..taps {
                packed.extend((first..first + block).map(|sum| weight(sum, tap)));
            }
        }
        Self { sums, taps, packed }
    }
}

/// First member and size of each block.
fn blocks(count: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut first = 0;
    std::iter::from_fn(move || {
        let block = BLOCKS.into_iter().find(|&block| block <= count - first)?;
        first += block;
        Some((first - block, block))
    })
}

/// `out[sum, at]` is the sum over all taps of `weights[sum, tap] * source[offsets[tap] + at]`, for `at`
/// below `length`. What lies behind, up to a whole vector, is written too.
///
/// # Shapes
/// - `offsets`: `[taps]`
/// - `out`: `[sums, whole(length)]`
///
/// # Panics
/// If a slice has another length, or an offset has less than `whole(length)` numbers behind it.
pub fn tap_sums(
    source: &[f32],
    offsets: &[usize],
    weights: &Weights,
    length: usize,
    out: &mut [f32],
) {
    let length = whole(length);
    let last = offsets.iter().max().copied().unwrap_or(0);
    let room = source.len().checked_sub(length);
    assert!(room.is_some_and(|room| last <= room));
    assert_eq!(offsets.len(), weights.taps);
    assert_eq!(weights.packed.len(), weights.sums * weights.taps);
    assert_eq!(out.len(), weights.sums * length);
    dispatch(source, offsets, weights, length, out);
}

#[macerator::with_simd]
fn dispatch<S: Simd>(
    source: &[f32],
    offsets: &[usize],
    weights: &Weights,
    length: usize,
    out: &mut [f32],
) {
    assert!(LANES.is_multiple_of(S::lanes32()));
    if has_many_registers::<S>() {
        along::<S, 3, 6, 8, 8>(source, offsets, weights, length, out);
    } else {
        along::<S, 1, 3, 5, 8>(source, offsets, weights, length, out);
    }
}

/// `V8` is the number of vectors along the run that go with a block of 8 sums, and so on.
#[inline(always)]
fn along<S: Simd, const V8: usize, const V4: usize, const V2: usize, const V1: usize>(
    source: &[f32],
    offsets: &[usize],
    weights: &Weights,
    length: usize,
    out: &mut [f32],
) {
    // A part of the run that all sums go through before the next, so that it stays near.
    const PART: usize = 8 * 3 * LANES;
    let mut start = 0;
    while start < length {
        let part = PART.min(length - start);
        let mut packed = weights.packed.as_slice();
        for (sum, block) in blocks(weights.sums) {
            let (these, rest) = packed.split_at(block * weights.taps);
            packed = rest;
            let run = Run {
                source,
                offsets,
                start,
                part,
                length,
            };
            let out = &mut out[sum * length..(sum + block) * length];
            match block {
                8 => run.sums::<S, 8, V8>(these, out),
                4 => run.sums::<S, 4, V4>(these, out),
                2 => run.sums::<S, 2, V2>(these, out),
                _ => run.sums::<S, 1, V1>(these, out),
            }
        }
        start += part;
    }
}

struct Run<'a> {
    source: &'a [f32],
    offsets: &'a [usize],
    start: usize,
    part: usize,
    length: usize,
}

impl Run<'_> {
    #[inline(always)]
    fn sums<S: Simd, const M: usize, const V: usize>(&self, weights: &[f32], out: &mut [f32]) {
        let lanes = S::lanes32();
        let mut at = self.start;
        let end = self.start + self.part;
        while at + V * lanes <= end {
            self.block::<S, M, V>(weights, at, out);
            at += V * lanes;
        }
        while at < end {
            self.block::<S, M, 1>(weights, at, out);
            at += lanes;
        }
    }

    /// `M` sums of `V` vectors at `at`.
    #[inline(always)]
    fn block<S: Simd, const M: usize, const V: usize>(
        &self,
        weights: &[f32],
        at: usize,
        out: &mut [f32],
    ) {
        let lanes = S::lanes32();
        let mut sums: [[Vector<S, f32>; V]; M] = [[0f32.splat(); V]; M];
        let (rows, _) = weights.as_chunks::<M>();
        for (&offset, row) in self.offsets.iter().zip(rows) {
            debug_assert!(offset + at + V * lanes <= self.source.len());
            // SAFETY: `tap_sums` has seen that every offset has `length` floats behind it, and
            // `at + V * lanes` is at most `length`.
            let x: [Vector<S, f32>; V] = std::array::from_fn(|v| unsafe {
                f32::vload_unaligned(self.source.as_ptr().add(offset + at + v * lanes))
            });
            for (sums, weight) in sums.iter_mut().zip(row) {
                let weight = weight.splat::<S>();
                for (sum, x) in sums.iter_mut().zip(x) {
                    *sum = x.mul_add(weight, *sum);
                }
            }
        }
        for (m, sums) in sums.into_iter().enumerate() {
            let out = &mut out[m * self.length + at..][..V * lanes];
            for (sum, out) in sums.into_iter().zip(out.chunks_exact_mut(lanes)) {
                // SAFETY: `out` is as long as a vector.
                unsafe { f32::vstore_unaligned(out.as_mut_ptr(), sum) };
            }
        }
    }
}
