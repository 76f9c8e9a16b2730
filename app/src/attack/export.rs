//! What can be saved of the image that is looked at closely.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use web_sys::HtmlCanvasElement;

use crate::attack::card::with;
use crate::attack::movie::{Movie, stays};
use crate::attack::npy::npy;
use crate::browser::breath::Breath;
use crate::browser::save;
use crate::browser::sheets::{self, Row};
use crate::state::gallery::Gallery;
use crate::state::lab::Lab;
use squeeze_engine::event::AttackFrame;

/// How long a movie shows the clean image, and how long the last one, in hundredths of a second.
const PAUSE: u16 = 80;

/// The buttons.
#[component]
pub fn Exports() -> impl IntoView {
    let lab = Lab::get();
    let has_exact = Memo::new(move |_| {
        with(lab, |gallery| gallery.exact(lab.closeup.get()).is_some()).unwrap_or(false)
    });
    let has_frames = Memo::new(move |_| with(lab, |gallery| !gallery.frames().is_empty()));
    let filming = RwSignal::new(false);
    let told = move |saved: Result<(), String>| {
        if let Err(sentence) = saved {
            lab.note(sentence);
        }
    };
    let film = move |_| {
        let image = lab.closeup.get_untracked();
        // Of this image alone, so that the attack may go on meanwhile.
        let scenes = lab
            .gallery
            .with_untracked(|gallery| gallery.as_ref().map(|gallery| Scenes::of(gallery, image)));
        let Some(scenes) = scenes else {
            return;
        };
        filming.set(true);
        spawn_local(async move {
            let name = scenes.name.clone();
            let file = scenes.film().await;
            // The close-up may be gone by now.
            let _ = filming.try_set(false);
            told(file.and_then(|file| save::save(&name, &file)));
        });
    };
    view! {
        <div class="exports" role="group" aria-label="Save">
            <span class="exports-word">"Save"</span>
            <button
                type="button"
                data-testid="save-png"
                on:click=move |_| told(save_png(lab))
            >
                "the image"
            </button>
            <button
                type="button"
                data-testid="save-csv"
                on:click=move |_| {
                    told(save_part(lab, "csv", |gallery, image| Some(csv(gallery, image).into_bytes())));
                }
            >
                "the curves"
            </button>
            <button
                type="button"
                data-testid="save-npy"
                title="What was added in the end, as NumPy float32 [channels, height, width], not rounded"
                disabled=move || !has_exact.get()
                on:click=move |_| {
                    told(
                        save_part(
                            lab,
                            "npy",
                            |gallery, image| {
                                Some(npy(gallery.start.image_shape, gallery.exact(image)?))
                            },
                        ),
                    );
                }
            >
                "the change (.npy)"
            </button>
            <button
                type="button"
                data-testid="save-gif"
                disabled=move || filming.get() || has_frames.get() != Some(true)
                on:click=film
            >
                {move || if filming.get() { "making the GIF…" } else { "a movie (.gif)" }}
            </button>
        </div>
    }
}

/// A name for files about an image.
fn stem(gallery: &Gallery, image: usize) -> String {
    match gallery.place(image) {
        Some(place) => format!("attack-test-image-{place}"),
        None => "attack-own-image".to_owned(),
    }
}

/// Saves something of the image on show; nothing where there is none.
fn save_part(
    lab: Lab,
    end: &str,
    make: impl FnOnce(&Gallery, usize) -> Option<Vec<u8>>,
) -> Result<(), String> {
    let image = lab.closeup.get_untracked();
    let file = lab.gallery.with_untracked(|gallery| {
        let gallery = gallery.as_ref()?;
        let name = format!("{}.{end}", stem(gallery, image));
        Some((name, make(gallery, image)?))
    });
    match file {
        Some((name, bytes)) => save::save(&name, &bytes),
        None => Ok(()),
    }
}

/// The curves as a table: an iteration a line, a class a column, and the image's place in the test set,
/// if it has one.
fn csv(gallery: &Gallery, image: usize) -> String {
    let classes = (0..gallery.start.classes).map(|class| format!(",class_{class}"));
    let (head, place) = match gallery.place(image) {
        Some(place) => (",test_image", format!(",{place}")),
        None => ("", String::new()),
    };
    let mut text = format!("iteration{}{head}\n", classes.collect::<String>());
    for (iteration, row) in gallery.story(image) {
        let shares = row.iter().map(|share| format!(",{share}"));
        text += &format!("{iteration}{}{place}\n", shares.collect::<String>());
    }
    text
}

/// Saves the image under attack at its own size.
fn save_png(lab: Lab) -> Result<(), String> {
    let refused = || "The browser did not give the image.".to_owned();
    let canvas = document().query_selector("[data-testid=closeup-attacked]");
    let canvas = canvas.ok().flatten().ok_or_else(refused)?;
    let canvas: HtmlCanvasElement = canvas.dyn_into().map_err(|_| refused())?;
    let url = canvas.to_data_url().map_err(|_| refused())?;
    let image = lab.closeup.get_untracked();
    let name = lab
        .gallery
        .with_untracked(|gallery| gallery.as_ref().map(|gallery| stem(gallery, image)))
        .ok_or_else(refused)?;
    save::save_address(&format!("{name}.png"), &url)
}

/// What a movie is made of.
struct Scenes {
    name: String,
    shape: [usize; 3],
    clean: Vec<u8>,
    /// Image and perturbation of each iteration.
    frames: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Scenes {
    fn of(gallery: &Gallery, image: usize) -> Self {
        let shape = gallery.start.image_shape;
        let clean = gallery.start.pixels.get(gallery.pixels(image));
        let picture = |frame: &AttackFrame, row| {
            let picture = match frame.sheet {
                Some(number) => sheets::read(number, shape, image, row),
                None => gallery.bytes(frame, image, row).map(<[u8]>::to_vec),
            };
            picture.unwrap_or_default()
        };
        let frames = gallery.frames().iter();
        Self {
            name: format!("{}.gif", stem(gallery, image)),
            shape,
            clean: clean.map_or_else(Vec::new, <[u8]>::to_vec),
            frames: frames
                .map(|frame| (picture(frame, Row::Attacked), picture(frame, Row::Change)))
                .collect(),
        }
    }

    /// The movie: the clean image, and then every iteration.
    async fn film(self) -> Result<Vec<u8>, String> {
        let mut movie = Movie::new(self.shape)?;
        let mut breath = Breath::new();
        movie.push(&self.clean, &vec![128; self.clean.len()], PAUSE)?;
        for (place, (image, change)) in self.frames.iter().enumerate() {
            breath.take().await;
            let is_last = place + 1 == self.frames.len();
            let stays = if is_last {
                PAUSE
            } else {
                stays(self.frames.len())
            };
            movie.push(image, change, stays)?;
        }
        Ok(movie.finish())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use squeeze_engine::config::AttackConfig;
    use squeeze_engine::event::{AttackFrame, AttackStarted};

    use super::*;

    fn gallery(places: Vec<usize>) -> Gallery {
        let mut gallery = Gallery::new(AttackStarted {
            config: AttackConfig::default(),
            places,
            image_shape: [1, 1, 2],
            pixels: vec![1, 2, 3, 4],
            labels: vec![0, 1],
            probabilities: vec![0.5; 4],
            classes: 2,
        });
        gallery.push(AttackFrame {
            iteration: 3,
            sheet: None,
            pixels: vec![5, 6, 7, 8],
            perturbation: vec![9, 10, 11, 12],
            probabilities: vec![0.25, 0.75, 0.5, 0.5],
            exact: Vec::new(),
        });
        gallery
    }

    #[test]
    fn files_name_the_image_by_its_place_in_the_test_set() {
        let chosen = gallery(vec![17, 4]);
        assert_eq!(
            csv(&chosen, 0),
            "iteration,class_0,class_1,test_image\n3,0.25,0.75,17\n"
        );
        assert_eq!(stem(&chosen, 1), "attack-test-image-4");
        let own = gallery(Vec::new());
        assert_eq!(csv(&own, 1), "iteration,class_0,class_1\n3,0.5,0.5\n");
        assert_eq!(stem(&own, 0), "attack-own-image");
    }

    #[test]
    fn a_movie_is_of_one_image() {
        let scenes = Scenes::of(&gallery(vec![17, 4]), 1);
        assert_eq!(scenes.name, "attack-test-image-4.gif");
        assert_eq!(scenes.clean, [3, 4]);
        assert_eq!(scenes.frames, [(vec![7, 8], vec![11, 12])]);
    }
}
