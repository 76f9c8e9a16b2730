//! The one source of random numbers: Philox 4x32-10, a counter-based generator.
//!
//! Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011). Every number is a pure
//! function of the run's seed, what it is for ([`Purpose`]), which step or batch it belongs to, and
//! its place there. So a run does not depend on the device, on what was drawn before, or on where a
//! pause fell, and a kernel can draw the same numbers in parallel.

use squeeze_shaders::philox;
pub use squeeze_shaders::philox::StreamKey;

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
    /// Split of a folder of images into training and test; the index is the class.
    Split = 5,
    /// Which training images are held out.
    HeldOut = 6,
    /// Crops and mirrors of training images; the index is the step.
    Augment = 7,
    /// Random start of the training adversary; the index is the step.
    Adversary = 8,
    /// How far from the clean images an attack in l_2 starts; the index is that of its start.
    AttackRadius = 9,
    /// What an attack draws on its way; the index is that of its start.
    AttackWay = 10,
    /// What a random guard does to images; the index is the training step, or 0.
    Guard = 11,
    /// Seeds of the attacks of an evaluation.
    Rung = 12,
    /// Which test images an attack takes.
    Choice = 13,
}

/// Names the stream of `seed` for `purpose`, at `index` (see [`Purpose`]).
pub fn key(seed: u64, purpose: Purpose, index: usize) -> StreamKey {
    StreamKey {
        key: [seed as u32, (seed >> 32) as u32],
        purpose: purpose as u32,
        index: index as u32,
    }
}

/// A stream of random numbers, fixed by seed, purpose and index.
#[derive(Clone, Debug)]
pub struct Stream {
    key: StreamKey,
    block: u64,
    buffer: [u32; 4],
    used: usize,
}

impl Stream {
    /// The stream of `seed` for `purpose`, at `index` (see [`Purpose`]).
    pub fn new(seed: u64, purpose: Purpose, index: usize) -> Self {
        Self {
            key: key(seed, purpose, index),
            block: 0,
            buffer: [0; 4],
            used: 4,
        }
    }

    /// A stream of its own for the next tensor of random numbers.
    pub fn branch(&mut self) -> StreamKey {
        StreamKey {
            key: [self.next_u32(), self.next_u32()],
            ..self.key
        }
    }

    /// 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        if self.used == 4 {
            self.buffer = self.key.random_block(self.block);
            self.block += 1;
            self.used = 0;
        }
        let value = self.buffer[self.used];
        self.used += 1;
        value
    }

    /// Uniform in the open interval (0, 1): the middle of one of 2^23 equal parts.
    pub fn uniform(&mut self) -> f32 {
        philox::uniform(self.next_u32())
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
            let normal = philox::normal_pair(self.uniform(), self.uniform());
            pair.copy_from_slice(&normal[..pair.len()]);
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

#[cfg(test)]
mod tests {
    use super::*;

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
