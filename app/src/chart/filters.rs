//! The weights that the first layer sees images with.

use leptos::html::Canvas;
use leptos::prelude::*;
use squeeze_engine::event::Filters;

use crate::browser::pixels;
use crate::format::count;
use crate::state::lab::Lab;

/// One filter as a picture of bytes, `[channels, height, width]`: 128 is 0, and the weight furthest from
/// it is black or white.
fn picture(filters: &Filters, filter: usize) -> Option<Vec<u8>> {
    let [_, channels, height, width] = filters.shape;
    let length = channels * height * width;
    let weights = filters.weights.get(filter * length..)?.get(..length)?;
    let most = weights.iter().fold(0.0, |most, w| f32::max(most, w.abs()));
    let scale = if most > 0.0 { 127.0 / most } else { 0.0 };
    let byte = |weight: &f32| (128.0 + weight * scale).round() as u8;
    Some(weights.iter().map(byte).collect())
}

/// The filters of the model at hand, one small picture each.
#[component]
pub fn FiltersView() -> impl IntoView {
    let lab = Lab::get();
    let amount = Memo::new(move |_| {
        lab.filters
            .with(|filters| filters.as_ref().map_or(0, |filters| filters.shape[0]))
    });
    let step = move || {
        lab.filters.with(|filters| match filters {
            Some(filters) => format!("Step {}", count(filters.step)),
            None => "No model yet".to_owned(),
        })
    };
    let says = move || {
        format!(
            "{} filters of the first convolution, drawn as pictures",
            amount.get()
        )
    };
    view! {
        <figure class="chart filters" data-testid="filters">
            <figcaption>
                <span class="chart-title">"First-layer filters"</span>
                <span class="chart-note">"grey is 0, bright adds, dark takes away"</span>
                <span class="reading-step">{step}</span>
            </figcaption>
            <div class="filter-grid" role="img" aria-label=says>
                {move || (0..amount.get()).map(|filter| view! { <FilterView filter=filter /> }).collect_view()}
            </div>
        </figure>
    }
}

#[component]
fn FilterView(filter: usize) -> impl IntoView {
    let lab = Lab::get();
    let canvas = NodeRef::<Canvas>::new();
    Effect::new(move |_| {
        let Some(canvas) = canvas.get() else {
            return;
        };
        lab.filters.with(|filters| {
            let Some(filters) = filters else {
                return;
            };
            let [_, channels, height, width] = filters.shape;
            if let Some(bytes) = picture(filters, filter) {
                pixels::draw(&canvas, [channels, height, width], &bytes);
            }
        });
    });
    view! { <canvas node_ref=canvas width="3" height="3"></canvas> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_uses_the_whole_range_about_gray() {
        let filters = Filters {
            step: 1,
            shape: [2, 1, 1, 3],
            weights: vec![0.0, 0.5, -1.0, 0.0, 0.0, 0.0],
        };
        assert_eq!(picture(&filters, 0), Some(vec![128, 192, 1]));
        assert_eq!(picture(&filters, 1), Some(vec![128; 3]));
        assert_eq!(picture(&filters, 2), None);
    }
}
