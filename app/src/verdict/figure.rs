//! The plots of a report, each with how to read it and its numbers.

use leptos::prelude::*;
use squeeze_engine::verdict::plot::{Figure, FigureId, Table, figures};
use squeeze_engine::verdict::report::Report;

use crate::browser::save;
use crate::state::lab::Lab;
use crate::verdict::surface::SurfaceView;

/// Most rows of a table that is written out beneath its plot; all of them are in the file.
const ROWS: usize = 60;

/// All plots.
#[component]
pub fn Plots(
    /// What they show.
    report: Report,
) -> impl IntoView {
    let (maps, plots): (Vec<Figure>, Vec<Figure>) = figures(&report)
        .into_iter()
        .partition(|figure| figure.id == FigureId::Contours);
    let surface = report.surface.zip(maps.into_iter().next());
    let plots: Vec<_> = plots
        .into_iter()
        .map(|figure| match (&surface, figure.id) {
            (Some((surface, map)), FigureId::Surface) => {
                let (surface, map) = (surface.clone(), map.clone());
                view! { <SurfaceView surface=surface relief=figure map=map /> }.into_any()
            }
            _ => {
                let words = (figure.honest, figure.masked);
                let drawing = view! { <div inner_html=figure.svg.clone()></div> };
                framed(figure, Signal::stored(words), drawing).into_any()
            }
        })
        .collect();
    view! {
        <section class="plots" aria-label="How it falls">
            {plots}
        </section>
    }
}

/// A plot among its words and numbers. `words` say what it looks like where the gradient is honest and where it is masked.
pub fn framed(
    figure: Figure,
    words: Signal<(&'static str, &'static str)>,
    drawing: impl IntoView,
) -> impl IntoView {
    let Figure {
        id,
        title,
        shows,
        here,
        table,
        ..
    } = figure;
    let name = id.name();
    view! {
        <figure class="plot" data-testid=format!("figure-{name}")>
            <h3>{title}</h3>
            <p class="plot-shows">{shows}</p>
            {drawing}
            <figcaption>
                <b>"Honest gradient: "</b>
                {move || words.get().0}
                <b>" Masked: "</b>
                {move || words.get().1}
                <b>" Here: "</b>
                {here}
            </figcaption>
            {numbers(name, title, table)}
        </figure>
    }
}

/// The numbers of a plot, folded up, and the way to save them.
fn numbers(name: &'static str, title: &'static str, table: Table) -> impl IntoView {
    let lab = Lab::get();
    let written = (table.rows.len() <= ROWS).then(|| {
        let (names, rows) = table.cells();
        let head: Vec<_> = names
            .into_iter()
            .map(|name| view! { <th scope="col">{name}</th> })
            .collect();
        let rows: Vec<_> = rows
            .into_iter()
            .map(|row| {
                let cells: Vec<_> = row
                    .into_iter()
                    .map(|cell| view! { <td>{cell}</td> })
                    .collect();
                view! { <tr>{cells}</tr> }
            })
            .collect();
        view! {
            <details>
                <summary>"Numbers"</summary>
                <div class="plot-table" tabindex="0" role="group" aria-label=title>
                    <table>
                        <thead>
                            <tr>{head}</tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </details>
        }
    });
    view! {
        <div class="plot-numbers">
            {written}
            <button
                type="button"
                class="quiet"
                data-testid=format!("save-{name}")
                aria-label=format!("Save CSV of “{title}”")
                on:click=move |_| {
                    let file = format!("verdict-{name}.csv");
                    if let Err(sentence) = save::save(&file, table.csv().as_bytes()) {
                        lab.note(sentence);
                    }
                }
            >
                "Save CSV"
            </button>
        </div>
    }
}
