//! By how much the model is right, without attack and under it.

use std::fmt::Write;

use super::Table;
use super::frame::{FRAME, begin, number};

const BARS: usize = 40;

/// How many images have which margin, in bars of one width from the least margin to the largest.
#[derive(Clone, Debug, PartialEq)]
pub struct Margins {
    low: f32,
    high: f32,
    clean: [usize; BARS],
    attacked: [usize; BARS],
    /// Images above zero and all, without attack and under it.
    above: [(usize, usize); 2],
}

impl Margins {
    /// Of images without attack and under it; nothing if there are none.
    pub fn of(clean: &[f32], attacked: &[f32]) -> Option<Self> {
        let all = || {
            let all = clean.iter().chain(attacked).copied();
            all.filter(|margin| margin.is_finite())
        };
        let low = all().fold(f32::INFINITY, f32::min).min(0.0);
        let high = all().fold(f32::NEG_INFINITY, f32::max).max(0.0);
        if clean.is_empty() || low >= high {
            return None;
        }
        let count = |margins: &[f32]| {
            let mut bars = [0_usize; BARS];
            for margin in margins.iter().filter(|margin| margin.is_finite()) {
                let share = (margin - low) / (high - low);
                bars[((share * BARS as f32) as usize).min(BARS - 1)] += 1;
            }
            bars
        };
        let above = |margins: &[f32]| {
            let above = margins.iter().filter(|margin| **margin > 0.0).count();
            (above, margins.len())
        };
        Some(Self {
            low,
            high,
            clean: count(clean),
            attacked: count(attacked),
            above: [above(clean), above(attacked)],
        })
    }

    /// The plot.
    pub fn draw(&self) -> String {
        let Self { low, high, .. } = *self;
        let most = self.clean.iter().chain(&self.attacked).copied().max();
        let most = most.unwrap_or(1).max(1) as f64;
        let [left, top, right, bottom] = FRAME;
        let wide = (right - left) / BARS as f64;
        let across = |margin: f32| left + f64::from((margin - low) / (high - low)) * (right - left);
        let [(clean, of), (attacked, of_attacked)] = self.above;
        let mut out = begin(&format!(
            "Margins from {} to {}: above zero {clean} of {of} images without attack, {attacked} of {of_attacked} under attack.",
            number(f64::from(low)),
            number(f64::from(high)),
        ));
        for (bars, class) in [(self.attacked, "attacked"), (self.clean, "clean")] {
            for (bar, count) in bars.into_iter().enumerate().filter(|(_, count)| *count > 0) {
                let tall = count as f64 / most * (bottom - top);
                let _ = write!(
                    out,
                    "<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{tall:.1}\"/>",
                    left + bar as f64 * wide,
                    bottom - tall,
                    wide - 0.5
                );
            }
        }
        let zero = across(0.0);
        let _ = write!(
            out,
            "<line class=\"mark\" x1=\"{zero:.1}\" y1=\"{top}\" x2=\"{zero:.1}\" y2=\"{bottom}\"/>\
             <line class=\"grid\" x1=\"{left}\" y1=\"{bottom}\" x2=\"{right}\" y2=\"{bottom}\"/>\
             <text class=\"end\" x=\"{:.1}\" y=\"{:.1}\">{most}</text>",
            left - 6.0,
            top + 8.0
        );
        for margin in [low, high] {
            let class = if margin == low { "begin" } else { "end" };
            let _ = write!(
                out,
                "<text class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                across(margin),
                bottom + 18.0,
                number(f64::from(margin))
            );
        }
        if (zero - left).min(right - zero) > 40.0 {
            let _ = write!(
                out,
                "<text class=\"middle\" x=\"{zero:.1}\" y=\"{:.1}\">0</text>",
                bottom + 18.0
            );
        }
        out + "</svg>"
    }

    /// Its numbers: a bar a row.
    pub fn table(&self) -> Table {
        let edge = |bar: usize| {
            let share = bar as f64 / BARS as f64;
            f64::from(self.low) + share * f64::from(self.high - self.low)
        };
        let bars = self.clean.iter().zip(&self.attacked).enumerate();
        Table {
            columns: &["from", "to", "images_clean", "images_attacked"],
            rows: bars
                .map(|(bar, (&clean, &attacked))| {
                    vec![edge(bar), edge(bar + 1), clean as f64, attacked as f64]
                })
                .collect(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn strange_margins_stay_a_plot_or_none() {
        assert_eq!(Margins::of(&[], &[]), None);
        assert_eq!(Margins::of(&[0.0], &[0.0]), None);
        let tiny = Margins::of(&[1e-9, f32::NAN], &[-1e-9, f32::INFINITY]).unwrap();
        let drawn = tiny.draw();
        assert!(drawn.contains("1.0e-9") && !drawn.contains("NaN"));
    }

    #[test]
    fn every_image_is_in_a_bar() {
        let margins = Margins::of(&[4.0, 3.9, 0.5], &[-4.0, 3.9, -0.5]).unwrap();
        let table = margins.table();
        assert_eq!(table.rows.len(), BARS);
        assert_eq!((table.rows[0][0], table.rows[BARS - 1][1]), (-4.0, 4.0));
        let sum = |column: usize| table.rows.iter().map(|row| row[column]).sum::<f64>();
        assert_eq!((sum(2), sum(3)), (3.0, 3.0));
        assert_eq!(table.rows[BARS - 1][2..], [2.0, 1.0]);
        assert!(
            margins
                .draw()
                .contains("above zero 3 of 3 images without attack, 1 of 3")
        );
    }
}
