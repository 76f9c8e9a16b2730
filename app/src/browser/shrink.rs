//! Pictures of any size and kind that the browser can decode, as the small images that models take.

use js_sys::Promise;
use leptos::prelude::{document, window};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use crate::browser::js::{call, get};

/// Share of a digit's image that the digit itself takes, as in MNIST: 20 of 28 pixels.
const DIGIT: f64 = 20.0 / 28.0;

/// The middle of a picture, shrunk, as `[channels, height, width]` bytes. Dark writing on light paper
/// becomes light on dark where there is one channel, as in the data sets of digits.
///
/// `source` is whatever a bitmap can be made from, `name` what an error calls it.
///
/// # Errors
/// A sentence, if the browser cannot decode it.
pub async fn decode(source: &JsValue, name: &str, shape: [usize; 3]) -> Result<Vec<u8>, String> {
    let refused = |_| format!("“{name}” is no picture that this browser can read.");
    let coming =
        call(&window(), "createImageBitmap", std::slice::from_ref(source)).map_err(refused)?;
    let coming: Promise = coming.dyn_into().map_err(refused)?;
    let picture = JsFuture::from(coming).await.map_err(refused)?;
    let size = |name: &str| get(&picture, name).as_f64().unwrap_or(0.0);
    let (wide, high) = (size("width"), size("height"));
    let [channels, height, width] = shape;
    // As much of the middle as has the image's form.
    let scale = (wide / width as f64).min(high / height as f64);
    let (cut_wide, cut_high) = (scale * width as f64, scale * height as f64);
    let from = [
        (wide - cut_wide) / 2.0,
        (high - cut_high) / 2.0,
        cut_wide,
        cut_high,
    ];
    let to = [0.0, 0.0, width as f64, height as f64];
    let mut bytes = shrunk(&picture, shape, from, to).map_err(refused)?;
    if channels == 1 && is_light(&bytes, width) {
        bytes.iter_mut().for_each(|byte| *byte = 255 - *byte);
    }
    Ok(bytes)
}

/// What was drawn in light on a dark canvas, brought to the size and the place of MNIST's digits.
/// `None` if nothing was drawn.
pub fn digit(canvas: &HtmlCanvasElement, [channels, height, width]: [usize; 3]) -> Option<Vec<u8>> {
    let (wide, high) = (canvas.width(), canvas.height());
    let pixels = context(canvas)
        .ok()?
        .get_image_data(0.0, 0.0, wide.into(), high.into());
    let pixels = pixels.ok()?.data();
    let ink = Ink::of(&pixels, wide as usize)?;
    let longest = (ink.right - ink.left).max(ink.bottom - ink.top);
    let scale = DIGIT * width as f64 / longest;
    let from = [
        ink.left,
        ink.top,
        ink.right - ink.left,
        ink.bottom - ink.top,
    ];
    let to = [
        width as f64 / 2.0 - (ink.x - ink.left) * scale,
        height as f64 / 2.0 - (ink.y - ink.top) * scale,
        from[2] * scale,
        from[3] * scale,
    ];
    shrunk(canvas, [channels, height, width], from, to).ok()
}

/// Where the light pixels lie.
#[derive(Debug, PartialEq)]
struct Ink {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
    /// Their centre.
    x: f64,
    y: f64,
}

impl Ink {
    fn of(rgba: &[u8], wide: usize) -> Option<Self> {
        let mut ink: Option<Self> = None;
        let mut mass = 0.0;
        for (place, pixel) in rgba.chunks_exact(4).enumerate() {
            if pixel[0] < 32 {
                continue;
            }
            let (x, y) = ((place % wide) as f64, (place / wide) as f64);
            let light = f64::from(pixel[0]);
            mass += light;
            let all = ink.get_or_insert(Self {
                left: x,
                top: y,
                right: x + 1.0,
                bottom: y + 1.0,
                x: 0.0,
                y: 0.0,
            });
            all.left = all.left.min(x);
            all.top = all.top.min(y);
            all.right = all.right.max(x + 1.0);
            all.bottom = all.bottom.max(y + 1.0);
            all.x += light * (x + 0.5);
            all.y += light * (y + 0.5);
        }
        ink.map(|ink| Self {
            x: ink.x / mass,
            y: ink.y / mass,
            ..ink
        })
    }
}

/// A drawing context.
///
/// # Errors
/// What the browser threw.
pub fn context(canvas: &HtmlCanvasElement) -> Result<CanvasRenderingContext2d, JsValue> {
    let context = canvas.get_context("2d")?.ok_or(JsValue::NULL)?;
    Ok(context.dyn_into()?)
}

/// A part of a picture drawn into a part of a black image: left, top, width, height.
fn shrunk(
    picture: &JsValue,
    [channels, height, width]: [usize; 3],
    from: [f64; 4],
    to: [f64; 4],
) -> Result<Vec<u8>, JsValue> {
    let canvas: HtmlCanvasElement = document().create_element("canvas")?.dyn_into()?;
    canvas.set_width(width as u32);
    canvas.set_height(height as u32);
    let context = context(&canvas)?;
    context.fill_rect(0.0, 0.0, width as f64, height as f64);
    js_sys::Reflect::set(&context, &"imageSmoothingQuality".into(), &"high".into())?;
    let mut arguments = vec![picture.clone()];
    arguments.extend(from.into_iter().chain(to).map(JsValue::from_f64));
    call(&context, "drawImage", &arguments)?;
    let pixels = context.get_image_data(0.0, 0.0, width as f64, height as f64)?;
    Ok(planes(&pixels.data(), channels))
}

/// Pixels of four bytes as planes: one of lightness, or red, green and blue.
fn planes(rgba: &[u8], channels: usize) -> Vec<u8> {
    let pixels = || rgba.chunks_exact(4);
    if channels == 1 {
        let light = |pixel: &[u8]| {
            // ITU-R BT.601, as in grey versions of photographs.
            let parts = [(0, 0.299), (1, 0.587), (2, 0.114)];
            parts
                .map(|(at, share)| share * f32::from(pixel[at]))
                .iter()
                .sum::<f32>()
                .round() as u8
        };
        return pixels().map(light).collect();
    }
    (0..channels)
        .flat_map(|channel| pixels().map(move |pixel| pixel[channel]))
        .collect()
}

/// Whether the edge of a grey image is light.
fn is_light(bytes: &[u8], width: usize) -> bool {
    let height = bytes.len() / width.max(1);
    let is_edge = |place: &usize| {
        let (x, y) = (place % width, place / width);
        x == 0 || y == 0 || x + 1 == width || y + 1 == height
    };
    let edge = (0..bytes.len())
        .filter(is_edge)
        .map(|place| u64::from(bytes[place]));
    let (sum, count) = edge.fold((0, 0), |(sum, count), byte| (sum + byte, count + 1));
    sum > 127 * count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_become_planes() {
        let rgba = [255, 0, 0, 255, 10, 20, 30, 255];
        assert_eq!(planes(&rgba, 3), [255, 10, 0, 20, 0, 30]);
        assert_eq!(planes(&rgba, 1), [76, 18]);
    }

    #[test]
    fn light_paper_is_told_by_its_edge() {
        let mut paper = vec![250; 9];
        paper[4] = 0;
        assert!(is_light(&paper, 3));
        paper.iter_mut().for_each(|byte| *byte = 255 - *byte);
        assert!(!is_light(&paper, 3));
    }

    #[test]
    fn ink_is_found() {
        let mut rgba = vec![0; 4 * 5 * 4];
        assert_eq!(Ink::of(&rgba, 5), None);
        for (x, y) in [(1, 1), (2, 1), (1, 2), (2, 2)] {
            rgba[4 * (y * 5 + x)] = 200;
        }
        let ink =
            Ink::of(&rgba, 5).map(|ink| [ink.left, ink.top, ink.right, ink.bottom, ink.x, ink.y]);
        assert_eq!(ink, Some([1.0, 1.0, 3.0, 3.0, 2.0, 2.0]));
    }
}
