//! How many starts of an attack fool an image.

use std::fmt::Write;

use super::Table;
use super::frame::{FRAME, begin, number};
use crate::verdict::report::Starts;

/// Images by how many of the starts fool them; nothing if there are none.
pub fn draw(starts: &Starts) -> Option<String> {
    let most = starts
        .images
        .iter()
        .copied()
        .max()
        .filter(|&most| most > 0)?;
    let [left, top, right, bottom] = FRAME;
    let wide = (right - left) / starts.images.len() as f64;
    let mut out = begin(&label(starts));
    let middle = |bar: usize| left + (bar as f64 + 0.5) * wide;
    for share in [0.5, 1.0] {
        let y = bottom - share * (bottom - top);
        let _ = write!(
            out,
            "<line class=\"grid\" x1=\"{left}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\"/>\
             <text class=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            left - 6.0,
            y + 4.0,
            number(share * most as f64)
        );
    }
    for (bar, &count) in starts.images.iter().enumerate() {
        let tall = count as f64 / most as f64 * (bottom - top);
        let _ = write!(
            out,
            "<rect class=\"bar\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{tall:.1}\"><title>{bar}: {count}</title></rect>",
            middle(bar) - 0.45 * wide,
            bottom - tall,
            0.9 * wide
        );
    }
    let _ = write!(
        out,
        "<line class=\"grid\" x1=\"{left}\" y1=\"{bottom}\" x2=\"{right}\" y2=\"{bottom}\"/>"
    );
    // As many numbers as fit beside each other, both ends among them.
    let last = starts.starts();
    let every = (30.0 / wide).ceil().max(1.0) as usize;
    for bar in (0..=last).step_by(every) {
        if bar == last || last - bar >= every {
            bottom_number(&mut out, middle(bar), bar);
        }
    }
    if !last.is_multiple_of(every) {
        bottom_number(&mut out, middle(last), last);
    }
    Some(out + "</svg>")
}

fn bottom_number(out: &mut String, x: f64, value: usize) {
    let y = FRAME[3] + 18.0;
    let _ = write!(
        out,
        "<text class=\"middle\" x=\"{x:.1}\" y=\"{y:.1}\">{value}</text>"
    );
}

/// The plot in words.
fn label(starts: &Starts) -> String {
    let last = starts.starts();
    let parts = starts.images.iter().enumerate();
    let parts = parts.filter(|(_, images)| **images > 0);
    let parts: Vec<String> = parts
        .map(|(fall, images)| match fall {
            0 => format!("{images} by none"),
            _ if fall == last => format!("{images} by all"),
            _ => format!("{images} by {fall}"),
        })
        .collect();
    format!("Images fooled by {last} starts: {}.", parts.join(", "))
}

/// Its numbers: a bar a row.
pub fn table(starts: &Starts) -> Table {
    let bars = starts.images.iter().enumerate();
    Table {
        columns: &["starts_that_fool", "images"],
        rows: bars
            .map(|(bar, &count)| vec![bar as f64, count as f64])
            .collect(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_tall_as_their_counts() {
        let starts = Starts {
            images: vec![2, 0, 4],
        };
        let drawn = draw(&starts).unwrap();
        assert!(drawn.contains("Images fooled by 2 starts: 2 by none, 4 by all."));
        let tall = FRAME[3] - FRAME[1];
        for (height, bar) in [(0.5 * tall, "0: 2"), (0.0, "1: 0"), (tall, "2: 4")] {
            let words = format!("height=\"{height:.1}\"><title>{bar}<");
            assert!(drawn.contains(&words), "{drawn}");
        }
        assert_eq!(table(&starts).rows[2], [2.0, 4.0]);
    }

    #[test]
    fn the_ends_are_always_named() {
        for starts in [1, 7, 10, 20, 50] {
            let mut images = vec![1; starts];
            images.push(3);
            let drawn = draw(&Starts { images }).unwrap();
            for end in [">0</text>".to_owned(), format!(">{starts}</text>")] {
                assert_eq!(drawn.matches(&end).count(), 1, "{starts}: {drawn}");
            }
        }
        assert_eq!(draw(&Starts { images: vec![] }), None);
        assert_eq!(draw(&Starts { images: vec![0; 4] }), None);
    }
}
