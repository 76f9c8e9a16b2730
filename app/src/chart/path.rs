//! SVG paths of long curves, thinned to what the screen can show.

use std::fmt::Write;

use crate::chart::scale::Scale;

/// A line through the points. Of the points that share a screen column only the lowest and the
/// highest are kept, in their order: no peak is lost, and the path's length is bounded by the width.
pub fn line(steps: &[usize], values: &[f32], x: Scale, y: Scale) -> String {
    let mut path = String::new();
    for (place, value) in thinned(steps, values, x) {
        let verb = if path.is_empty() { 'M' } else { 'L' };
        // Writing to a string cannot fail.
        let _ = write!(path, "{verb}{place:.1} {:.1}", y.place(f64::from(value)));
    }
    path
}

/// The points as dots (draw with round caps), thinned likewise.
pub fn dots(steps: &[usize], values: &[f32], x: Scale, y: Scale) -> String {
    let mut path = String::new();
    for (place, value) in thinned(steps, values, x) {
        let _ = write!(path, "M{place:.1} {:.1}h0", y.place(f64::from(value)));
    }
    path
}

fn thinned(steps: &[usize], values: &[f32], x: Scale) -> Vec<(f64, f32)> {
    struct Column {
        at: i64,
        low: (usize, f64, f32),
        high: (usize, f64, f32),
    }
    let mut kept = Vec::new();
    let mut keep = |column: Column| {
        let (first, second) = if column.low.0 <= column.high.0 {
            (column.low, column.high)
        } else {
            (column.high, column.low)
        };
        kept.push((first.1, first.2));
        if second.0 != first.0 {
            kept.push((second.1, second.2));
        }
    };
    let mut column: Option<Column> = None;
    for (index, (step, value)) in steps.iter().zip(values).enumerate() {
        if !value.is_finite() {
            continue;
        }
        let place = x.place(*step as f64);
        let point = (index, place, *value);
        match &mut column {
            Some(open) if open.at == place as i64 => {
                if *value < open.low.2 {
                    open.low = point;
                }
                if *value > open.high.2 {
                    open.high = point;
                }
            }
            _ => {
                let fresh = Column {
                    at: place as i64,
                    low: point,
                    high: point,
                };
                if let Some(done) = column.replace(fresh) {
                    keep(done);
                }
            }
        }
    }
    if let Some(done) = column {
        keep(done);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_curve_keeps_its_peaks_and_loses_its_length() {
        let steps: Vec<usize> = (1..=20_000).collect();
        let mut values = vec![0.5_f32; 20_000];
        values[7_777] = 9.0;
        values[123] = f32::NAN;
        let x = Scale::new((0.0, 20_000.0), 0.0, 600.0);
        let kept = thinned(&steps, &values, x);
        assert!(kept.len() <= 2 * 601, "{}", kept.len());
        assert!(kept.iter().any(|(_, value)| *value == 9.0));
        assert!(kept.windows(2).all(|pair| pair[0].0 <= pair[1].0));
        let y = Scale::new((0.0, 10.0), 100.0, -100.0);
        assert!(line(&steps, &values, x, y).starts_with("M0.0 95.0"));
    }

    #[test]
    fn short_curves_are_kept_whole() {
        let x = Scale::new((0.0, 4.0), 0.0, 400.0);
        let y = Scale::new((0.0, 1.0), 10.0, -10.0);
        assert_eq!(line(&[0, 4], &[0.0, 1.0], x, y), "M0.0 10.0L400.0 0.0");
        assert_eq!(dots(&[4], &[1.0], x, y), "M400.0 0.0h0");
        assert_eq!(line(&[], &[], x, y), "");
    }
}
