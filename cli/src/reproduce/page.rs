//! The results as one page that any browser shows, without a script or another file.

use squeeze_engine::config::distance;
use squeeze_engine::verdict::html::{document, text};
use squeeze_engine::verdict::plot::{figures, number};

use super::cells::Cell;
use super::plan::{Column, Quantity, What};
use super::plots::{facet_name, plots};
use super::results::{Results, Row};

/// What pages and plots add to the look of a report.
pub const STYLE: &str = include_str!("page.css");

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
    }
    let plots = plots(results).into_iter().map(|plot| {
        format!(
            "<figure><h3>{}</h3><p>{}</p>{}</figure>\n",
            text(&plot.title),
            text(&plot.shows),
            plot.svg
        )
    });
    let plots: String = plots.collect();
    if !plots.is_empty() {
        body += &format!("<section class=\"lines\">\n{plots}</section>\n");
    }
    body += &maps(results);
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
            "<details><summary>{}: {}. {}</summary>\n<ul>\n{reasons}</ul></details>\n",
            text(&row.planned.title),
            text(report.verdict.title()),
            text(&report.meaning())
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
pub fn column_images(results: &Results, name: &str) -> String {
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

/// The numbers of the heat maps: a table for every column and every value of the axes before the last two.
fn maps(results: &Results) -> String {
    let Some((down, across)) = results.plan.last_axes() else {
        return String::new();
    };
    let wide = across.values.len();
    let high = down.map_or(1, |down| down.values.len());
    let mut body = "<section>\n<details><summary>Numbers</summary>\n".to_owned();
    for (place, column) in results.plan.columns.iter().enumerate() {
        body += &format!(
            "<h3>{}</h3>\n<p>{}</p>\n<div class=\"maps\">\n",
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
                            let word = cell.verdict.map_or(String::new(), |verdict| {
                                format!("<br><small>{}</small>", text(verdict.title()))
                            });
                            format!("<td>{:.1}{word}</td>", 100.0 * cell.accuracy)
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
                text(&facet_name(results, facet))
            );
        }
        body += "</div>\n";
    }
    body + "<p class=\"paper\">Accuracy in %.</p>\n</details>\n</section>\n"
}

/// Pictures of the verdicts, a model beside the other.
fn pictures(results: &Results) -> String {
    let mut body = String::new();
    for &id in &results.plan.pictures {
        let shown = results.rows.iter().filter_map(|row| {
            let pictured = results.plan.pictured.as_ref();
            let is_pictured = pictured.is_none_or(|names| names.contains(&row.planned.name));
            let found = figures(row.report.as_ref().filter(|_| is_pictured)?);
            Some((row, found.into_iter().find(|figure| figure.id == id)?))
        });
        let shown: Vec<_> = shown.collect();
        let Some((_, first)) = shown.first() else {
            continue;
        };
        body += &format!(
            "<section>\n<h2>{}</h2>\n<p class=\"subject\"><b>Honest gradient:</b> {} <b>Masked:</b> {}</p>\n<div class=\"plots\">\n",
            first.title, first.honest, first.masked
        );
        for (row, figure) in &shown {
            body += &format!(
                "<figure><h3>{}</h3>{}<figcaption>{} <b>Here:</b> {}</figcaption></figure>\n",
                text(&row.planned.title),
                figure.svg,
                text(&figure.shows),
                text(&figure.here)
            );
        }
        body += "</div>\n</section>\n";
    }
    body
}

/// What a column measures, with the settings of the first model, which those of the others are alike to.
fn what(results: &Results, column: &Column) -> String {
    let config = &results.plan.models[0].config;
    // A plan is checked for its attacks when it is read.
    let Ok(attack) = column.attack(config) else {
        return String::new();
    };
    let ball = format!("{} within {}", attack.norm.name(), distance(attack.epsilon));
    match &column.what {
        What::Clean => "accuracy without attack, on the whole test set".to_owned(),
        What::Attack(_) => format!("accuracy under {}, {ball}", attack.describe()),
        What::Suite(suite, _) => format!("accuracy under AutoAttack {}, {ball}", suite.name()),
        What::Verdict(effort, _) => format!(
            "accuracy under everything that the {} evaluation tries, {ball}, and its verdict",
            effort.name()
        ),
        What::Transfer(source, _) => format!(
            "accuracy on images that {}, {ball}, made on {source}",
            attack.describe()
        ),
        What::Profile => "logits, margins and gradients without attack".to_owned(),
    }
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
            "<h2 class=\"after\">Where the models differ from the full-size presets</h2>\n",
        );
    }
    let measured = results.plan.columns.iter().map(|column| {
        format!(
            "<li><b>{}</b>: {}</li>\n",
            text(&column.name),
            text(&what(results, column))
        )
    });
    let measured = format!(
        "<h2>What is measured</h2>\n<ul>\n{}</ul>\n",
        measured.collect::<String>()
    );
    let makers: Vec<String> = results.makers().into_iter().collect();
    let list = match notes.is_empty() {
        true => String::new(),
        false => format!("<h2>Notes</h2>\n<ul>\n{notes}</ul>\n"),
    };
    format!(
        "<section>\n{measured}{list}{differing}<p class=\"paper\">Data: {}. Trained and measured by {}.</p>\n</section>\n",
        text(&results.data.name),
        text(&makers.join("; "))
    )
}
