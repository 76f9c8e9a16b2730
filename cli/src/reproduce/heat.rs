//! Heat maps beside each other, as SVG.

use std::fmt::Write;

use squeeze_engine::verdict::html::text;
use squeeze_engine::verdict::plot::{ink, shade};

use super::plan::Axis;

/// Width and height of a cell, and room around the cells of a map, in units of the SVG.
const CELL: [f64; 2] = [44.0, 26.0];
const LEFT: f64 = 46.0;
const TOP: f64 = 40.0;
const GAP: f64 = 18.0;
/// Maps beside each other.
const BESIDE: usize = 2;

/// A map.
pub struct Facet {
    /// What holds for all of its cells.
    pub title: String,
    /// Shares in [0, 1], row by row from the top; none where nothing is measured.
    pub shares: Vec<Option<f64>>,
}

/// The maps; nothing if none of them has a number.
pub fn heat(title: &str, across: &Axis, down: Option<&Axis>, facets: &[Facet]) -> Option<String> {
    facets
        .iter()
        .flat_map(|facet| &facet.shares)
        .flatten()
        .next()?;
    let (wide, high) = (
        across.values.len(),
        down.map_or(1, |down| down.values.len()),
    );
    let size = [
        LEFT + CELL[0] * wide as f64 + GAP,
        TOP + CELL[1] * high as f64 + GAP,
    ];
    let beside = facets.len().min(BESIDE);
    let lines = facets.len().div_ceil(BESIDE);
    let mut label = format!("{title}.");
    let mut svg = String::new();
    for (place, facet) in facets.iter().enumerate() {
        let x = size[0] * (place % BESIDE) as f64 + LEFT;
        let y = size[1] * (place / BESIDE) as f64 + TOP;
        let down_title = down.map_or("", |down| down.title.as_str());
        // Writing to a string cannot fail.
        let _ = write!(
            svg,
            "<text x=\"{x:.1}\" y=\"{:.1}\">{}</text>\
             <text class=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>\
             <text class=\"end\" x=\"{:.1}\" y=\"{:.1}\">{} →</text>",
            y - 22.0,
            text(&facet.title),
            x - 6.0,
            y - 6.0,
            text(down_title),
            x + CELL[0] * wide as f64,
            y - 22.0,
            text(&across.title)
        );
        for (column, value) in across.values.iter().enumerate() {
            let _ = write!(
                svg,
                "<text class=\"middle\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                x + CELL[0] * (column as f64 + 0.5),
                y - 6.0,
                text(value)
            );
        }
        for row in 0..high {
            let y = y + CELL[1] * row as f64;
            let middle = y + 0.5 * CELL[1] + 4.0;
            let value = down.map_or("", |down| down.values[row].as_str());
            let _ = write!(
                svg,
                "<text class=\"end\" x=\"{:.1}\" y=\"{middle:.1}\">{}</text>",
                x - 6.0,
                text(value)
            );
            for column in 0..wide {
                let Some(share) = facet.shares.get(row * wide + column).copied().flatten() else {
                    continue;
                };
                let left = x + CELL[0] * column as f64;
                let _ = write!(
                    svg,
                    "<rect fill=\"{}\" x=\"{left:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>\
                     <text class=\"middle {}\" x=\"{:.1}\" y=\"{middle:.1}\">{:.1}</text>",
                    shade(share as f32),
                    CELL[0] - 1.0,
                    CELL[1] - 1.0,
                    ink(share as f32),
                    left + 0.5 * CELL[0],
                    100.0 * share
                );
                let _ = write!(
                    label,
                    " {} {} {value} {} {}: {:.1} %.",
                    facet.title,
                    down_title,
                    across.title,
                    across.values[column],
                    100.0 * share
                );
            }
        }
    }
    Some(format!(
        "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">{svg}</svg>",
        size[0] * beside as f64,
        size[1] * lines as f64,
        text(&label)
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_where_their_values_are() {
        let axis = |title: &str, values: &[&str]| Axis {
            title: title.to_owned(),
            values: values.iter().map(|&value| value.to_owned()).collect(),
        };
        let (across, down) = (axis("beta", &["0", "5"]), axis("sigma", &["0.25"]));
        let facet = |shares: &[Option<f64>]| Facet {
            title: "k <500>".to_owned(),
            shares: shares.to_vec(),
        };
        let maps = |facets: &[Facet]| heat("PGD", &across, Some(&down), facets);
        assert_eq!(maps(&[facet(&[None, None])]), None);
        let svg = maps(&[facet(&[None, Some(0.5)]), facet(&[Some(0.0), Some(1.0)])]).unwrap();
        assert_eq!(svg.matches("<rect").count(), 3);
        assert!(
            svg.contains("aria-label=\"PGD. k &lt;500&gt; sigma 0.25 beta 5: 50.0 %."),
            "{svg}"
        );
        // The second cell of the first map.
        assert!(svg.contains("x=\"90.0\" y=\"40.0\""), "{svg}");
    }
}
