//! One of the pictures of an image under attack.

use leptos::html::Canvas;
use leptos::prelude::*;

use crate::attack::card::with;
use crate::browser::pixels;
use crate::state::lab::Lab;

/// Which of an image's three pictures.
#[derive(Clone, Copy)]
pub enum Picture {
    /// The clean image.
    Clean,
    /// The image under attack.
    Adversarial,
    /// What was added to it, enlarged in contrast.
    Perturbation,
}

/// One of an image's pictures.
#[component]
pub fn PictureView(
    /// Whose.
    image: Signal<usize>,
    /// Which.
    picture: Picture,
    /// What finds the canvas in a test or a script.
    #[prop(optional)]
    test_id: &'static str,
) -> impl IntoView {
    let lab = Lab::get();
    let canvas = NodeRef::<Canvas>::new();
    let name = match picture {
        Picture::Clean => "the clean image",
        Picture::Adversarial => "the image under attack",
        Picture::Perturbation => "the perturbation, enlarged in contrast",
    };
    // The clean image changes with a new attack only, the others with every iteration.
    Effect::new(move |_| {
        let Some(canvas) = canvas.get() else {
            return;
        };
        with(lab, |gallery| {
            let bytes = match (picture, gallery.frame()) {
                (Picture::Clean, _) => Some(&gallery.start.pixels),
                (Picture::Adversarial, Some(frame)) => Some(&frame.pixels),
                (Picture::Perturbation, Some(frame)) => Some(&frame.perturbation),
                (_, None) => None,
            };
            if let Some(bytes) = bytes.and_then(|bytes| bytes.get(gallery.pixels(image.get()))) {
                pixels::draw(&canvas, gallery.start.image_shape, bytes);
            }
        });
    });
    view! { <canvas node_ref=canvas data-testid=test_id width="28" height="28" role="img" aria-label=name></canvas> }
}
