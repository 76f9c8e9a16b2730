//! How far a share of a few images may be from that of all.

/// 97.5 % of a normal distribution lie below so many standard deviations.
const Z: f64 = 1.959_963_985;

/// Wilson's interval of 95 % confidence for a share that was measured on `images` images (Wilson 1927,
/// "Probable inference, the law of succession, and statistical inference"): the shares, in [0, 1], from which
/// such a sample is not unlikely. All of [0, 1] where nothing was measured.
pub fn wilson(share: f64, images: usize) -> (f64, f64) {
    if images == 0 {
        return (0.0, 1.0);
    }
    let n = images as f64;
    let spread = Z * Z / n;
    let middle = share + spread / 2.0;
    let half = (share * (1.0 - share) * spread + spread * spread / 4.0).sqrt();
    let bound = |x: f64| (x / (1.0 + spread)).clamp(0.0, 1.0);
    (bound(middle - half), bound(middle + half))
}

/// The interval in words: `40% to 54% of all images (95% sure)`.
pub fn in_words(share: f64, images: usize) -> String {
    let (low, high) = wilson(share, images);
    let digits = usize::from(images >= 1000);
    format!(
        "{:.digits$}% to {:.digits$}% of all images (95% sure)",
        100.0 * low,
        100.0 * high
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
    #[test]
    fn published_intervals() {
        for (right, images, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0000, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let found = wilson(f64::from(right) / f64::from(images), images as usize);
            assert!(
                (found.0 - low).abs() < 5e-5 && (found.1 - high).abs() < 5e-5,
                "{right} of {images}: {found:?}"
            );
        }
        assert_eq!(wilson(0.0, 0), (0.0, 1.0));
    }

    #[test]
    fn words_have_no_more_digits_than_are_known() {
        assert_eq!(in_words(0.47, 200), "40% to 54% of all images (95% sure)");
        assert_eq!(
            in_words(0.0, 10_000),
            "0.0% to 0.0% of all images (95% sure)"
        );
    }
}
