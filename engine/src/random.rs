//! The one source of random numbers: Philox 4x32-10, a counter-based generator.
//!
//! Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011). Every number is a pure
//! function of the run's seed, what it is for ([`Purpose`]), which step or batch it belongs to, and
//! its place there. So a run does not depend on the device, on what was drawn before, or on where a
//! pause fell, and a kernel can draw the same numbers in parallel.

/// What random numbers are for. Each purpose is a stream of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Purpose {
    /// Initial weights; the index is the parameter's place in the network.
    Weights = 1,
    /// Order of the training images; the index is the epoch.
    Shuffle = 2,
    /// Gaussian noise on training images; the index is the step.
    Noise = 3,
    /// Random start of an attack; the index is the batch.
    AttackStart = 4,
    /// Which images of an unsplit folder are tested on; the index is the class.
    Split = 5,
}

/// A stream of random numbers, fixed by seed, purpose and index.
#[derive(Clone, Debug)]
pub struct Stream {
    key: [u32; 2],
    purpose: u32,
    index: u32,
    block: u64,
    buffer: [u32; 4],
    used: usize,
}

impl Stream {
    /// The stream of `seed` for `purpose`, at `index` (see [`Purpose`]).
    pub fn new(seed: u64, purpose: Purpose, index: usize) -> Self {
        Self {
            key: [seed as u32, (seed >> 32) as u32],
            purpose: purpose as u32,
            index: index as u32,
            block: 0,
            buffer: [0; 4],
            used: 4,
        }
    }

    /// 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        if self.used == 4 {
            let counter = [
                self.block as u32,
                (self.block >> 32) as u32,
                self.index,
                self.purpose,
            ];
            self.buffer = philox4x32_10(counter, self.key);
            self.block += 1;
            self.used = 0;
        }
        let value = self.buffer[self.used];
        self.used += 1;
        value
    }

    /// Uniform in the open interval (0, 1): the middle of one of 2^23 equal parts.
    pub fn uniform(&mut self) -> f32 {
        ((self.next_u32() >> 9) as f32 + 0.5) / (1u32 << 23) as f32
    }

    /// Uniform in `0..bound`, without bias (Lemire, "Fast random integer generation in an
    /// interval", 2019).
    ///
    /// # Panics
    /// If `bound` is 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        assert!(bound > 0, "there is no number below 0");
        let reject_below = bound.wrapping_neg() % bound;
        loop {
            let product = u64::from(self.next_u32()) * u64::from(bound);
            if product as u32 >= reject_below {
                return (product >> 32) as u32;
            }
        }
    }

    /// Fills with independent standard normal numbers (Box and Muller, 1958).
    pub fn fill_normal(&mut self, out: &mut [f32]) {
        for pair in out.chunks_mut(2) {
            let radius = (-2.0 * self.uniform().ln()).sqrt();
            let (sin, cos) = (std::f32::consts::TAU * self.uniform()).sin_cos();
            pair[0] = radius * cos;
            if let Some(second) = pair.get_mut(1) {
                *second = radius * sin;
            }
        }
    }

    /// Puts `items` into a uniformly random order (Fisher and Yates).
    ///
    /// # Panics
    /// If there are more than `u32::MAX` items.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        assert!(
            u32::try_from(items.len()).is_ok(),
            "more items than a shuffle can take"
        );
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u32 + 1) as usize);
        }
    }
}

/// The ten-round Philox 4x32 bijection.
fn philox4x32_10(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
    const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
    for _ in 0..10 {
        let first = u64::from(MULTIPLIERS[0]) * u64::from(counter[0]);
        let second = u64::from(MULTIPLIERS[1]) * u64::from(counter[2]);
        counter = [
            (second >> 32) as u32 ^ counter[1] ^ key[0],
            second as u32,
            (first >> 32) as u32 ^ counter[3] ^ key[1],
            first as u32,
        ];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known answers published with the generator (Random123, `kat_vectors`).
    #[test]
    fn philox_gives_its_published_answers() {
        assert_eq!(
            philox4x32_10([0; 4], [0; 2]),
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
        );
        assert_eq!(
            philox4x32_10([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox4x32_10(
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0]
            ),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn seeds_purposes_and_indices_give_different_streams() {
        let first = |seed, purpose, index| Stream::new(seed, purpose, index).next_u32();
        let base = first(7, Purpose::Noise, 3);
        assert_eq!(base, first(7, Purpose::Noise, 3));
        assert_ne!(base, first(8, Purpose::Noise, 3));
        assert_ne!(base, first(7 + (1 << 40), Purpose::Noise, 3));
        assert_ne!(base, first(7, Purpose::Shuffle, 3));
        assert_ne!(base, first(7, Purpose::Noise, 4));
    }

    #[test]
    fn uniform_and_normal_have_their_moments() {
        let mut stream = Stream::new(1, Purpose::Noise, 0);
        let n = 200_000;
        let uniform: Vec<f64> = (0..n).map(|_| f64::from(stream.uniform())).collect();
        assert!(uniform.iter().all(|&u| u > 0.0 && u < 1.0));
        let mean = uniform.iter().sum::<f64>() / n as f64;
        assert!((mean - 0.5).abs() < 0.003, "{mean}");

        let mut normal = vec![0.0; n];
        stream.fill_normal(&mut normal);
        let moment = |power| {
            normal
                .iter()
                .map(|&x| f64::from(x).powi(power))
                .sum::<f64>()
                / n as f64
        };
        assert!(moment(1).abs() < 0.01, "{}", moment(1));
        assert!((moment(2) - 1.0).abs() < 0.02, "{}", moment(2));
        assert!(moment(3).abs() < 0.05, "{}", moment(3));
        assert!((moment(4) - 3.0).abs() < 0.1, "{}", moment(4));
    }

    #[test]
    fn shuffle_is_a_permutation_and_below_reaches_every_number() {
        let mut stream = Stream::new(1, Purpose::Shuffle, 0);
        let mut items: Vec<usize> = (0..1000).collect();
        stream.shuffle(&mut items);
        assert_ne!(items, (0..1000).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..1000).collect::<Vec<_>>());
        let mut counts = [0; 6];
        for _ in 0..6000 {
            counts[stream.below(6) as usize] += 1;
        }
        assert!(
            counts.iter().all(|&c| (800..1200).contains(&c)),
            "{counts:?}"
        );
    }
}
