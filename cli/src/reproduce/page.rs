//! The results as one page that any browser shows, without a script or another file.

use std::fmt::Write;

use super::heat::colours;
use super::plan::Curve;
use super::results::{Results, Row};

const STYLE: &str = include_str!("page.css");

/// Size of a plot and where its frame lies, in units of the SVG.
const SIZE: [f64; 2] = [560.0, 280.0];
const FRAME: [f64; 4] = [48.0, 12.0, 400.0, 240.0];

/// The page.
pub fn html(results: &Results) -> String {
    let plan = results.plan;
    let title = text(&plan.title);
    let mut body = format!("<h1>{title}</h1>\n<p>{}</p>\n", text(&plan.about));
    if plan.axes.is_empty() {
        body += &table(results);
    } else {
        body += &maps(results);
    }
    for curve in &plan.curves {
        body += &plot(results, curve);
    }
    body += &about(results);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n<main>\n{body}</main>\n</html>\n"
    )
}

/// Text as it stands in HTML.
fn text(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Ours, and the paper's beneath; the last column is what training took.
fn table(results: &Results) -> String {
    let columns = &results.plan.columns;
    let mut rows = String::new();
    for row in &results.rows {
        rows += &format!("<tr><th scope=\"row\">{}</th>", text(&row.planned.title));
        for (column, cell) in columns.iter().zip(&row.cells) {
            let ours = match cell {
                Some(cell) => {
                    let word = cell.verdict.map_or(String::new(), |verdict| {
                        format!(
                            "<br><a href=\"runs/{}/report.html\">{}</a>",
                            row.planned.name,
                            text(verdict.title())
                        )
                    });
                    format!("<b>{:.2}</b>{word}", 100.0 * cell.accuracy)
                }
                None => "not measured yet".to_owned(),
            };
            let paper = row.planned.figures.get(&column.name);
            let paper = paper.map_or(String::new(), |paper| {
                format!("<br><span class=\"paper\">paper {paper:.2}</span>")
            });
            rows += &format!("<td>{ours}{paper}</td>");
        }
        rows += &format!("<td>{}</td></tr>\n", cost(row));
    }
    let heads = columns.iter().map(|column| {
        let images = column_images(results, &column.name);
        format!(
            "<th scope=\"col\">{}<br><span class=\"paper\">{images}</span></th>",
            text(&column.name)
        )
    });
    format!(
        "<div class=\"wide\"><table>\n<thead><tr><th></th>{}<th scope=\"col\">training</th></tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table></div>\n<p>Accuracy in %.</p>\n",
        heads.collect::<String>()
    )
}

fn cost(row: &Row) -> String {
    match &row.training {
        Some(summary) => format!("{:.0} s", summary.seconds),
        None if row.diverged => "diverged".to_owned(),
        None => String::new(),
    }
}

/// On how many images a column was measured.
fn column_images(results: &Results, name: &str) -> String {
    let at = results
        .plan
        .columns
        .iter()
        .position(|column| column.name == name);
    let images = results
        .rows
        .iter()
        .filter_map(|row| row.cells.get(at?)?.as_ref())
        .map(|cell| cell.images)
        .max();
    images.map_or(String::new(), |images| format!("{images} images"))
}

/// A heat map for every column and every value of the axes before the last two.
fn maps(results: &Results) -> String {
    let axes = &results.plan.axes;
    let (across, down) = match &axes[..] {
        [.., down, across] => (across, Some(down)),
        [across] => (across, None),
        [] => return String::new(),
    };
    let wide = across.values.len();
    let high = down.map_or(1, |down| down.values.len());
    let mut body = String::new();
    for (place, column) in results.plan.columns.iter().enumerate() {
        body += &format!(
            "<h2>{}</h2>\n<p>{}</p>\n<div class=\"maps\">\n",
            text(&column.name),
            column_images(results, &column.name)
        );
        for (facet, rows) in results.rows.chunks(wide * high).enumerate() {
            let heads = across.values.iter();
            let heads: String = heads
                .map(|value| format!("<th scope=\"col\">{}</th>", text(value)))
                .collect();
            let mut lines = String::new();
            for (line, rows) in rows.chunks(wide).enumerate() {
                let name = down.map_or("", |down| down.values[line].as_str());
                lines += &format!("<tr><th scope=\"row\">{}</th>", text(name));
                for row in rows {
                    lines += &match row.cells.get(place).and_then(Option::as_ref) {
                        Some(cell) => {
                            let (ground, ink) = colours(cell.accuracy);
                            let word = cell.verdict.map_or(String::new(), |verdict| {
                                format!("<br><small>{}</small>", text(verdict.title()))
                            });
                            format!(
                                "<td style=\"background:{ground};color:{ink}\">{:.1}{word}</td>",
                                100.0 * cell.accuracy
                            )
                        }
                        None => "<td>–</td>".to_owned(),
                    };
                }
                lines += "</tr>\n";
            }
            let corner = down.map_or_else(
                || text(&across.title),
                |down| format!("{} ↓ {} →", text(&down.title), text(&across.title)),
            );
            body += &format!(
                "<table class=\"map\"><caption>{}</caption>\n<thead><tr><th>{corner}</th>{heads}</tr></thead>\n\
                 <tbody>{lines}</tbody></table>\n",
                facet_name(results, facet)
            );
        }
        body += "</div>\n";
    }
    body + "<p>Accuracy in %.</p>\n"
}

/// Values of the axes before the last two.
fn facet_name(results: &Results, facet: usize) -> String {
    let axes = &results.plan.axes;
    let mut rest = facet;
    let mut parts = Vec::new();
    for axis in axes[..axes.len().saturating_sub(2)].iter().rev() {
        let value = &axis.values[rest % axis.values.len()];
        parts.push(format!("{} {}", text(&axis.title), text(value)));
        rest /= axis.values.len();
    }
    parts.reverse();
    parts.join(", ")
}

/// Accuracy along a curve's columns, a line a model, `x` by its logarithm.
fn plot(results: &Results, curve: &Curve) -> String {
    let [left, top, right, bottom] = FRAME;
    let place = |x: f64| x.max(1e-9).ln();
    let (low, high) = curve
        .x
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &x| {
            (low.min(place(x)), high.max(place(x)))
        });
    let across = |x: f64| left + (place(x) - low) / (high - low).max(1e-12) * (right - left);
    let up = |share: f64| bottom - share * (bottom - top);
    let mut svg = String::new();
    for percent in [0, 25, 50, 75, 100] {
        let y = up(f64::from(percent) / 100.0);
        // Writing to a string cannot fail.
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{left}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{percent}</text>",
            left - 6.0,
            y + 4.0
        );
    }
    for &x in &curve.x {
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{x}</text>",
            across(x),
            bottom + 18.0
        );
    }
    let position = |name: &String| {
        let mut columns = results.plan.columns.iter();
        columns.position(|column| column.name == *name)
    };
    // Names do not stand on each other.
    let mut free = f64::INFINITY;
    let mut ends = Vec::new();
    for (number, row) in results.rows.iter().enumerate() {
        let points: Vec<(f64, f64)> = curve
            .columns
            .iter()
            .zip(&curve.x)
            .filter_map(|(name, &x)| {
                let cell = row.cells.get(position(name)?)?.as_ref()?;
                Some((across(x), up(cell.accuracy)))
            })
            .collect();
        let Some(&(_, last)) = points.last() else {
            continue;
        };
        let path: Vec<String> = points
            .iter()
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        let _ = write!(
            svg,
            "<polyline class=\"line l{}\" points=\"{}\"/>",
            number % 6,
            path.join(" ")
        );
        ends.push((last, number, row.planned.title.clone()));
    }
    ends.sort_by(|a, b| b.0.total_cmp(&a.0));
    // From the axis upwards.
    for (y, number, title) in ends {
        free = f64::min(y, free - 15.0);
        let _ = write!(
            svg,
            "<text class=\"name l{}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            number % 6,
            right + 8.0,
            free + 4.0,
            text(&title)
        );
    }
    format!(
        "<figure><figcaption><b>{}</b>: accuracy in % against {}</figcaption>\n\
         <svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">{svg}</svg></figure>\n",
        text(&curve.title),
        text(&curve.along),
        SIZE[0],
        SIZE[1],
        text(&curve.title)
    )
}

/// What a sceptical reader asks: where it differs from the paper, on what it ran.
fn about(results: &Results) -> String {
    let notes = results.plan.notes.iter();
    let notes: String = notes
        .map(|note| format!("<li>{}</li>\n", text(note)))
        .collect();
    let mut kinds: Vec<(&[String], Vec<&str>)> = Vec::new();
    for row in &results.rows {
        let deviations = &row.planned.deviations[..];
        match kinds.iter_mut().find(|(known, _)| *known == deviations) {
            Some((_, names)) => names.push(&row.planned.title),
            None => kinds.push((deviations, vec![&row.planned.title])),
        }
    }
    let mut differing = String::new();
    for (deviations, names) in kinds
        .iter()
        .filter(|(deviations, _)| !deviations.is_empty())
    {
        let names = match names.len() {
            all if all == results.rows.len() => "All of them".to_owned(),
            1..=4 => names.join("; "),
            count => format!("{}; and {} others", names[0], count - 1),
        };
        let fields = deviations
            .iter()
            .map(|field| format!("<li>{}</li>\n", text(field)));
        differing += &format!(
            "<details><summary>{}</summary>\n<ul>\n{}</ul></details>\n",
            text(&names),
            fields.collect::<String>()
        );
    }
    if !differing.is_empty() {
        differing.insert_str(
            0,
            "<h2>Where the models differ from the full-size presets</h2>\n",
        );
    }
    let makers: Vec<String> = results.makers().into_iter().collect();
    let list = match notes.is_empty() {
        true => String::new(),
        false => format!("<h2>Notes</h2>\n<ul>\n{notes}</ul>\n"),
    };
    format!(
        "{list}{differing}<p class=\"paper\">Data: {}. Trained and measured by {}.</p>\n",
        text(results.data),
        text(&makers.join("; "))
    )
}
