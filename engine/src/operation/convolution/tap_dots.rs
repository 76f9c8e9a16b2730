//! Inner products of runs of two buffers: the gradient by a convolution's weights.

// The vectors of `macerator` are loaded and stored through pointers.
#![allow(unsafe_code)]

use macerator::{Scalar, Simd, Vector};

use super::planes::{LANES, has_many_registers};

/// Rows of gradients that a call takes at most.
pub const ROWS: usize = 8;

/// What is multiplied: rows of gradients, and runs of an image's planes, image after image.
#[derive(Clone, Copy)]
pub struct Runs<'a> {
    /// `[images, gradient_len]`
    pub gradients: &'a [f32],
    /// Floats of an image in `gradients`.
    pub gradient_len: usize,
    /// The first row; they lie `length` apart.
    pub row: usize,
    /// How many rows, at most [`ROWS`].
    pub rows: usize,
    /// `[images, source_len]`
    pub source: &'a [f32],
    /// Floats of an image in `source`.
    pub source_len: usize,
    /// Where the run of each tap begins in an image of `source`.
    pub offsets: &'a [usize],
    /// Floats of a run: a multiple of [`LANES`].
    pub length: usize,
}

/// `[rows, taps]`: the sums over all images and places of the gradients times what each tap sees.
///
/// # Panics
/// If a slice has another length, or a row or an offset has less than `length` numbers behind it.
pub fn tap_dots(runs: Runs<'_>) -> Vec<f32> {
    let last = runs.offsets.iter().max().copied().unwrap_or(0);
    let images = runs.gradients.len() / runs.gradient_len;
    assert!((1..=ROWS).contains(&runs.rows) && runs.length.is_multiple_of(LANES));
    let room = runs.source_len.checked_sub(runs.length);
    assert!(room.is_some_and(|room| last <= room));
    let end = runs.row.checked_add(runs.rows);
    let end = end.and_then(|end| end.checked_mul(runs.length));
    assert!(end.is_some_and(|end| end <= runs.gradient_len));
    assert_eq!(runs.gradients.len(), images * runs.gradient_len);
    assert_eq!(runs.source.len(), images * runs.source_len);
    let mut dots = vec![0.0; runs.rows * runs.offsets.len()];
    dispatch(&runs, images, &mut dots);
    dots
}

#[macerator::with_simd]
fn dispatch<'a, S: Simd>(runs: &Runs<'a>, images: usize, dots: &mut [f32]) {
    assert!(LANES.is_multiple_of(S::lanes32()));
    let wide = has_many_registers::<S>();
    let mut row = 0;
    while row < runs.rows {
        let left = runs.rows - row;
        let dots = &mut dots[row * runs.offsets.len()..];
        // As many sums as there are registers for.
        row += match left {
            8.. if wide => runs.dots::<S, 8, 3>(row, images, dots),
            4.. if wide => runs.dots::<S, 4, 5>(row, images, dots),
            4.. => runs.dots::<S, 4, 3>(row, images, dots),
            2.. => runs.dots::<S, 2, 4>(row, images, dots),
            _ => runs.dots::<S, 1, 8>(row, images, dots),
        };
    }
}

impl Runs<'_> {
    /// `M` rows from `row` on, `T` taps at a time; gives `M` back.
    #[inline(always)]
    fn dots<S: Simd, const M: usize, const T: usize>(
        &self,
        row: usize,
        images: usize,
        dots: &mut [f32],
    ) -> usize {
        // Images that are gone through for all taps before the next: their rows stay near.
        const NEAR: usize = 6 * 1024;
        let together = (NEAR / (M * self.length)).clamp(1, images);
        let taps = self.offsets.len();
        let mut sums: Vec<[Vector<S, f32>; M]> = vec![[0f32.splat(); M]; taps];
        let mut first = 0;
        while first < images {
            let end = (first + together).min(images);
            let (many, few) = self.offsets.as_chunks::<T>();
            let (many_sums, few_sums) = sums.as_chunks_mut::<T>();
            for (offsets, sums) in many.iter().zip(many_sums) {
                self.block::<S, M, T>(row, first..end, offsets, sums);
            }
            for (&offset, sum) in few.iter().zip(few_sums) {
                self.block::<S, M, 1>(row, first..end, &[offset], std::array::from_mut(sum));
            }
            first = end;
        }
        for (tap, sums) in sums.iter().enumerate() {
            for (m, sum) in sums.iter().enumerate() {
                dots[m * taps + tap] = total(*sum);
            }
        }
        M
    }

    #[inline(always)]
    fn block<S: Simd, const M: usize, const T: usize>(
        &self,
        row: usize,
        images: std::ops::Range<usize>,
        offsets: &[usize; T],
        sums: &mut [[Vector<S, f32>; M]; T],
    ) {
        let lanes = S::lanes32();
        let mut held: [[Vector<S, f32>; T]; M] =
            std::array::from_fn(|m| std::array::from_fn(|t| sums[t][m]));
        for image in images {
            let gradients = &self.gradients[image * self.gradient_len..][..self.gradient_len];
            let source = &self.source[image * self.source_len..][..self.source_len];
            let mut at = 0;
            while at < self.length {
                // SAFETY: `tap_dots` has seen that there are `length` floats behind every offset and
                // in each row, and `length` is a multiple of `lanes`.
                let x: [Vector<S, f32>; T] = std::array::from_fn(|t| unsafe {
                    f32::vload_unaligned(source.as_ptr().add(offsets[t] + at))
                });
                for (m, held) in held.iter_mut().enumerate() {
                    let from = (self.row + row + m) * self.length + at;
                    // SAFETY: as above.
                    let gradient =
                        unsafe { f32::vload_unaligned::<S>(gradients.as_ptr().add(from)) };
                    for (held, x) in held.iter_mut().zip(x) {
                        *held = x.mul_add(gradient, *held);
                    }
                }
                at += lanes;
            }
        }
        for (t, sums) in sums.iter_mut().enumerate() {
            for (sum, held) in sums.iter_mut().zip(held) {
                *sum = held[t];
            }
        }
    }
}

/// The sum of a vector's numbers, in their order.
#[inline(always)]
fn total<S: Simd>(vector: Vector<S, f32>) -> f32 {
    let mut numbers = [0.0; LANES];
    // SAFETY: no vector has more than `LANES` numbers: `dispatch` has seen that theirs divides it.
    unsafe { f32::vstore_unaligned(numbers.as_mut_ptr(), vector) };
    numbers[..S::lanes32()].iter().sum()
}
