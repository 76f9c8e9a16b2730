//! Reference of `wgsl/batch_gather.wgsl`, and what CPUs run.

use std::ops::Range;

use crate::philox::StreamKey;

/// The kernel's text, behind that of the generator.
pub const WGSL: &str = concat!(
    include_str!("../wgsl/include/philox.wgsl"),
    include_str!("../wgsl/batch_gather.wgsl")
);

/// Invocations of one workgroup, each of which makes four numbers.
pub const WORKGROUP: u32 = 256;

/// Largest shift of an image along an axis, in pixels.
pub const MAX_SHIFT: i32 = 127;

/// An image of a batch: where it lies in the data set and how it is moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pick {
    /// Its place in the data set.
    pub place: u32,
    /// Row of the image that becomes the first, in ±[`MAX_SHIFT`].
    pub dy: i32,
    /// Column that becomes the first, in ±[`MAX_SHIFT`].
    pub dx: i32,
    /// Mirrored left to right, before it is moved.
    pub flip: bool,
}

/// What becomes a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Channels, height, width of an image.
    pub image_shape: [usize; 3],
    /// The images.
    pub picks: Vec<Pick>,
    /// Standard deviation of the noise, in pixel units; 0 for none.
    pub sigma: f32,
    /// Where the noise comes from.
    pub noise: StreamKey,
}

impl Plan {
    /// Numbers of one image.
    pub fn image_len(&self) -> usize {
        self.image_shape.iter().product()
    }

    /// The kernel's plan, for an array that holds the images of a range of places.
    ///
    /// # Panics
    /// If a shift is out of range.
    pub fn words(&self, held: Range<u32>) -> Vec<u32> {
        let [channels, height, width] = self.image_shape.map(|length| length as u32);
        let StreamKey {
            key,
            purpose,
            index,
        } = self.noise;
        let mut words = vec![
            self.picks.len() as u32,
            channels,
            height,
            width,
            held.start,
            held.end - held.start,
            self.sigma.to_bits(),
            key[0],
            key[1],
            purpose,
            index,
            0,
        ];
        for pick in &self.picks {
            assert!(
                pick.dy.abs() <= MAX_SHIFT && pick.dx.abs() <= MAX_SHIFT,
                "{pick:?} moves too far"
            );
            let byte = |shift: i32| (shift + 128) as u32;
            words.push(pick.place);
            words.push(byte(pick.dy) | byte(pick.dx) << 8 | u32::from(pick.flip) << 16);
        }
        words
    }
}

/// The batch of a plan: `bytes[place, c, y + dy, x' + dx] / 255 + sigma * n` with 0 outside of the
/// image, where `x'` is `x`, or mirrored.
///
/// # Shapes
/// - `bytes`: row-major `[images, channels, height, width]`
/// - output: row-major `[batch, channels, height, width]`
///
/// # Panics
/// If a place lies outside of `bytes`.
pub fn batch_gather(bytes: &[u8], plan: &Plan) -> Vec<f32> {
    let [channels, height, width] = plan.image_shape;
    let length = plan.image_len();
    let mut out = vec![0.0; plan.picks.len() * length];
    for (pick, image) in plan.picks.iter().zip(out.chunks_exact_mut(length)) {
        let begin = pick.place as usize * length;
        let source = &bytes[begin..begin + length];
        if *pick
            == (Pick {
                place: pick.place,
                ..Pick::default()
            })
        {
            for (pixel, &byte) in image.iter_mut().zip(source) {
                *pixel = f32::from(byte) / 255.0;
            }
            continue;
        }
        for row in 0..channels * height {
            let (channel, y) = (row / height, row % height);
            let Some(from) = inside(y as i32 + pick.dy, height) else {
                continue;
            };
            let source = &source[(channel * height + from) * width..][..width];
            for (x, pixel) in image[row * width..][..width].iter_mut().enumerate() {
                let x = if pick.flip { width - 1 - x } else { x };
                if let Some(from) = inside(x as i32 + pick.dx, width) {
                    *pixel = f32::from(source[from]) / 255.0;
                }
            }
        }
    }
    if plan.sigma != 0.0 {
        for (four, block) in out.chunks_mut(4).zip(0..) {
            for (pixel, noise) in four.iter_mut().zip(plan.noise.normal_block(block)) {
                *pixel += plan.sigma * noise;
            }
        }
    }
    out
}

fn inside(at: i32, length: usize) -> Option<usize> {
    usize::try_from(at).ok().filter(|&at| at < length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(image_shape: [usize; 3], picks: Vec<Pick>) -> Plan {
        Plan {
            image_shape,
            picks,
            sigma: 0.0,
            noise: StreamKey {
                key: [1, 2],
                purpose: 3,
                index: 4,
            },
        }
    }

    fn shifted(dy: i32, dx: i32, flip: bool) -> Vec<f32> {
        // One image of 2 x 3 pixels: 51 102 153 / 204 255 0.
        let bytes = [0, 0, 0, 0, 0, 0, 51, 102, 153, 204, 255, 0];
        let pick = Pick {
            place: 1,
            dy,
            dx,
            flip,
        };
        batch_gather(&bytes, &plan([1, 2, 3], vec![pick]))
    }

    #[test]
    fn images_are_scaled_moved_and_mirrored() {
        assert_eq!(shifted(0, 0, false), [0.2, 0.4, 0.6, 0.8, 1.0, 0.0]);
        assert_eq!(shifted(1, 0, false), [0.8, 1.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(shifted(-1, 1, false), [0.0, 0.0, 0.0, 0.4, 0.6, 0.0]);
        assert_eq!(shifted(0, 0, true), [0.6, 0.4, 0.2, 0.0, 1.0, 0.8]);
        assert_eq!(shifted(0, -1, true), [0.4, 0.2, 0.0, 1.0, 0.8, 0.0]);
        assert_eq!(shifted(5, 0, false), [0.0; 6]);
    }

    #[test]
    fn noise_has_its_deviation_and_its_stream() {
        let picks = vec![Pick::default(); 500];
        let mut noisy = plan([1, 4, 5], picks);
        noisy.sigma = 0.5;
        let bytes = [51; 20];
        let out = batch_gather(&bytes, &noisy);
        let n = out.len() as f32;
        let mean = out.iter().sum::<f32>() / n;
        let variance = out.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / n;
        assert!((mean - 0.2).abs() < 0.02, "{mean}");
        assert!((variance.sqrt() - 0.5).abs() < 0.02, "{variance}");
        assert_eq!(out, batch_gather(&bytes, &noisy));
        noisy.noise.index += 1;
        assert_ne!(out, batch_gather(&bytes, &noisy));
    }
}
