//! Sheets that a GPU drew in the worker: bitmaps that the page's canvases show without a byte going through it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use js_sys::{Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlCanvasElement, ImageBitmap};

use crate::browser::{js, pixels};

/// Which of an image's two pictures on a sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// The image under attack.
    Attacked,
    /// The perturbation.
    Change,
}

#[derive(Default)]
struct Kept {
    count: u32,
    sheets: BTreeMap<u32, ImageBitmap>,
}

thread_local! {
    static KEPT: RefCell<Kept> = RefCell::default();
}

/// Keeps a sheet and gives back its number on this page.
pub fn keep(sheet: ImageBitmap) -> u32 {
    KEPT.with_borrow_mut(|kept| {
        kept.count += 1;
        kept.sheets.insert(kept.count, sheet);
        kept.count
    })
}

/// Lets go of all sheets up to the `newest` that is on show but these. Later ones wait for their turn.
pub fn tidy(newest: u32, numbers: &[u32]) {
    KEPT.with_borrow_mut(|kept| {
        kept.sheets.retain(|number, sheet| {
            let is_kept = *number > newest || numbers.contains(number);
            if !is_kept {
                // Its memory is the GPU's: no waiting for the collector.
                sheet.close();
            }
            is_kept
        });
    });
}

/// Draws one picture of a sheet of images of `shape`. A sheet that is gone is not drawn.
pub fn draw(canvas: &HtmlCanvasElement, number: u32, shape: [usize; 3], image: usize, row: Row) {
    let [_, height, width] = shape;
    let Some(context) = pixels::context(canvas, [width, height]) else {
        return;
    };
    let (wide, high) = (width as f64, height as f64);
    let top = if row == Row::Attacked { 0.0 } else { high };
    KEPT.with_borrow(|kept| {
        if let Some(sheet) = kept.sheets.get(&number) {
            // Fails only for a sheet that was let go.
            let _ = context.draw_image_with_image_bitmap_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
                sheet,
                wide * image as f64,
                top,
                wide,
                high,
                0.0,
                0.0,
                wide,
                high,
            );
        }
    });
}

/// One picture of a sheet as bytes `[channels, height, width]`, read from the GPU; none if it is gone.
pub fn read(number: u32, shape: [usize; 3], image: usize, row: Row) -> Option<Vec<u8>> {
    let [channels, height, width] = shape;
    let canvas = leptos::prelude::document().create_element("canvas").ok()?;
    let canvas: HtmlCanvasElement = canvas.dyn_into().ok()?;
    if !KEPT.with_borrow(|kept| kept.sheets.contains_key(&number)) {
        return None;
    }
    draw(&canvas, number, shape, image, row);
    let context = pixels::context(&canvas, [width, height])?;
    let seen = context.get_image_data(0.0, 0.0, width as f64, height as f64);
    let rgba = seen.ok()?.data().0;
    let plane = |channel: usize| rgba.iter().copied().skip(channel).step_by(4);
    Some((0..channels).flat_map(plane).collect())
}

/// Takes the sheet out of a message that it came with, so that what is left is the event alone.
pub fn take_out(message: &JsValue, name: &str) -> Option<ImageBitmap> {
    let sheet = js::get(message, name).dyn_into().ok()?;
    if let Some(message) = message.dyn_ref::<Object>() {
        // The message is a copy of this page's own; nothing in it is locked.
        let _ = Reflect::delete_property(message, &name.into());
    }
    Some(sheet)
}
