//! The results as one page that any browser shows, without a script or another file.

use squeeze_engine::verdict::html::{document, text};
use squeeze_engine::verdict::plot::{figures, ink, number, shade};

use super::cells::Cell;
use super::histogram::histograms;
use super::lines::{Line, Lines, Scale};
use super::plan::{Curve, Histogram, Quantity, Spreads, Trend, What, number_of};
use super::results::{Results, Row};

const STYLE: &str = include_str!("page.css");

/// The page.
pub fn html(results: &Results) -> String {
    let plan = results.plan;
    let mut body = format!(
        "<header>\n<h1>{}</h1>\n<p class=\"subject\">{}</p>\n</header>\n",
        text(&plan.title),
        text(&plan.about)
    );
    if plan.axes.is_empty() {
        body += &table(results);
        body += &reasons(results);
    } else {
        body += &maps(results);
    }
    let plots = [
        plan.curves
            .iter()
            .map(|each| curve(results, each))
            .collect(),
        plan.trends
            .iter()
            .map(|each| trend(results, each))
            .collect(),
        plan.histograms
            .iter()
            .map(|each| histogram(results, each))
            .collect::<String>(),
    ];
    let plots = plots.concat();
    if !plots.is_empty() {
        body += &format!("<section class=\"lines\">\n{plots}</section>\n");
    }
    body += &pictures(results);
    body += &about(results);
    document(&plan.title, STYLE, &body)
}

/// Ours, and the paper's beneath; the last column is what training took.
fn table(results: &Results) -> String {
    let columns = &results.plan.columns;
    let mut rows = String::new();
    for row in &results.rows {
        rows += &format!("<tr><th scope=\"row\">{}</th>", text(&row.planned.title));
        for (column, cell) in columns.iter().zip(&row.cells) {
            let ours = cell.as_ref().map_or("not measured yet".to_owned(), ours);
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
        "<section>\n<div class=\"scroll\"><table class=\"results\">\n<thead><tr><th></th>{}<th scope=\"col\">training</th></tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table></div>\n<p class=\"paper\">Accuracy in %.{}</p>\n</section>\n",
        heads.collect::<String>(),
        if columns
            .iter()
            .any(|column| matches!(column.what, What::Profile))
        {
            PROFILE
        } else {
            ""
        }
    )
}

/// What the numbers of a profile are.
const PROFILE: &str = " Norm: mean l<sub>2</sub> norm of an image's logits. Gradient: mean l<sub>1</sub> norm of the \
                       loss's gradient. Distance: median of margin / norm of its gradient, how far the boundary \
                       is to first order; scaling all logits leaves it as it is.";

/// What a cell came to.
fn ours(cell: &Cell) -> String {
    if cell.profile.is_some() {
        let said = |of: Quantity| cell.number(of).map_or("–".to_owned(), number);
        return format!(
            "norm {}<br>gradient {}<br>distance {}",
            said(Quantity::LogitNorm),
            said(Quantity::GradientL1),
            said(Quantity::Distance)
        );
    }
    let word = cell.verdict.map_or(String::new(), |verdict| {
        format!("<br>{}", text(verdict.title()))
    });
    format!("<b>{:.2}</b>{word}", 100.0 * cell.accuracy)
}

/// Why the verdicts are what they are.
fn reasons(results: &Results) -> String {
    let judged = results.rows.iter().filter_map(|row| {
        let report = row.report.as_ref()?;
        let reasons = report.reasons.iter();
        let reasons: String = reasons
            .map(|reason| format!("<li>{}</li>\n", text(reason)))
            .collect();
        Some(format!(
            "<details><summary>{}: {}</summary>\n<ul>\n{reasons}</ul></details>\n",
            text(&row.planned.title),
            text(report.verdict.title())
        ))
    });
    let judged: String = judged.collect();
    if judged.is_empty() {
        return String::new();
    }
    format!(
        "<section>\n<h2>Why these verdicts</h2>\n{judged}<p class=\"paper\">The whole reports are beside \
         the runs: <code>runs/NAME/report.html</code>.</p>\n</section>\n"
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
    let mut body = "<section>\n".to_owned();
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
                            let share = cell.accuracy as f32;
                            let (ground, ink) = (shade(share), ink(share));
                            let word = cell.verdict.map_or(String::new(), |verdict| {
                                format!("<br><small>{}</small>", text(verdict.title()))
                            });
                            format!(
                                "<td class=\"{ink}\" style=\"background:{ground}\">{:.1}{word}</td>",
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
    body + "<p class=\"paper\">Accuracy in %.</p>\n</section>\n"
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

/// A plot with its words.
fn figure(title: &str, shows: &str, svg: Option<String>) -> String {
    let svg = svg.unwrap_or_else(|| "<p>not measured yet</p>".to_owned());
    format!(
        "<figure><h3>{}</h3><p>{}</p>{svg}</figure>\n",
        text(title),
        text(shows)
    )
}

/// The cell of a column.
fn cell<'a>(results: &Results, row: &'a Row, name: &str) -> Option<&'a Cell> {
    let mut columns = results.plan.columns.iter();
    let at = columns.position(|column| column.name == name)?;
    row.cells.get(at)?.as_ref()
}

/// Accuracy along a curve's columns, a line a model.
fn curve(results: &Results, curve: &Curve) -> String {
    let lines = results.rows.iter().map(|row| {
        let points = curve.columns.iter().zip(&curve.x);
        let points = points.filter_map(|(name, &x)| Some([x, cell(results, row, name)?.accuracy]));
        Line {
            name: row.planned.title.clone(),
            points: points.collect(),
        }
    });
    let plot = Lines {
        title: &curve.title,
        across: Scale::Log,
        up: Scale::Share,
        lines: lines.collect(),
        mark: None,
    };
    let shows = format!("Accuracy in % against {}.", curve.along);
    figure(&curve.title, &shows, plot.svg())
}

/// A number of some columns against a field of the models, a line a column.
fn trend(results: &Results, trend: &Trend) -> String {
    // A plan is checked for the field when it is read.
    let at = |row: &Row| number_of(&row.planned.config, &trend.field).ok();
    let lines = trend.columns.iter().map(|name| {
        let rows = results.rows.iter();
        let points = rows.filter_map(|row| {
            let cell = cell(results, row, name)?;
            Some([at(row)?, cell.number(trend.of)?])
        });
        let mut points: Vec<[f64; 2]> = points.collect();
        points.sort_by(|[a, _], [b, _]| a.total_cmp(b));
        Line {
            name: name.clone(),
            points,
        }
    });
    let critical = results.rows.iter().find_map(|row| {
        let config = &row.planned.config;
        let classes = results.data.classes.len();
        let objective = &config.objective;
        objective.critical_beta(config.training.batch_size, classes)
    });
    let critical = critical.filter(|_| trend.field == "objective.beta");
    let up = match (trend.of, trend.log) {
        (_, true) => Scale::Log,
        (Quantity::Accuracy, false) => Scale::Share,
        (_, false) => Scale::Even,
    };
    let name = critical.map(|beta| format!("beta_c = {}", number(beta)));
    let plot = Lines {
        title: &trend.title,
        across: Scale::Even,
        up,
        lines: lines.collect(),
        mark: critical.zip(name.as_deref()),
    };
    let shows = format!("The {} against {}.", trend.of.title(), trend.field);
    figure(&trend.title, &shows, plot.svg())
}

fn histogram(results: &Results, histogram: &Histogram) -> String {
    let named = results.rows.iter().filter_map(|row| {
        let profile = cell(results, row, &histogram.column)?.profile.as_ref()?;
        let spread = match histogram.of {
            Spreads::Logits => &profile.logits,
            Spreads::Margins => &profile.margins,
        };
        Some((row.planned.title.as_str(), spread))
    });
    let named: Vec<_> = named.collect();
    let shows = match histogram.of {
        Spreads::Logits => "All logits of the test images, a model a row, over one axis.",
        Spreads::Margins => {
            "The label's logit less the largest other one, a model a row, over one axis: right of 0 the model is right."
        }
    };
    figure(
        &histogram.title,
        shows,
        histograms(&histogram.title, &named),
    )
}

/// Pictures of the verdicts, a model beside the other.
fn pictures(results: &Results) -> String {
    let mut body = String::new();
    for &id in &results.plan.pictures {
        let shown = results.rows.iter().filter_map(|row| {
            let found = figures(row.report.as_ref()?);
            Some((row, found.into_iter().find(|figure| figure.id == id)?))
        });
        let shown: Vec<_> = shown.collect();
        let Some((_, first)) = shown.first() else {
            continue;
        };
        body += &format!(
            "<section>\n<h2>{}</h2>\n<p class=\"subject\"><b>Robust:</b> {} <b>Masked:</b> {}</p>\n<div class=\"plots\">\n",
            first.title, first.robust, first.masked
        );
        for (row, figure) in &shown {
            body += &format!(
                "<figure><h3>{}</h3>{}<figcaption>{}</figcaption></figure>\n",
                text(&row.planned.title),
                figure.svg,
                text(&figure.shows)
            );
        }
        body += "</div>\n</section>\n";
    }
    body
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
        "<section>\n{list}{differing}<p class=\"paper\">Data: {}. Trained and measured by {}.</p>\n</section>\n",
        text(&results.data.name),
        text(&makers.join("; "))
    )
}
