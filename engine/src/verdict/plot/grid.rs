//! Accuracy by the length and the number of steps, as a heat map.

use std::fmt::Write;

use super::Table;
use super::frame::{FRAME, begin, ink, number, percent, shade};
use crate::verdict::report::Grid;

/// The cells of a grid whose numbers fit together: step size, iterations, accuracy.
fn cells(grid: &Grid) -> Option<Vec<(f64, usize, f64)>> {
    let pairs = grid.step_sizes.iter().flat_map(|&step_size| {
        let iterations = grid.iterations.iter();
        iterations.map(move |&iterations| (step_size, iterations))
    });
    let cells: Vec<_> = pairs
        .zip(&grid.accuracy)
        .map(|((step_size, iterations), &accuracy)| (step_size, iterations, accuracy))
        .collect();
    // A report may come from somebody else.
    let size = grid.step_sizes.len() * grid.iterations.len();
    (size > 0 && cells.len() == size && grid.accuracy.len() == size).then_some(cells)
}

/// Least and largest accuracy of the cells whose steps together reach across the radius.
pub fn range(grid: &Grid, radius: f64) -> Option<(f64, f64)> {
    let cells = cells(grid)?.into_iter();
    let across = cells.filter(|(step, iterations, _)| step * *iterations as f64 >= 2.0 * radius);
    across.fold(None, |range, (_, _, accuracy)| {
        let (low, high) = range.unwrap_or((accuracy, accuracy));
        Some((accuracy.min(low), accuracy.max(high)))
    })
}

/// The heat map, long steps at the top, many of them at the right; nothing of a grid that is none.
pub fn draw(grid: &Grid) -> Option<String> {
    let cells = cells(grid)?;
    let [left, top, right, bottom] = FRAME;
    // The numbers of the left edge are longer than those of other plots, and a line of words is below.
    let (left, bottom) = (left + 16.0, bottom - 8.0);
    let columns = grid.iterations.len();
    let wide = (right - left) / columns as f64;
    let tall = (bottom - top) / grid.step_sizes.len() as f64;
    let mut out = begin(&label(&cells));
    for (place, (step_size, iterations, accuracy)) in cells.into_iter().enumerate() {
        let (row, column) = (place / columns, place % columns);
        let (x, y) = (
            left + column as f64 * wide,
            bottom - (row + 1) as f64 * tall,
        );
        let (middle, line) = (x + 0.5 * wide, y + 0.5 * tall + 4.0);
        let _ = write!(
            out,
            "<rect fill=\"{}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>\
             <text class=\"middle {}\" x=\"{middle:.1}\" y=\"{line:.1}\">{}</text>",
            shade(accuracy as f32),
            wide - 1.0,
            tall - 1.0,
            ink(accuracy as f32),
            percent(accuracy)
        );
        if column == 0 {
            let _ = write!(
                out,
                "<text class=\"end\" x=\"{:.1}\" y=\"{line:.1}\">{}</text>",
                left - 6.0,
                number(step_size)
            );
        }
        if row == 0 {
            let _ = write!(
                out,
                "<text class=\"middle\" x=\"{middle:.1}\" y=\"{:.1}\">{iterations}</text>",
                bottom + 16.0
            );
        }
    }
    let _ = write!(
        out,
        "<text class=\"end\" x=\"{right}\" y=\"{:.1}\">steps →</text>\
         <text class=\"begin\" x=\"0\" y=\"{:.1}\">↑ length of a step</text>",
        bottom + 36.0,
        bottom + 36.0
    );
    Some(out + "</svg>")
}

/// The map in words.
fn label(cells: &[(f64, usize, f64)]) -> String {
    let words = cells.iter().map(|(step_size, iterations, accuracy)| {
        format!(
            "{iterations} steps of {}: {}",
            number(*step_size),
            percent(*accuracy)
        )
    });
    format!(
        "Accuracy under PGD. {}.",
        words.collect::<Vec<_>>().join("; ")
    )
}

/// Its numbers: a cell a row.
pub fn table(grid: &Grid) -> Table {
    let cells = cells(grid).unwrap_or_default();
    Table {
        columns: &["step_size", "steps", "accuracy"],
        rows: cells
            .into_iter()
            .map(|(step_size, iterations, accuracy)| vec![step_size, iterations as f64, accuracy])
            .collect(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn cells_lie_by_length_and_number() {
        let mut grid = Grid {
            images: 10,
            step_sizes: vec![0.01, 0.1],
            iterations: vec![5, 20],
            accuracy: vec![0.9, 0.8, 0.7, 0.1],
        };
        let drawn = draw(&grid).unwrap();
        assert!(drawn.contains("5 steps of 0.01: 90.0%; 20 steps of 0.01: 80.0%; 5 steps of 0.1"));
        let place = |share: &str| {
            let text = drawn.split("<text").find(|text| text.contains(share));
            let text = text.unwrap_or_else(|| panic!("{share} is not in {drawn}"));
            ["x=\"", "y=\""].map(|name| {
                let (_, rest) = text.split_once(name).unwrap();
                rest.split('"').next().unwrap().parse::<f64>().unwrap()
            })
        };
        let [few_short, many_long] = [">90.0%<", ">10.0%<"].map(place);
        // Many are at the right, long ones at the top.
        assert!(few_short[0] < many_long[0] && few_short[1] > many_long[1]);
        assert_eq!(table(&grid).rows[2], [0.1, 5.0, 0.7]);

        grid.accuracy.pop();
        assert_eq!(draw(&grid), None);
        grid.accuracy.clear();
        grid.iterations.clear();
        assert_eq!(draw(&grid), None);
    }
}
