//! One of the pictures of an image under attack.

use leptos::html::Canvas;
use leptos::prelude::*;

use crate::attack::card::with;
use crate::browser::sheets::Row;
use crate::browser::{pixels, sheets};
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
            let shape = gallery.start.image_shape;
            let image = image.get();
            let row = match picture {
                Picture::Clean => {
                    if let Some(bytes) = gallery.start.pixels.get(gallery.pixels(image)) {
                        pixels::draw(&canvas, shape, bytes);
                    }
                    return;
                }
                Picture::Adversarial => Row::Attacked,
                Picture::Perturbation => Row::Change,
            };
            let Some(frame) = gallery.frame() else {
                return;
            };
            if let Some(number) = frame.sheet {
                sheets::draw(&canvas, number, shape, image, row);
            } else if let Some(bytes) = gallery.bytes(frame, image, row) {
                pixels::draw(&canvas, shape, bytes);
            }
        });
    });
    view! { <canvas node_ref=canvas data-testid=test_id width="28" height="28" role="img" aria-label=name></canvas> }
}
