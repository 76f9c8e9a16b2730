//! The loss around an image from above: shades, and lines of equal loss.

use std::fmt::Write;

use super::Table;
use super::frame::{FRAME, begin, number, shade};
use crate::config::distance;
use crate::verdict::report::Surface;

/// Lines of equal loss, evenly from the least to the largest.
const LEVELS: usize = 8;

/// The least and the largest finite loss, if there are any and the surface is a square of them.
pub fn range(surface: &Surface) -> Option<(f32, f32)> {
    let finite = || {
        let losses = surface.losses.iter().copied();
        losses.filter(|loss| loss.is_finite())
    };
    let low = finite().fold(f32::INFINITY, f32::min);
    let high = finite().fold(f32::NEG_INFINITY, f32::max);
    // A report may come from somebody else.
    let losses = surface.side.checked_mul(surface.side);
    let is_square = surface.side > 1 && losses == Some(surface.losses.len());
    (is_square && low <= high).then_some((low, high))
}

/// Where a loss lies between the least and the largest, in [0, 1].
pub fn share(loss: f32, (low, high): (f32, f32)) -> f32 {
    if high > low && !loss.is_nan() {
        ((loss - low) / (high - low)).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// The surface in words.
pub fn label(surface: &Surface) -> String {
    let Some((low, high)) = range(surface) else {
        return String::new();
    };
    let last = surface.side - 1;
    let at = |row: usize, column: usize| {
        let loss = surface.losses[row * surface.side + column];
        number(f64::from(loss))
    };
    let middle = last / 2;
    format!(
        "Loss {} at the image; {} and {} at the ends along the gradient; {} and {} at those along a random direction; from {} to {} in all.",
        at(middle, middle),
        at(0, middle),
        at(last, middle),
        at(middle, 0),
        at(middle, last),
        number(f64::from(low)),
        number(f64::from(high)),
    )
}

/// Its numbers: a point a row; distances in pixel units, with the square's half side `radius`.
pub fn table(surface: &Surface, radius: f64) -> Table {
    let last = surface.side.saturating_sub(1).max(1) as f64;
    let offset = |at: usize| (2.0 * at as f64 / last - 1.0) * radius;
    let losses = surface.losses.iter().enumerate();
    Table {
        columns: &["along_gradient", "along_random", "loss"],
        rows: losses
            .filter(|(_, loss)| !loss.is_nan())
            .map(|(place, &loss)| {
                let (row, column) = (place / surface.side, place % surface.side);
                vec![offset(row), offset(column), f64::from(loss)]
            })
            .collect(),
    }
}

/// A point of the square: column and row, in steps of the surface.
type Spot = [f64; 2];

/// The pieces of the line on which the loss is `level`: marching squares. Cells with a loss that is no
/// number are left out.
fn pieces(surface: &Surface, level: f32) -> Vec<[Spot; 2]> {
    let side = surface.side;
    let mut pieces = Vec::new();
    for row in 0..side - 1 {
        for column in 0..side - 1 {
            let at = |[x, y]: [usize; 2]| surface.losses[y * side + x];
            // Around the cell.
            let corners = [
                [column, row],
                [column + 1, row],
                [column + 1, row + 1],
                [column, row + 1],
            ];
            let losses = corners.map(at);
            if losses.iter().any(|loss| !loss.is_finite()) {
                continue;
            }
            // Where the line goes through an edge, by its first corner.
            let mut crossings: Vec<Spot> = Vec::with_capacity(4);
            for edge in 0..4 {
                let (from, to) = (edge, (edge + 1) % 4);
                let (a, b) = (losses[from], losses[to]);
                if (a >= level) == (b >= level) {
                    continue;
                }
                let along = f64::from((level - a) / (b - a));
                let between = |axis: usize| {
                    let (a, b) = (corners[from][axis] as f64, corners[to][axis] as f64);
                    a + along * (b - a)
                };
                crossings.push([between(0), between(1)]);
            }
            match crossings[..] {
                [a, b] => pieces.push([a, b]),
                // A saddle: the middle decides which corners belong together.
                [a, b, c, d] => {
                    let middle = losses.iter().sum::<f32>() / 4.0;
                    if (middle >= level) == (losses[0] >= level) {
                        pieces.extend([[a, b], [c, d]]);
                    } else {
                        pieces.extend([[d, a], [b, c]]);
                    }
                }
                _ => {}
            }
        }
    }
    pieces
}

/// The map; nothing of a surface that is none.
pub fn draw(surface: &Surface, radius: f64) -> Option<String> {
    let range = range(surface)?;
    let (low, high) = range;
    let [left, top, _, bottom] = FRAME;
    let cell = (bottom - top) / surface.side as f64;
    let mut out = begin(&label(surface));
    let losses = surface.losses.iter().enumerate();
    // What is no number lies beyond the radius.
    for (place, &loss) in losses.filter(|(_, loss)| !loss.is_nan()) {
        let (row, column) = (place / surface.side, place % surface.side);
        let _ = write!(
            out,
            "<rect fill=\"{}\" x=\"{:.2}\" y=\"{:.2}\" width=\"{:.2}\" height=\"{:.2}\"/>",
            shade(share(loss, range)),
            left + column as f64 * cell,
            // Upwards.
            bottom - (row + 1) as f64 * cell,
            cell + 0.3,
            cell + 0.3
        );
    }
    let place = |[x, y]: Spot| [left + (x + 0.5) * cell, bottom - (y + 0.5) * cell];
    for step in 1..LEVELS {
        let up = step as f32 / LEVELS as f32;
        let level = low + up * (high - low);
        let pieces = pieces(surface, level);
        if high <= low || pieces.is_empty() {
            continue;
        }
        let ground = if up < 0.5 { "on-dark" } else { "on-light" };
        let _ = write!(out, "<path class=\"contour {ground}\" d=\"");
        for [a, b] in pieces {
            let ([ax, ay], [bx, by]) = (place(a), place(b));
            let _ = write!(out, "M{ax:.1} {ay:.1}L{bx:.1} {by:.1}");
        }
        let _ = write!(out, "\"><title>{}</title></path>", number(f64::from(level)));
    }
    let middle = (surface.side - 1) as f64 / 2.0;
    let [x, y] = place([middle, middle]);
    let right = left + surface.side as f64 * cell;
    let (across, up) = (0.5 * (left + right), 0.5 * (top + bottom));
    let radius = distance(radius);
    let _ = write!(
        out,
        "<circle class=\"here\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"/>\
         <text class=\"begin\" x=\"{left}\" y=\"{below:.1}\">−{radius}</text>\
         <text class=\"middle\" x=\"{across:.1}\" y=\"{below:.1}\">random →</text>\
         <text class=\"end\" x=\"{right:.1}\" y=\"{below:.1}\">{radius}</text>\
         <text class=\"middle\" transform=\"translate({beside:.1} {up:.1}) rotate(-90)\">gradient →</text>",
        below = bottom + 18.0,
        beside = left - 10.0,
    );
    legend(&mut out, range, right + 14.0, top, bottom);
    Some(out + "</svg>")
}

/// What the shades mean, from the least loss at `bottom` to the largest at `top`.
pub fn legend(out: &mut String, (low, high): (f32, f32), x: f64, top: f64, bottom: f64) {
    let tall = (bottom - top) / LEVELS as f64;
    for step in 0..LEVELS {
        let _ = write!(
            out,
            "<rect fill=\"{}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"10\" height=\"{:.1}\"/>",
            shade((step as f32 + 0.5) / LEVELS as f32),
            bottom - (step + 1) as f64 * tall,
            tall + 0.3
        );
    }
    for (up, y) in [
        (1.0, top + 9.0),
        (0.5, 0.5 * (top + bottom) + 4.0),
        (0.0, bottom),
    ] {
        let loss = f64::from(low) + up * f64::from(high - low);
        let _ = write!(
            out,
            "<text class=\"begin\" x=\"{:.1}\" y=\"{y:.1}\">{}</text>",
            x + 15.0,
            number(loss)
        );
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn surface(side: usize, loss: impl Fn(usize, usize) -> f32) -> Surface {
        let losses = (0..side * side).map(|place| loss(place / side, place % side));
        Surface {
            place: 0,
            side,
            losses: losses.collect(),
        }
    }

    #[test]
    fn lines_of_a_slope_run_across_it() {
        let slope = surface(5, |row, _| row as f32);
        let pieces = pieces(&slope, 1.25);
        assert_eq!(pieces.len(), 4);
        for [a, b] in pieces {
            assert_eq!((a[1], b[1]), (1.25, 1.25));
            assert_eq!((a[0] - b[0]).abs(), 1.0);
        }
    }

    #[test]
    fn lines_around_a_hill_close() {
        let hill = surface(7, |row, column| {
            -(((row as f32 - 3.0).powi(2) + (column as f32 - 3.0).powi(2)).sqrt())
        });
        let pieces = pieces(&hill, -2.0);
        assert!(pieces.len() >= 12, "{pieces:?}");
        let key = |spot: Spot| spot.map(|x| (x * 1e6).round() as i64);
        let mut ends = std::collections::BTreeMap::new();
        for spot in pieces.iter().flatten() {
            *ends.entry(key(*spot)).or_insert(0) += 1;
            let [x, y] = spot.map(|x| x - 3.0);
            assert!((x.hypot(y) - 2.0).abs() < 0.2, "{spot:?}");
        }
        assert!(ends.values().all(|count| count % 2 == 0), "{ends:?}");
    }

    #[test]
    fn a_saddle_has_two_lines_and_the_middle_decides() {
        let corners = |high: f32| Surface {
            place: 0,
            side: 2,
            losses: vec![high, 0.0, 0.0, high],
        };
        // The middle is above: the low corners are cut off.
        let cut = pieces(&corners(3.0), 1.0);
        let low: Vec<_> = cut
            .iter()
            .map(|[a, b]| [a[0] + b[0], a[1] + b[1]])
            .collect();
        assert_eq!(cut.len(), 2);
        assert!(low.iter().all(|[x, y]| (x - y).abs() > 0.5), "{cut:?}");
        // Below: the high ones.
        let cut = pieces(&corners(1.5), 1.0);
        assert_eq!(cut.len(), 2);
        let mut sums = cut.iter().map(|[a, b]| [a[0] + b[0], a[1] + b[1]]);
        assert!(sums.all(|[x, y]| (x - y).abs() < 1e-6), "{cut:?}");
    }

    #[test]
    fn strange_surfaces_stay_maps_or_none() {
        let level = draw(&surface(2, |_, _| 2.0), 0.3).unwrap();
        assert!(!level.contains("NaN") && !level.contains("contour"));
        let holed = surface(4, |row, column| match (row, column) {
            (1, 1) => f32::NAN,
            (2, 3) => f32::INFINITY,
            _ => row as f32,
        });
        let drawn = draw(&holed, 0.3).unwrap();
        let label = label(&holed);
        assert!(!drawn.replace(&label, "").contains("NaN"), "{drawn}");
        assert_eq!(draw(&surface(1, |_, _| 2.0), 0.3), None);
        assert_eq!(draw(&surface(3, |_, _| f32::NAN), 0.3), None);
        let mut short = surface(3, |_, _| 1.0);
        short.losses.pop();
        assert_eq!(draw(&short, 0.3), None);
    }

    #[test]
    fn the_table_has_distances_in_pixel_units() {
        let table = table(&surface(3, |row, column| (3 * row + column) as f32), 0.3);
        assert_eq!(table.rows[0], [-0.3, -0.3, 0.0]);
        assert_eq!(table.rows[4], [0.0, 0.0, 4.0]);
        assert_eq!(table.rows[5], [0.0, 0.3, 5.0]);
    }
}
