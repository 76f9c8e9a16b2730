//! How a kernel's numbers lie in memory. Sums are 32-bit ones everywhere.

/// The floats of a tensor that a kernel reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Float {
    /// 32 bits.
    F32,
    /// 16 bits, which not every adapter has (WGSL's `f16`).
    F16,
}

impl Float {
    fn wgsl(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
        }
    }
}

/// The beginning of a kernel's text, which gives its tensors' floats their names.
pub fn aliases(named: &[(&str, Float)]) -> String {
    let has_half = named.iter().any(|(_, float)| *float == Float::F16);
    let mut text = String::from(if has_half { "enable f16;\n" } else { "" });
    for (name, float) in named {
        text += &format!("alias {name} = {};\n", float.wgsl());
    }
    text
}

/// The nearest 16-bit float (ties to even), as 32 bits: what a kernel stores and reads again.
pub fn half(value: f32) -> f32 {
    const LARGEST: f32 = 65_504.0;
    // Half of the last step below infinity still rounds down.
    if value.abs() >= LARGEST + 16.0 {
        return f32::INFINITY.copysign(value);
    }
    if value == 0.0 || value.is_nan() {
        return value;
    }
    // The step between neighbours: 10 bits below the leading one, and 2^-24 among the smallest.
    let exponent = value.abs().log2().floor().max(-14.0) as i32;
    let step = 2f32.powi(exponent - 10);
    (value / step).round_ties_even() * step
}

#[cfg(test)]
mod tests {
    use super::half;

    #[test]
    fn numbers_are_the_nearest() {
        for (value, expected) in [
            (0.0, 0.0),
            (1.0, 1.0),
            (1.0 + 1.0 / 2048.0, 1.0),
            (1.0 + 3.0 / 2048.0, 1.0 + 2.0 / 1024.0),
            (-0.1, -0.099_975_586),
            (65_504.0, 65_504.0),
            (65_519.9, 65_504.0),
            (65_520.0, f32::INFINITY),
            (-1e9, f32::NEG_INFINITY),
            (2f32.powi(-24), 2f32.powi(-24)),
            (2f32.powi(-26), 0.0),
            (6.0e-5, 6.002_187_7e-5),
        ] {
            assert_eq!(half(value), expected, "{value}");
        }
        assert!(half(f32::NAN).is_nan());
    }
}
