//! [`Gif`]: an animated GIF of pictures of at most 256 colours.

/// Codes of LZW at most, as GIF has it.
const CODES: usize = 4096;
const CLEAR: u16 = 256;
const END: u16 = 257;

/// A GIF in the making, which runs again and again.
pub struct Gif {
    bytes: Vec<u8>,
    width: u16,
    height: u16,
    /// For each code and byte the code of the two together; 0 is none.
    longer: Vec<u16>,
}

impl Gif {
    /// Of a size in pixels.
    pub fn new(width: u16, height: u16) -> Self {
        let mut bytes = b"GIF89a".to_vec();
        bytes.extend(width.to_le_bytes());
        bytes.extend(height.to_le_bytes());
        // No table of colours for all frames, no background, square pixels. Then: for ever.
        bytes.extend([0x70, 0, 0]);
        bytes.extend(b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0");
        Self {
            bytes,
            width,
            height,
            longer: Vec::new(),
        }
    }

    /// Adds a picture: the index of each pixel's colour, and how long it stays, in hundredths of a
    /// second.
    pub fn push(&mut self, colours: &[[u8; 3]], indices: &[u8], stays: u16) {
        let bytes = &mut self.bytes;
        bytes.extend([0x21, 0xf9, 4, 0]);
        bytes.extend(stays.to_le_bytes());
        bytes.extend([0, 0, 0x2c, 0, 0, 0, 0]);
        bytes.extend(self.width.to_le_bytes());
        bytes.extend(self.height.to_le_bytes());
        bytes.push(0x87);
        let table = colours.iter().copied().chain(std::iter::repeat([0; 3]));
        bytes.extend(table.take(256).flatten());
        bytes.push(8);
        for block in self.packed(indices).chunks(255) {
            self.bytes.push(block.len() as u8);
            self.bytes.extend(block);
        }
        self.bytes.push(0);
    }

    /// The file.
    pub fn finish(mut self) -> Vec<u8> {
        self.bytes.push(0x3b);
        self.bytes
    }

    /// Indices after LZW.
    fn packed(&mut self, indices: &[u8]) -> Vec<u8> {
        let mut packed = Vec::new();
        let (mut bits, mut filled) = (0u32, 0);
        let mut put = |code: u16, size: u32| {
            bits |= u32::from(code) << filled;
            filled += size;
            while filled >= 8 {
                packed.push(bits as u8);
                bits >>= 8;
                filled -= 8;
            }
        };
        let (mut size, mut next) = (9, END + 1);
        put(CLEAR, size);
        self.longer.clear();
        self.longer.resize(CODES * 256, 0);
        let mut before: Option<u16> = None;
        for &index in indices {
            let Some(code) = before else {
                before = Some(index.into());
                continue;
            };
            let place = usize::from(code) * 256 + usize::from(index);
            let longer = self.longer[place];
            if longer != 0 {
                before = Some(longer);
                continue;
            }
            put(code, size);
            before = Some(index.into());
            if usize::from(next) == CODES {
                put(CLEAR, size);
                self.longer.fill(0);
                (size, next) = (9, END + 1);
                continue;
            }
            self.longer[place] = next;
            // A reader learns a code one later than it is made.
            if next == 1 << size {
                size += 1;
            }
            next += 1;
        }
        if let Some(code) = before {
            put(code, size);
        }
        // The reader learns one more code.
        if usize::from(next) < CODES && next == 1 << size {
            size += 1;
        }
        put(END, size);
        put(0, 7);
        packed
    }
}

/// At most 256 colours that stand for those of some pixels, and each pixel's place among them: the
/// pixels are halved again and again, where they differ most (median cut).
pub fn few_colours(pixels: &[[u8; 3]]) -> (Vec<[u8; 3]>, Vec<u8>) {
    // How far the pixels of a box differ, and in which channel.
    let spread = |places: &[usize]| {
        let range = |channel: usize| {
            let values = || places.iter().map(|&place| pixels[place][channel]);
            values().max().unwrap_or(0) - values().min().unwrap_or(0)
        };
        let channels = [0, 1, 2].map(|channel| (range(channel), channel));
        channels.into_iter().max().unwrap_or((0, 0))
    };
    let all: Vec<usize> = (0..pixels.len()).collect();
    let mut boxes = vec![(spread(&all), all)];
    while boxes.len() < 256 {
        let widest = (0..boxes.len())
            .max_by_key(|&at| boxes[at].0.0)
            .unwrap_or(0);
        let ((range, channel), places) = &mut boxes[widest];
        if *range == 0 {
            break;
        }
        places.sort_unstable_by_key(|&place| pixels[place][*channel]);
        let half = places.split_off(places.len() / 2);
        boxes[widest].0 = spread(&boxes[widest].1);
        boxes.push((spread(&half), half));
    }
    let mut indices = vec![0; pixels.len()];
    let mean = |(index, (_, places)): (usize, &(_, Vec<usize>))| {
        for &place in places {
            indices[place] = index as u8;
        }
        [0, 1, 2].map(|channel| {
            let sum: usize = places
                .iter()
                .map(|&place| usize::from(pixels[place][channel]))
                .sum();
            (sum / places.len().max(1)) as u8
        })
    };
    (boxes.iter().enumerate().map(mean).collect(), indices)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ::gif::{ColorOutput, DecodeOptions};

    use super::*;

    /// Through every size of code, with the table full and cleared several times, and with a last code
    /// at each place of a byte.
    #[test]
    fn another_program_reads_every_pixel_as_it_was() {
        let mut state = 1u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let greys: Vec<[u8; 3]> = (0..=255).map(|grey| [grey; 3]).collect();
        for (width, height) in [(1, 1), (2, 1), (3, 1), (17, 15), (16, 16), (97, 301)] {
            let count = usize::from(width * height);
            let noise: Vec<u8> = (0..count).map(|_| next()).collect();
            let runs: Vec<u8> = (0..count).map(|at| (at / 40 % 7) as u8).collect();
            let pictures = [noise, vec![9; count], runs];
            let mut gif = Gif::new(width, height);
            for (picture, stays) in pictures.iter().zip(1..) {
                gif.push(&greys, picture, stays);
            }
            let file = gif.finish();
            let mut options = DecodeOptions::new();
            options.set_color_output(ColorOutput::Indexed);
            let mut decoder = options.read_info(&file[..]).unwrap();
            for (picture, stays) in pictures.iter().zip(1..) {
                let frame = decoder.read_next_frame().unwrap().unwrap();
                assert_eq!(frame.delay, stays);
                assert_eq!(frame.buffer[..], picture[..], "{width} x {height}");
            }
            assert!(decoder.read_next_frame().unwrap().is_none());
        }
    }

    #[test]
    fn few_colours_stay_as_they_are() {
        let pixels: Vec<[u8; 3]> = (0..500u16)
            .map(|at| [(at % 10) as u8 * 20, 7, (at % 4) as u8])
            .collect();
        let (colours, indices) = few_colours(&pixels);
        assert!(colours.len() <= 256);
        for (pixel, index) in pixels.iter().zip(indices) {
            assert_eq!(*pixel, colours[usize::from(index)]);
        }
        assert!(few_colours(&[]).1.is_empty());
    }
}
