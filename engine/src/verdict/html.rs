//! [`html`]: a report as one file that any browser shows, without a script or another file.

use std::fmt::Write;
use std::io::Cursor;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use image::{ImageFormat, Rgb, RgbImage};

use super::interval::in_words;
use super::meaning::{MASKING, example};
use super::plot::{Figure, Table, figures};
use super::report::{Finding, Fooled, Report, Verdict, usual};
use crate::config::{Norm, distance};

const STYLE: &str = include_str!("report.css");

/// The report as an HTML document.
pub fn html(report: &Report) -> String {
    let subject = &report.subject;
    let title = format!(
        "{} on {}: {}",
        subject.network,
        subject.data,
        report.verdict.title()
    );
    let body = [
        head(report),
        meaning(report),
        plots(report),
        rungs(report),
        signs(report),
        fooled(report),
        checklist(report),
    ]
    .concat();
    document(&title, "", &body)
}

/// A page of its own, with the look of a report and what `style` adds to it.
pub fn document(title: &str, style: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<style>\n{STYLE}{style}</style>\n<main>\n{body}</main>\n</html>\n",
        text(title)
    )
}

/// A plot as a file of its own, with the look of a report and what `style` adds to it.
pub fn standalone(svg: &str, style: &str) -> String {
    let (head, rest) = svg.split_once('>').unwrap_or((svg, ""));
    format!(
        "{} xmlns=\"http://www.w3.org/2000/svg\"><style>\n{STYLE}{style}svg {{ background: var(--paper); }}\n</style>{rest}\n",
        head
    )
}

/// Text as it stands in HTML.
pub fn text(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}

fn head(report: &Report) -> String {
    let subject = &report.subject;
    let (norm, unit) = match subject.norm {
        Norm::Linf => ("l<sub>∞</sub>", " of each pixel"),
        Norm::L2 => ("l<sub>2</sub>", " of the whole image"),
    };
    let class = match report.verdict {
        Verdict::Robust => "good",
        Verdict::Masked | Verdict::NotRobust => "bad",
        Verdict::Undecided => "open",
    };
    let mut out = format!(
        "<header>\n<p class=\"kicker\">Robust, or only masked?</p>\n<h1 class=\"{class}\">{}</h1>\n\
         <p class=\"meant\">{}</p>\n<p class=\"subject\">{} on {}, {}{}. Attacked in {norm} within {} {unit}; pixels run from 0 to 1. \
         {} test images, {} evaluation, seed {}{}.</p>\n</header>\n",
        text(&report.verdict.heading()),
        text(&report.meaning()),
        text(&subject.network),
        text(&subject.data),
        text(&subject.training),
        subject
            .step
            .map_or_else(String::new, |step| format!(", {step} steps")),
        distance(subject.epsilon),
        subject.images,
        subject.effort.name(),
        subject.seed,
        if report.stopped {
            ", stopped early"
        } else {
            ""
        },
    );
    let usual = usual(&report.rungs).map_or_else(
        || "under the usual attack".to_owned(),
        |rung| format!("under the usual attack, {}", text(&rung.name)),
    );
    let numbers = [
        (Some(report.clean_accuracy), "right without attack"),
        (report.apparent_accuracy, usual.as_str()),
        (Some(report.robust_accuracy), "under everything"),
    ];
    out += "<dl class=\"numbers\">\n";
    for (share, what) in numbers {
        let sure = share.map_or_else(String::new, |share| in_words(share, subject.images));
        let share = share.map_or_else(|| "–".to_owned(), percent);
        let _ = writeln!(
            out,
            "<div><dd>{share}</dd><dt>{what}<br><small>{sure}</small></dt></div>"
        );
    }
    out += "</dl>\n<ul class=\"reasons\">\n";
    // The first one says the numbers above again.
    for reason in report.reasons.iter().skip(1) {
        let _ = writeln!(out, "<li>{}</li>", text(reason));
    }
    out + "</ul>\n"
}

fn meaning(report: &Report) -> String {
    let mut out = format!(
        "<section class=\"meaning\">\n<h2>What masking means</h2>\n<p>{}</p>\n<p><b>This model.</b>",
        text(MASKING)
    );
    for sentence in example(report) {
        out += " ";
        out += &text(&sentence);
    }
    out + "</p>\n</section>\n"
}

fn plots(report: &Report) -> String {
    let mut out = "<section>\n<h2>How it falls</h2>\n<div class=\"plots\">\n".to_owned();
    for figure in figures(report) {
        let Figure {
            title,
            shows,
            honest,
            masked,
            here,
            svg,
            table,
            ..
        } = figure;
        let _ = writeln!(
            out,
            "<figure><h3>{title}</h3><p>{}</p>{svg}\
             <figcaption><b>Honest gradient:</b> {honest} <b>Masked:</b> {masked} <b>Here:</b> {}</figcaption>{}</figure>",
            text(&shows),
            text(&here),
            numbers(&table)
        );
    }
    out + "</div>\n</section>\n"
}

/// Most rows of a table that is written out; longer ones are in the file beside the report.
const ROWS: usize = 60;

/// The numbers of a plot, folded up.
fn numbers(table: &Table) -> String {
    if table.rows.len() > ROWS {
        return String::new();
    }
    let (names, rows) = table.cells();
    let mut out = "<details><summary>Numbers</summary><table><tr>".to_owned();
    for name in names {
        let _ = write!(out, "<th>{name}</th>");
    }
    out += "</tr>";
    for row in rows {
        out += "<tr>";
        for cell in row {
            let _ = write!(out, "<td>{cell}</td>");
        }
        out += "</tr>";
    }
    out + "</table></details>"
}

fn rungs(report: &Report) -> String {
    let mut out = "<section>\n<h2>The attacks, in order</h2>\n<div class=\"wide\"><table>\n\
        <tr><th>Attack</th><th>Settings</th><th>Tried on</th><th>Fooled</th><th>Left</th><th>Seconds</th></tr>\n"
        .to_owned();
    for rung in &report.rungs {
        let left = rung.standing as f64 / rung.images.max(1) as f64;
        let settings = rung.config.as_ref().map(|config| config.describe());
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{:.1}</td></tr>",
            text(&rung.name),
            text(&settings.unwrap_or_default()),
            rung.attacked,
            rung.fallen,
            percent(left),
            rung.seconds
        );
    }
    out + "</table></div>\n</section>\n"
}

fn signs(report: &Report) -> String {
    let mut out =
        "<section>\n<h2>What speaks for a mask, and what does not</h2>\n<ul class=\"signs\">\n"
            .to_owned();
    for sign in &report.signs {
        let class = match sign.finding {
            Finding::Clear => "clear",
            Finding::Caution => "caution",
            Finding::Masking => "masking",
        };
        let word = sign.finding.word();
        let _ = writeln!(
            out,
            "<li class=\"{class}\"><b>{word}</b> <span>{} <small>Threshold {}.</small></span></li>",
            text(&sign.sentence),
            percent(sign.threshold)
        );
    }
    out + "</ul>\n</section>\n"
}

fn fooled(report: &Report) -> String {
    if report.fooled.is_empty() {
        return String::new();
    }
    let mut out = "<section>\n<h2>Images that fooled it</h2>\n<div class=\"images\">\n".to_owned();
    let name = |class: usize| {
        let classes = &report.subject.classes;
        classes
            .get(class)
            .map_or_else(|| class.to_string(), |name| text(name))
    };
    for fooled in &report.fooled {
        let Fooled {
            label, predicted, ..
        } = *fooled;
        let [clean, attacked] = [&fooled.clean, &fooled.attacked]
            .map(|pixels| picture(pixels, report.subject.image_shape).unwrap_or_default());
        let _ = writeln!(
            out,
            "<figure><img src=\"{clean}\" alt=\"test image {}\"><img src=\"{attacked}\" alt=\"the same under attack\">\
             <figcaption>{} → <b>{}</b></figcaption></figure>",
            fooled.place,
            name(label),
            name(predicted)
        );
    }
    out + "</div>\n</section>\n"
}

/// An image as the address of itself.
fn picture(pixels: &[u8], [channels, height, width]: [usize; 3]) -> Option<String> {
    // A report may come from somebody else.
    let size = height.checked_mul(width)?.checked_mul(channels)?;
    if size == 0 || size != pixels.len() {
        return None;
    }
    let at = |channel: usize, y: u32, x: u32| {
        let channel = channel.min(channels - 1);
        let place = (channel * height + y as usize) * width + x as usize;
        pixels.get(place).copied().unwrap_or_default()
    };
    let image = RgbImage::from_fn(width as u32, height as u32, |x, y| {
        Rgb([at(0, y, x), at(1, y, x), at(2, y, x)])
    });
    let mut png = Cursor::new(Vec::new());
    image.write_to(&mut png, ImageFormat::Png).ok()?;
    let code = BASE64_STANDARD.encode(png.into_inner());
    Some(format!("data:image/png;base64,{code}"))
}

fn checklist(report: &Report) -> String {
    let mut out = "<section>\n<h2>The published checklist</h2>\n\
        <p>Of <a href=\"https://arxiv.org/abs/1902.06705\">“On Evaluating Adversarial Robustness”</a> \
        (Carlini et al. 2019), in our words.</p>\n<ul class=\"signs\">\n"
        .to_owned();
    for item in &report.checklist {
        let (class, word) = if item.covered {
            ("clear", "covered")
        } else {
            ("caution", "open")
        };
        let _ = writeln!(
            out,
            "<li class=\"{class}\"><b>{word}</b> <span>{}: {}.</span></li>",
            text(&item.item),
            text(&item.how)
        );
    }
    out + "</ul>\n</section>\n"
}
