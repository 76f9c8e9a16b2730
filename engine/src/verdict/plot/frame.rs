//! What all plots share: their size, their shades, how they write numbers.

/// Size of a plot, and where its frame begins, in units of the SVG.
pub const SIZE: [f64; 2] = [360.0, 220.0];
/// Left, top, right and bottom of what is drawn in.
pub const FRAME: [f64; 4] = [44.0, 12.0, 350.0, 186.0];

/// The beginning of a plot of the usual size; `label` is what it shows in words, for those who do not
/// see it.
pub fn begin(label: &str) -> String {
    begin_of(SIZE, label)
}

/// The same of another size.
pub fn begin_of([width, height]: [f64; 2], label: &str) -> String {
    format!("<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{label}\">")
}

/// From dark blue over grey to light orange: told apart by lightness alone, too.
pub fn shade(share: f32) -> String {
    const STOPS: [[f32; 3]; 3] = [
        [18.0, 42.0, 78.0],
        [140.0, 140.0, 140.0],
        [255.0, 208.0, 150.0],
    ];
    let at = share.clamp(0.0, 1.0) * 2.0;
    let stop = (at as usize).min(1);
    let between = at - stop as f32;
    let mix = |k: usize| STOPS[stop][k] + between * (STOPS[stop + 1][k] - STOPS[stop][k]);
    format!("rgb({:.0} {:.0} {:.0})", mix(0), mix(1), mix(2))
}

/// Class of writing that keeps a contrast of 4.5 on the shade of a share.
pub fn ink(share: f32) -> &'static str {
    if share < 0.385 { "on-dark" } else { "on-light" }
}

/// A number in few characters.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-3..1e5).contains(&size) {
        return format!("{value:.1e}");
    }
    let digits = if size >= 100.0 {
        0
    } else if size >= 10.0 {
        1
    } else if size >= 0.1 {
        3
    } else {
        4
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A share in percent.
pub fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (value, expected) in [
            (0.0, "0"),
            (0.3, "0.3"),
            (0.0313726, "0.0314"),
            (0.0075, "0.0075"),
            (160.0, "160"),
            (12.34, "12.3"),
            (-2.5, "-2.5"),
            (3e-9, "3.0e-9"),
            (2e6, "2.0e6"),
        ] {
            assert_eq!(number(value), expected);
        }
    }

    #[test]
    fn writing_on_shades_can_be_read() {
        let light = |channel: f64| {
            let share = channel / 255.0;
            if share <= 0.04 {
                share / 12.92
            } else {
                ((share + 0.055) / 1.055).powf(2.4)
            }
        };
        for step in 0..=1000 {
            let share = step as f32 / 1000.0;
            let text = shade(share);
            let numbers = text.trim_start_matches("rgb(").trim_end_matches(')');
            let rgb: Vec<f64> = numbers.split(' ').filter_map(|n| n.parse().ok()).collect();
            assert_eq!(rgb.len(), 3, "{text}");
            let ground = 0.2126 * light(rgb[0]) + 0.7152 * light(rgb[1]) + 0.0722 * light(rgb[2]);
            let contrast = match ink(share) {
                "on-dark" => 1.05 / (ground + 0.05),
                _ => (ground + 0.05) / 0.05,
            };
            assert!(contrast >= 4.5, "{share}: {contrast}");
        }
    }
}
