//! Colours of a heat map: dark for low, light for high, and legible ink on them.

/// Colours at even distances from 0 to 1, a ramp in lightness that colour-blind eyes read alike (the
/// ends and middle of viridis, Smith and van der Walt 2015).
const RAMP: [[f64; 3]; 5] = [
    [68.0, 1.0, 84.0],
    [59.0, 82.0, 139.0],
    [33.0, 145.0, 140.0],
    [94.0, 201.0, 98.0],
    [253.0, 231.0, 37.0],
];

/// Colour of a share in [0, 1], and of text on it, for CSS.
pub fn colours(share: f64) -> (String, &'static str) {
    let at = share.clamp(0.0, 1.0) * (RAMP.len() - 1) as f64;
    let low = (at as usize).min(RAMP.len() - 2);
    let part = at - low as f64;
    let [r, g, b] = [0, 1, 2].map(|channel| {
        (RAMP[low][channel] * (1.0 - part) + RAMP[low + 1][channel] * part).round() as u8
    });
    // Lightness as the eye weighs it (Rec. 709), where black and white text are equally far.
    let light = 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    let ink = if light > 0.179 { "#000" } else { "#fff" };
    (format!("rgb({r},{g},{b})"), ink)
}

fn linear(byte: u8) -> f64 {
    let value = f64::from(byte) / 255.0;
    if value <= 0.04045 {
        value / 12.92
    } else {
        ((value + 0.055) / 1.055).powf(2.4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ink_is_legible_on_every_colour() {
        for percent in 0..=100 {
            let (colour, ink) = colours(f64::from(percent) / 100.0);
            let bytes: Vec<u8> = colour
                .trim_start_matches("rgb(")
                .trim_end_matches(')')
                .split(',')
                .filter_map(|byte| byte.parse().ok())
                .collect();
            let light =
                0.2126 * linear(bytes[0]) + 0.7152 * linear(bytes[1]) + 0.0722 * linear(bytes[2]);
            let contrast = if ink == "#000" {
                (light + 0.05) / 0.05
            } else {
                1.05 / (light + 0.05)
            };
            assert!(contrast >= 4.5, "{percent} %: {colour} {ink} {contrast}");
        }
    }
}
