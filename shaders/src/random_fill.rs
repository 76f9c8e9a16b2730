//! Reference of `wgsl/random_fill.wgsl`.

use crate::philox::StreamKey;

/// The kernel's text, behind that of the generator.
pub const WGSL: &str = concat!(
    include_str!("../wgsl/include/philox.wgsl"),
    include_str!("../wgsl/random_fill.wgsl")
);

/// Invocations of one workgroup, each of which makes four numbers.
pub const WORKGROUP: u32 = 256;

/// A distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Distribution {
    /// Uniform in (0, 1).
    Uniform = 0,
    /// Standard normal.
    Normal = 1,
}

/// What to fill with: `offset + scale * n`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fill {
    /// Distribution of n.
    pub distribution: Distribution,
    /// What n is multiplied by.
    pub scale: f32,
    /// What is added.
    pub offset: f32,
    /// Where n comes from.
    pub stream: StreamKey,
}

impl Fill {
    /// The kernel's parameters.
    pub fn words(&self) -> [u32; 7] {
        let StreamKey {
            key,
            purpose,
            index,
        } = self.stream;
        [
            self.distribution as u32,
            self.scale.to_bits(),
            self.offset.to_bits(),
            key[0],
            key[1],
            purpose,
            index,
        ]
    }
}

/// Numbers of the stream, from its first.
pub fn random_fill(fill: &Fill, out: &mut [f32]) {
    for (four, block) in out.chunks_mut(4).zip(0..) {
        let numbers = match fill.distribution {
            Distribution::Uniform => fill.stream.uniform_block(block),
            Distribution::Normal => fill.stream.normal_block(block),
        };
        for (out, number) in four.iter_mut().zip(numbers) {
            *out = fill.offset + fill.scale * number;
        }
    }
}
