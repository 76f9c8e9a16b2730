//! Reference of `wgsl/include/philox.wgsl`: the counter-based generator Philox 4x32-10.
//!
//! Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).

/// The generator's text, put before that of a kernel that draws random numbers.
pub const WGSL: &str = include_str!("../wgsl/include/philox.wgsl");

/// The ten-round Philox 4x32 bijection.
pub fn philox4x32_10(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
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

/// A stream of numbers: a key and what it is for. The same four words as in the kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamKey {
    /// The seed's low and high half.
    pub key: [u32; 2],
    /// What the numbers are for.
    pub purpose: u32,
    /// Which of the streams for it.
    pub index: u32,
}

impl StreamKey {
    /// Numbers `4 * block` to `4 * block + 3` of the stream, 32 random bits each.
    pub fn random_block(&self, block: u64) -> [u32; 4] {
        let counter = [block as u32, (block >> 32) as u32, self.index, self.purpose];
        philox4x32_10(counter, self.key)
    }

    /// The same numbers, uniform in (0, 1): each the middle of one of 2^23 equal parts.
    pub fn uniform_block(&self, block: u64) -> [f32; 4] {
        self.random_block(block).map(uniform)
    }

    /// The same numbers, standard normal (Box and Muller, 1958).
    pub fn normal_block(&self, block: u64) -> [f32; 4] {
        let [a, b, c, d] = self.uniform_block(block);
        let [x, y] = normal_pair(a, b);
        let [z, w] = normal_pair(c, d);
        [x, y, z, w]
    }
}

/// Uniform in (0, 1): the middle of one of 2^23 equal parts.
pub fn uniform(bits: u32) -> f32 {
    ((bits >> 9) as f32 + 0.5) / (1u32 << 23) as f32
}

/// Two independent standard normal numbers of two uniform ones.
pub fn normal_pair(first: f32, second: f32) -> [f32; 2] {
    let radius = (-2.0 * first.ln()).sqrt();
    let (sin, cos) = (std::f32::consts::TAU * second).sin_cos();
    [radius * cos, radius * sin]
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
}
