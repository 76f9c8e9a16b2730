//! From numbers to places on the screen, and the round numbers to mark there.

/// A straight map from `[from, to]` onto `[at, at + length]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    from: f64,
    to: f64,
    at: f64,
    length: f64,
}

impl Scale {
    /// A map; a negative `length` runs the other way, as screens' y does.
    pub fn new((from, to): (f64, f64), at: f64, length: f64) -> Self {
        // A domain of no width maps everything to its start instead of dividing by zero.
        let to = if to > from { to } else { from + 1.0 };
        Self {
            from,
            to,
            at,
            length,
        }
    }

    /// The place of a number; numbers outside the domain stay at its edge.
    pub fn place(&self, value: f64) -> f64 {
        let share = ((value - self.from) / (self.to - self.from)).clamp(0.0, 1.0);
        self.at + share * self.length
    }

    /// The number at a place.
    pub fn value(&self, place: f64) -> f64 {
        let share = ((place - self.at) / self.length).clamp(0.0, 1.0);
        self.from + share * (self.to - self.from)
    }
}

/// About `wanted` round numbers that cover `[0, max]`, the last at or above `max` if `over`, and
/// the digits after the point that they need.
pub fn ticks(max: f64, wanted: usize, over: bool) -> (Vec<f64>, usize) {
    if !(max.is_finite() && max > 0.0) || wanted == 0 {
        return (vec![0.0, 1.0], 0);
    }
    let rough = max / wanted as f64;
    let magnitude = 10f64.powf(rough.log10().floor());
    let unit = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .find(|unit| unit * magnitude >= rough * 0.999)
        .unwrap_or(10.0);
    let step = unit * magnitude;
    let count = if over {
        (max / step * 0.999_999).ceil()
    } else {
        (max / step * 1.000_001).floor()
    };
    let digits = (-step.log10().floor()).max(0.0) as usize;
    let marks = (0..=count as usize)
        .map(|mark| mark as f64 * step)
        .collect();
    (marks, digits)
}

/// About `wanted` round numbers within `[low, high]`, and the digits after the point that they need.
pub fn ticks_between(low: f64, high: f64, wanted: usize) -> (Vec<f64>, usize) {
    let span = high - low;
    if !(span.is_finite() && span > 0.0) {
        return (vec![low], 2);
    }
    let (marks, digits) = ticks(span, wanted, false);
    let step = marks.get(1).copied().unwrap_or(span);
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    let marks = (first..=last).map(|mark| mark as f64 * step).collect();
    (marks, digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_between_two_numbers_hold_zero_where_it_lies_between() {
        assert_eq!(ticks_between(-3.2, 11.4, 3), (vec![0.0, 5.0, 10.0], 0));
        assert_eq!(ticks_between(-0.8, 0.9, 4).0, vec![-0.5, 0.0, 0.5]);
        let (marks, digits) = ticks_between(7.3, 7.9, 3);
        let labels: Vec<String> = marks
            .iter()
            .map(|mark| format!("{mark:.digits$}"))
            .collect();
        assert_eq!(labels, ["7.4", "7.6", "7.8"]);
        assert_eq!(ticks_between(1.0, 1.0, 3).0, vec![1.0]);
    }

    #[test]
    fn ticks_are_round_and_cover() {
        assert_eq!(ticks(2.3, 4, true), (vec![0.0, 1.0, 2.0, 3.0], 0));
        assert_eq!(ticks(1500.0, 4, false).0, vec![0.0, 500.0, 1000.0, 1500.0]);
        let (marks, digits) = ticks(0.083, 4, true);
        assert_eq!(digits, 2);
        assert!(marks.last().is_some_and(|last| *last >= 0.083), "{marks:?}");
        assert_eq!(ticks(f64::NAN, 4, true).0, vec![0.0, 1.0]);
        assert_eq!(ticks(1.0, 4, false).0.last(), Some(&1.0));
    }

    #[test]
    fn places_and_values_are_each_others_inverse() {
        let scale = Scale::new((0.0, 10.0), 100.0, -50.0);
        assert_eq!(scale.place(0.0), 100.0);
        assert_eq!(scale.place(10.0), 50.0);
        assert_eq!(scale.place(20.0), 50.0);
        assert!((scale.value(scale.place(3.0)) - 3.0).abs() < 1e-9);
        assert_eq!(Scale::new((1.0, 1.0), 0.0, 10.0).place(1.0), 0.0);
    }
}
