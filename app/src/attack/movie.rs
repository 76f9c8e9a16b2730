//! [`Movie`]: an attack's iterations as an animated GIF.

use crate::attack::gif::{Gif, few_colours};

/// About how high the pictures are made, in pixels: they are enlarged by a whole factor.
const HIGH: usize = 224;

/// Hundredths of a second that all iterations together take, and the least and most of one.
const LENGTH: usize = 600;
const STEP: (usize, usize) = (4, 20);

/// A movie in the making: in each frame the image and, beside it, what was added to it.
pub struct Movie {
    gif: Gif,
    shape: [usize; 3],
    factor: usize,
}

impl Movie {
    /// A movie of images of `[channels, height, width]`, one channel or three.
    ///
    /// # Errors
    /// A sentence, if a GIF cannot show such images.
    pub fn new(shape: [usize; 3]) -> Result<Self, String> {
        let [channels, height, width] = shape;
        if ![1, 3].contains(&channels) {
            return Err(failed("its images have neither one channel nor three"));
        }
        let factor = (HIGH / height.max(1)).max(1);
        let side = |pixels: usize| {
            let side = u16::try_from(pixels * factor);
            side.map_err(|_| failed("the images are too large"))
        };
        Ok(Self {
            gif: Gif::new(side(2 * width + 1)?, side(height)?),
            shape,
            factor,
        })
    }

    /// Adds a frame: image and perturbation, `[channels, height, width]` bytes each, and how long it
    /// stays, in hundredths of a second.
    ///
    /// # Errors
    /// A sentence, if they are not of the movie's shape.
    pub fn push(&mut self, image: &[u8], change: &[u8], stays: u16) -> Result<(), String> {
        let [channels, height, width] = self.shape;
        let size = height * width;
        if image.len() != channels * size || change.len() != image.len() {
            return Err(failed("a frame is of another size"));
        }
        // Of one channel all three colours are made.
        let colour = |bytes: &[u8], place: usize| {
            [0, 1, 2].map(|channel| bytes[place + size * channel.min(channels - 1)])
        };
        // Image, a white line, perturbation.
        let wide = 2 * width + 1;
        let pixels: Vec<[u8; 3]> = (0..wide * height)
            .map(|place| {
                let (x, y) = (place % wide, place / wide);
                match x.checked_sub(width + 1) {
                    Some(x) => colour(change, y * width + x),
                    None if x == width => [255; 3],
                    None => colour(image, y * width + x),
                }
            })
            .collect();
        let (colours, indices) = match channels {
            1 => (
                (0..=255).map(|grey| [grey; 3]).collect(),
                pixels.iter().map(|[grey, ..]| *grey).collect(),
            ),
            _ => few_colours(&pixels),
        };
        let indices = enlarged(&indices, wide, self.factor);
        self.gif.push(&colours, &indices, stays);
        Ok(())
    }

    /// The file.
    pub fn finish(self) -> Vec<u8> {
        self.gif.finish()
    }
}

/// How long each of so many iterations stays, in hundredths of a second.
pub fn stays(iterations: usize) -> u16 {
    (LENGTH / iterations.max(1)).clamp(STEP.0, STEP.1) as u16
}

/// A picture with `factor` times as many rows and columns.
fn enlarged(pixels: &[u8], wide: usize, factor: usize) -> Vec<u8> {
    let rows = pixels.chunks_exact(wide).map(|row| {
        let row = row
            .iter()
            .flat_map(|&pixel| std::iter::repeat_n(pixel, factor));
        row.collect::<Vec<u8>>().repeat(factor)
    });
    rows.flatten().collect()
}

fn failed(why: &str) -> String {
    format!("The movie cannot be made: {why}.")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ::gif::{ColorOutput, DecodeOptions, Repeat};

    use super::*;

    /// What another program makes of a GIF.
    struct Seen {
        size: (usize, usize),
        repeat: Repeat,
        delays: Vec<u16>,
        /// RGBA of each frame.
        frames: Vec<Vec<u8>>,
    }

    fn read(file: &[u8]) -> Seen {
        let mut options = DecodeOptions::new();
        options.set_color_output(ColorOutput::RGBA);
        let mut decoder = options.read_info(file).unwrap();
        let mut seen = Seen {
            size: (decoder.width().into(), decoder.height().into()),
            repeat: Repeat::Finite(0),
            delays: Vec::new(),
            frames: Vec::new(),
        };
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            seen.delays.push(frame.delay);
            seen.frames.push(frame.buffer.to_vec());
        }
        seen.repeat = decoder.repeat();
        seen
    }

    #[test]
    fn greys_come_back_as_they_were_enlarged() {
        let mut movie = Movie::new([1, 28, 28]).unwrap();
        let image: Vec<u8> = (0..784).map(|at| (at % 256) as u8).collect();
        let turned: Vec<u8> = image.iter().rev().copied().collect();
        movie.push(&image, &[128; 784], 80).unwrap();
        movie.push(&turned, &image, stays(40)).unwrap();
        assert!(movie.push(&image, &[128; 783], 1).is_err());
        let file = movie.finish();
        assert!(file.starts_with(b"GIF89a"));
        let seen = read(&file);
        assert_eq!(seen.size, (57 * 8, 28 * 8));
        assert_eq!(seen.repeat, Repeat::Infinite);
        assert_eq!(seen.delays, [80, 15]);
        let at = |frame: usize, x: usize, y: usize| {
            let start = 4 * (y * seen.size.0 + x);
            seen.frames[frame][start..start + 3].to_vec()
        };
        for (x, y) in [(0, 0), (7, 7), (8, 0), (0, 8), (223, 223), (101, 77)] {
            let pixel = y / 8 * 28 + x / 8;
            assert_eq!(at(0, x, y), [image[pixel]; 3]);
            assert_eq!(at(0, 232 + x, y), [128; 3]);
            assert_eq!(at(1, x, y), [turned[pixel]; 3]);
            assert_eq!(at(1, 232 + x, y), [image[pixel]; 3]);
        }
        assert_eq!(at(0, 228, 100), [255; 3]);
    }

    #[test]
    fn colours_are_near_what_they_were() {
        let shape = [3, 32, 32];
        let mut movie = Movie::new(shape).unwrap();
        // Smooth, as photographs are: far more than 256 colours.
        let image: Vec<u8> = (0..3 * 1024)
            .map(|at| match (at / 1024, at % 32, at % 1024 / 32) {
                (0, x, _) => (8 * x) as u8,
                (1, _, y) => (8 * y) as u8,
                (_, x, y) => (4 * (x + y)) as u8,
            })
            .collect();
        movie.push(&image, &[128; 3 * 1024], 10).unwrap();
        let seen = read(&movie.finish());
        assert_eq!(seen.size, (65 * 7, 32 * 7));
        let mut off = 0.0;
        for pixel in 0..1024 {
            let (x, y) = (pixel % 32 * 7, pixel / 32 * 7);
            let start = 4 * (y * 65 * 7 + x);
            for channel in 0..3 {
                let found = seen.frames[0][start + channel];
                let was = image[channel * 1024 + pixel];
                off += f64::from(found.abs_diff(was)) / 3072.0;
            }
        }
        assert!(off < 8.0, "{off}");
        assert!(Movie::new([3, 20_000, 20_000]).is_ok());
        assert!(Movie::new([3, 70_000, 20_000]).is_err());
        assert!(Movie::new([2, 4, 4]).is_err());
    }

    #[test]
    fn a_movie_takes_some_seconds() {
        assert_eq!((stays(0), stays(1), stays(100), stays(240)), (20, 20, 6, 4));
    }
}
