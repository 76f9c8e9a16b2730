//! The loss around an image as a hilly surface, seen from a side that can be chosen.
//!
//! It is drawn here and not by a library: a heightfield whose cells are painted from the far ones to the
//! near ones needs no depth buffer, and the smallest three-dimensional library would double the page. As
//! SVG it takes its colours from the style sheet, is sharp at any size, and stands in a report too.

use std::fmt::Write;

use super::contours::{label, legend, range, share};
use super::frame::{begin_of, shade};
use crate::verdict::report::Surface;

const SIZE: [f64; 2] = [360.0, 280.0];

/// Half the side of the floor, and the height of the largest loss, in units of the SVG.
const HALF: f64 = 88.0;
const HEIGHT: f64 = 96.0;

/// From right, against the clock.
const ARROWS: [char; 8] = ['→', '↗', '↑', '↖', '←', '↙', '↓', '↘'];

/// From where the surface is seen, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Turned about the upright axis, in [-180, 180]. At 0 the gradient points away, and to the right at
    /// 90.
    pub yaw: f64,
    /// How far from above, in [[`View::LOWEST`], [`View::HIGHEST`]].
    pub pitch: f64,
}

impl View {
    /// The first one: the slope and what lies beside it are both in sight.
    pub const START: Self = Self {
        yaw: 35.0,
        pitch: 30.0,
    };
    /// Lower, the near cells would hide all others.
    pub const LOWEST: f64 = 10.0;
    /// Higher, it is the map from above.
    pub const HIGHEST: f64 = 80.0;

    /// The view turned by so many degrees to the right and upwards.
    #[must_use]
    pub fn turned(self, right: f64, up: f64) -> Self {
        Self {
            yaw: (self.yaw + right + 180.0).rem_euclid(360.0) - 180.0,
            pitch: (self.pitch + up).clamp(Self::LOWEST, Self::HIGHEST),
        }
    }

    /// Where a point of the box is seen: right and down in units of the SVG, and how far away. The box
    /// reaches from -1 to 1 along the random direction and the gradient, and from 0 to 1 upwards.
    fn see(self, [random, gradient, up]: [f64; 3]) -> [f64; 3] {
        let (sin, cos) = self.yaw.to_radians().sin_cos();
        let across = random * cos + gradient * sin;
        let away = gradient * cos - random * sin;
        let (steep, flat) = self.pitch.to_radians().sin_cos();
        let [width, height] = SIZE;
        [
            0.5 * width + HALF * across,
            0.5 * height - HALF * away * steep - HEIGHT * (up - 0.5) * flat,
            away,
        ]
    }
}

/// The surface from a side; nothing of one that is none.
pub fn draw(surface: &Surface, view: View) -> Option<String> {
    let range = range(surface)?;
    let side = surface.side;
    let along = |step: usize| 2.0 * step as f64 / (side - 1) as f64 - 1.0;
    let height = |row: usize, column: usize| share(surface.losses[row * side + column], range);
    let spot = |row: usize, column: usize| {
        let up = f64::from(height(row, column));
        view.see([along(column), along(row), up])
    };
    let mut out = begin_of(SIZE, &label(surface));
    floor(&mut out, view);

    // Seen from above, a cell that is farther away never hides one that is nearer.
    let mut cells: Vec<(f64, usize, usize)> = (0..(side - 1) * (side - 1))
        .map(|cell| {
            let (row, column) = (cell / (side - 1), cell % (side - 1));
            let [_, _, away] = view.see([
                0.5 * (along(column) + along(column + 1)),
                0.5 * (along(row) + along(row + 1)),
                0.0,
            ]);
            (away, row, column)
        })
        .collect();
    cells.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (_, row, column) in cells {
        let corners = [
            (row, column),
            (row, column + 1),
            (row + 1, column + 1),
            (row + 1, column),
        ];
        let losses = corners.map(|(row, column)| surface.losses[row * side + column]);
        if losses.iter().any(|loss| loss.is_nan()) {
            // Beyond the radius.
            continue;
        }
        let mean = corners.map(|(row, column)| height(row, column));
        let mean = mean.iter().sum::<f32>() / 4.0;
        let _ = write!(out, "<path class=\"cell\" fill=\"{}\" d=\"", shade(mean));
        for (corner, (row, column)) in corners.into_iter().enumerate() {
            let [x, y, _] = spot(row, column);
            let verb = if corner == 0 { 'M' } else { 'L' };
            let _ = write!(out, "{verb}{x:.1} {y:.1}");
        }
        out += "Z\"/>";
    }
    let middle = (side - 1) / 2;
    let [x, y, _] = spot(middle, middle);
    let _ = write!(
        out,
        "<circle class=\"here\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"/>"
    );
    names(&mut out, view);
    legend(&mut out, range, 2.0, 8.0, 88.0);
    Some(out + "</svg>")
}

/// The floor that the surface stands on.
fn floor(out: &mut String, view: View) {
    let corners = [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]];
    out.push_str("<path class=\"floor\" d=\"");
    for (corner, [random, gradient]) in corners.into_iter().enumerate() {
        let [x, y, _] = view.see([random, gradient, 0.0]);
        let verb = if corner == 0 { 'M' } else { 'L' };
        let _ = write!(out, "{verb}{x:.1} {y:.1}");
    }
    out.push_str("Z\"/>");
}

/// The names of the two directions at the edges in front, over all that is drawn there.
fn names(out: &mut String, view: View) {
    for (name, edges, end) in [
        ("gradient", [[1.0, 0.0], [-1.0, 0.0]], [0.0, 1.0]),
        ("random", [[0.0, 1.0], [0.0, -1.0]], [1.0, 0.0]),
    ] {
        let away = |[random, gradient]: [f64; 2]| view.see([random, gradient, 0.0])[2];
        let [first, second] = edges;
        let edge = if away(first) < away(second) {
            first
        } else {
            second
        };
        // A little outside.
        let [x, y, _] = view.see([1.22 * edge[0], 1.22 * edge[1], 0.0]);
        let from = view.see([0.0, 0.0, 0.0]);
        let to = view.see([end[0], end[1], 0.0]);
        let turn = (from[1] - to[1]).atan2(to[0] - from[0]).to_degrees();
        let arrow = ARROWS[(turn.rem_euclid(360.0) / 45.0).round() as usize % 8];
        let [width, height] = SIZE;
        let _ = write!(
            out,
            "<text class=\"middle\" x=\"{:.1}\" y=\"{:.1}\">{name} {arrow}</text>",
            x.clamp(42.0, width - 42.0),
            (y + 4.0).clamp(12.0, height - 3.0)
        );
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn hill() -> Surface {
        let losses = (0..25).map(|place| ((place / 5) as f32).powi(2) + (place % 5) as f32);
        Surface {
            place: 0,
            side: 5,
            losses: losses.collect(),
        }
    }

    #[test]
    fn directions_are_seen_where_they_point() {
        let from_behind = View {
            yaw: 0.0,
            pitch: 30.0,
        };
        let [x, y, away] = from_behind.see([0.0, 1.0, 0.5]);
        assert!((x - 180.0).abs() < 1e-9 && y < 140.0 && (away - 1.0).abs() < 1e-9);
        let from_aside = from_behind.turned(90.0, 0.0);
        let [x, y, away] = from_aside.see([0.0, 1.0, 0.5]);
        assert!((x - 180.0 - HALF).abs() < 1e-9 && (y - 140.0).abs() < 1e-9);
        assert!(away.abs() < 1e-9);
        // Up is up from everywhere.
        for yaw in [-170.0, -20.0, 80.0] {
            let view = View { yaw, pitch: 60.0 };
            assert!(view.see([0.3, 0.2, 1.0])[1] < view.see([0.3, 0.2, 0.0])[1]);
        }
    }

    #[test]
    fn a_view_goes_around_and_stays_above() {
        let view = View::START;
        assert_eq!(view.turned(360.0, 0.0), view);
        let around = view.turned(200.0, 0.0);
        assert!((around.yaw - (view.yaw + 200.0 - 360.0)).abs() < 1e-9);
        assert_eq!(view.turned(0.0, 900.0).pitch, View::HIGHEST);
        assert_eq!(view.turned(0.0, -900.0).pitch, View::LOWEST);
    }

    #[test]
    fn everything_stays_in_the_picture() {
        for yaw in (-180..180).step_by(15) {
            for pitch in [View::LOWEST, 30.0, View::HIGHEST] {
                let view = View {
                    yaw: f64::from(yaw),
                    pitch,
                };
                for corner in 0..8 {
                    let sign = |bit: usize| if corner >> bit & 1 == 1 { 1.0 } else { -1.0 };
                    let up = f64::from(corner >> 2 & 1);
                    let [x, y, _] = view.see([sign(0), sign(1), up]);
                    assert!(
                        (4.0..356.0).contains(&x) && (4.0..276.0).contains(&y),
                        "{view:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_nearest_cell_is_painted_last() {
        let drawn = draw(
            &hill(),
            View {
                yaw: 1.0,
                pitch: 30.0,
            },
        )
        .unwrap();
        let cells: Vec<&str> = drawn.split("<path class=\"cell\"").skip(1).collect();
        assert_eq!(cells.len(), 16);
        // With the gradient away from the eye the rows of great loss are painted first.
        let first = shade(share(16.0, (0.0, 20.0)));
        let any = |cells: &[&str], shade: &str| cells.iter().any(|cell| cell.contains(shade));
        assert!(
            any(&cells[..4], &first),
            "{first} is not in {:?}",
            &cells[..4]
        );
        assert!(!any(&cells[4..], &first));
        assert!(drawn.contains("random →") && drawn.contains("gradient ↑"));
        let turned = View {
            yaw: -179.0,
            pitch: 30.0,
        };
        let turned = draw(&hill(), turned).unwrap();
        assert!(turned.contains("random ←") && turned.contains("gradient ↓"));
    }

    #[test]
    fn strange_surfaces_stay_surfaces_or_none() {
        let mut holed = hill();
        holed.losses[7] = f32::NAN;
        holed.losses[8] = f32::INFINITY;
        let drawn = draw(&holed, View::START).unwrap();
        assert!(!drawn.replace(&label(&holed), "").contains("NaN"));
        holed.losses.pop();
        assert_eq!(draw(&holed, View::START), None);
    }
}
