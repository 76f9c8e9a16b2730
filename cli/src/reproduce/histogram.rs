//! Histograms below each other, all over the same axis.

use std::fmt::Write;

use squeeze_engine::event::Spread;
use squeeze_engine::verdict::html::text;
use squeeze_engine::verdict::plot::number;

/// Width, height of one, where its bars begin and end, and how high they are, in units of the SVG.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 44.0;
const FRAME: [f64; 2] = [200.0, 590.0];
const BARS: f64 = 36.0;

/// The histograms of `named`, from the least of all their numbers to the largest; nothing if there is none.
pub fn histograms(title: &str, named: &[(&str, &Spread)]) -> Option<String> {
    let none = (f32::INFINITY, f32::NEG_INFINITY);
    let (low, high) = named.iter().fold(none, |(low, high), (_, spread)| {
        (low.min(spread.low), high.max(spread.high))
    });
    if !(low.is_finite() && high.is_finite()) {
        return None;
    }
    let [left, right] = FRAME;
    let width = f64::from(high - low).max(1e-12);
    let across = |value: f64| left + (value - f64::from(low)) / width * (right - left);
    let mut label = format!("{title}.");
    let mut svg = String::new();
    for (row, (name, spread)) in named.iter().enumerate() {
        let bottom = row as f64 * HEIGHT + BARS + 4.0;
        let each = f64::from(spread.high - spread.low) / spread.counts.len().max(1) as f64;
        let most = f64::from(spread.counts.iter().copied().max().unwrap_or(1).max(1));
        let _ = write!(
            svg,
            "<text x=\"0\" y=\"{:.1}\">{}</text>\
             <line class=\"grid\" x1=\"{left}\" x2=\"{right}\" y1=\"{bottom:.1}\" y2=\"{bottom:.1}\"/>",
            bottom - 4.0,
            text(name)
        );
        for (bar, &count) in spread
            .counts
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
        {
            let from = across(f64::from(spread.low) + bar as f64 * each);
            // Bars of a narrow one are still seen.
            let wide = (each / width * (right - left)).max(0.8);
            let tall = f64::from(count) / most * BARS;
            let _ = write!(
                svg,
                "<rect class=\"bar\" x=\"{from:.1}\" y=\"{:.1}\" width=\"{wide:.1}\" height=\"{tall:.1}\"/>",
                bottom - tall
            );
        }
        let [least, .., most] = spread.quantiles.map(f64::from);
        let _ = write!(
            label,
            " {name}: 90 % between {} and {}.",
            number(least),
            number(most)
        );
    }
    let bottom = named.len() as f64 * HEIGHT;
    if low < 0.0 && high > 0.0 {
        let x = across(0.0);
        let _ = write!(
            svg,
            "<line class=\"mark\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"0\" y2=\"{bottom}\"/>\
             <text class=\"middle\" x=\"{x:.1}\" y=\"{:.1}\">0</text>",
            bottom + 14.0
        );
    }
    for (value, class) in [(low, "begin"), (high, "end")] {
        let _ = write!(
            svg,
            "<text class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            across(f64::from(value)),
            bottom + 14.0,
            number(f64::from(value))
        );
    }
    Some(format!(
        "<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"{}\">{svg}</svg>",
        bottom + 20.0,
        text(&label)
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn spread(low: f32, high: f32) -> Spread {
        Spread {
            low,
            high,
            counts: vec![1, 0, 2],
            quantiles: [low, low, low, high, high],
        }
    }

    #[test]
    fn all_lie_over_one_axis() {
        let (narrow, wide) = (spread(0.0, 1.0), spread(-10.0, 10.0));
        let svg = histograms("Logits", &[("narrow", &narrow), ("wide", &wide)]).unwrap();
        assert_eq!(svg.matches("<rect").count(), 4);
        assert!(svg.contains("narrow: 90 % between 0 and 1. wide: 90 % between -10 and 10."));
        // The narrow one begins in the middle.
        assert!(svg.contains("<rect class=\"bar\" x=\"395.0\""), "{svg}");
    }

    #[test]
    fn strange_numbers_stay_a_plot_or_none() {
        assert_eq!(histograms("none", &[]), None);
        assert_eq!(
            histograms("endless", &[("a", &spread(f32::NEG_INFINITY, 0.0))]),
            None
        );
        let one = histograms("one", &[("a", &spread(2.0, 2.0))]).unwrap();
        assert!(!one.contains("NaN") && !one.contains("inf"), "{one}");
    }
}
