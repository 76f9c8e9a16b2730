//! How images lie in memory for the kernels of a CPU.
//!
//! Every channel becomes planes that are padded by zeros. With a stride `s` there are up to `s * s` of
//! them, one for each remainder of row and column by `s`. What one weight of the kernel is multiplied
//! with at all outputs, row after row, then is one run of a plane, with some columns between the rows
//! that belong to no output: `tap_sums.rs` and `tap_dots.rs` go along such runs.

use macerator::Simd;

use super::geometry::Geometry;

/// The widest vector of a CPU, in floats. Buffers of planes end in so many spare ones, which whole
/// vectors may read.
pub const LANES: usize = 16;

/// Whether a CPU has 32 registers for vectors, not 16.
#[inline(always)]
pub fn has_many_registers<S: Simd>() -> bool {
    S::lanes32() == LANES || cfg!(target_arch = "aarch64")
}

/// The planes of an image.
#[derive(Clone, Debug)]
pub struct Planes {
    channels: usize,
    size: [usize; 2],
    stride: [usize; 2],
    before: [usize; 2],
    /// Remainders for which there is a plane.
    phases: [usize; 2],
    rows: usize,
    width: usize,
}

impl Planes {
    /// Of a convolution's input.
    pub fn of_input(
        channels: usize,
        size: [usize; 2],
        kernel: [usize; 2],
        geometry: Geometry,
    ) -> Self {
        let out = geometry.output(size, kernel);
        let halo = reach(kernel, geometry.stride);
        Self {
            channels,
            size,
            stride: geometry.stride,
            before: geometry.padding,
            phases: [0, 1].map(|axis| geometry.stride[axis].min(kernel[axis])),
            rows: out[0] + halo[0],
            width: out[1] + halo[1],
        }
    }

    /// Of the gradient by a convolution's output, with the zeros around it that its input sees.
    pub fn of_gradient(channels: usize, out: [usize; 2], halo: [usize; 2]) -> Self {
        Self {
            channels,
            size: out,
            stride: [1, 1],
            before: halo,
            phases: [1, 1],
            rows: out[0] + 2 * halo[0],
            width: out[1] + 2 * halo[1],
        }
    }

    /// Floats from one row to the next.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Floats for an image, what may be read beyond it included.
    pub fn len(&self) -> usize {
        self.channels * self.phases[0] * self.phases[1] * self.rows * self.width + LANES
    }

    /// Where row and column of a channel's padded image lie, counted in steps of the stride from one of
    /// the first rows and columns, `phase`.
    pub fn at(&self, channel: usize, phase: [usize; 2], row: usize, column: usize) -> usize {
        let plane = (channel * self.phases[0] + phase[0]) * self.phases[1] + phase[1];
        (plane * self.rows + row) * self.width + column
    }

    /// Where each weight of a kernel first looks, those of a channel side by side.
    pub fn taps(&self, kernel: [usize; 2]) -> Vec<usize> {
        let mut taps = Vec::with_capacity(self.channels * kernel[0] * kernel[1]);
        for channel in 0..self.channels {
            for y in 0..kernel[0] {
                for x in 0..kernel[1] {
                    let phase = [y % self.stride[0], x % self.stride[1]];
                    taps.push(self.at(channel, phase, y / self.stride[0], x / self.stride[1]));
                }
            }
        }
        taps
    }

    /// Writes an image, `[channels, height, width]`, into planes that hold zeros where it does not go.
    pub fn fill(&self, image: &[f32], planes: &mut [f32]) {
        let [height, width] = self.size;
        for (channel, pixels) in image.chunks_exact(height * width).enumerate() {
            for (y, line) in pixels.chunks_exact(width).enumerate() {
                let y = y + self.before[0];
                let (row, phase) = (y / self.stride[0], y % self.stride[0]);
                if phase >= self.phases[0] || row >= self.rows {
                    continue;
                }
                if self.stride[1] == 1 {
                    let start = self.at(channel, [phase, 0], row, 0) + self.before[1];
                    let count = width.min(self.width.saturating_sub(self.before[1]));
                    planes[start..start + count].copy_from_slice(&line[..count]);
                    continue;
                }
                for (x, &pixel) in line.iter().enumerate() {
                    let x = x + self.before[1];
                    let (column, beside) = (x / self.stride[1], x % self.stride[1]);
                    if beside < self.phases[1] && column < self.width {
                        planes[self.at(channel, [phase, beside], row, column)] = pixel;
                    }
                }
            }
        }
    }
}

/// How far a kernel reaches beyond its first row and column, in steps of the stride.
pub fn reach(kernel: [usize; 2], stride: [usize; 2]) -> [usize; 2] {
    [0, 1].map(|axis| (kernel[axis] - 1) / stride[axis])
}

/// So many floats, rounded up to whole vectors.
pub fn whole(floats: usize) -> usize {
    floats.next_multiple_of(LANES)
}
