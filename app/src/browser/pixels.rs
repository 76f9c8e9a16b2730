//! Images on canvases, one canvas pixel per image pixel: the style sheet enlarges them unsmoothed.

use wasm_bindgen::{Clamped, JsCast};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ImageData};

/// Draws an image of `[channels, height, width]` bytes, channels one after the other. One channel
/// is gray, three are red, green and blue. What does not fit together is not drawn.
pub fn draw(canvas: &HtmlCanvasElement, shape: [usize; 3], bytes: &[u8]) {
    let [_, height, width] = shape;
    let Some(rgba) = to_rgba(shape, bytes) else {
        return;
    };
    let (wide, high) = (width as u32, height as u32);
    let image = ImageData::new_with_u8_clamped_array_and_sh(Clamped(&rgba), wide, high);
    if let (Some(context), Ok(image)) = (context(canvas, [width, height]), image) {
        // Fails only for a canvas tainted by a foreign image, which this never is.
        let _ = context.put_image_data(&image, 0.0, 0.0);
    }
}

/// What draws on a canvas, once that has this width and height.
pub fn context(
    canvas: &HtmlCanvasElement,
    [width, height]: [usize; 2],
) -> Option<CanvasRenderingContext2d> {
    let (wide, high) = (width as u32, height as u32);
    if canvas.width() != wide || canvas.height() != high {
        canvas.set_width(wide);
        canvas.set_height(high);
    }
    let context = canvas.get_context("2d").ok().flatten()?;
    context.dyn_into().ok()
}

fn to_rgba([channels, height, width]: [usize; 3], bytes: &[u8]) -> Option<Vec<u8>> {
    let size = height * width;
    if bytes.len() != channels * size || size == 0 {
        return None;
    }
    let (green, blue) = match channels {
        1 => (0, 0),
        3 => (size, 2 * size),
        _ => return None,
    };
    let mut rgba = Vec::with_capacity(4 * size);
    for at in 0..size {
        rgba.extend([bytes[at], bytes[green + at], bytes[blue + at], 255]);
    }
    Some(rgba)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gray_and_colour_become_rgba() {
        assert_eq!(
            to_rgba([1, 1, 2], &[7, 9]),
            Some(vec![7, 7, 7, 255, 9, 9, 9, 255])
        );
        assert_eq!(
            to_rgba([3, 1, 2], &[1, 2, 3, 4, 5, 6]),
            Some(vec![1, 3, 5, 255, 2, 4, 6, 255])
        );
        assert_eq!(to_rgba([1, 1, 2], &[7]), None);
        assert_eq!(to_rgba([2, 1, 1], &[7, 8]), None);
    }
}
