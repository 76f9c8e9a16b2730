//! A contact sheet: the first images of each class, as one picture.

use std::io::Cursor;

use image::{ImageError, ImageFormat, Rgb, RgbImage};

use super::Dataset;

/// Images of a class.
pub const COLUMNS: usize = 10;

/// Classes at most, from the first on.
pub const MAX_ROWS: usize = 20;

/// Sides of a cell, in pixels: small images are enlarged to the smaller at least, by a whole
/// factor, and large ones are brought to the larger.
const CELL: [usize; 2] = [64, 128];

/// Pixels between cells and around them.
const GAP: usize = 2;

/// What lies between cells, and in cells without an image.
const BACKGROUND: Rgb<u8> = Rgb([40, 40, 40]);

/// The first [`COLUMNS`] training images of each class as a PNG, one class a row and [`MAX_ROWS`]
/// rows at most, by nearest neighbour.
///
/// # Errors
/// If the PNG cannot be written, which no data set causes.
pub fn contact_sheet(data: &Dataset) -> Result<Vec<u8>, ImageError> {
    let rows = data.classes.len().min(MAX_ROWS);
    let [_, height, width] = data.image_shape;
    let [cell_height, cell_width] = [height, width].map(cell);
    let mut sheet = RgbImage::from_pixel(
        (GAP + COLUMNS * (cell_width + GAP)) as u32,
        (GAP + rows * (cell_height + GAP)) as u32,
        BACKGROUND,
    );
    let mut columns = vec![0; rows];
    for (image, &label) in data.train.labels.iter().enumerate() {
        let row = usize::from(label);
        let Some(column) = columns.get_mut(row).filter(|column| **column < COLUMNS) else {
            continue;
        };
        let left = GAP + *column * (cell_width + GAP);
        let top = GAP + row * (cell_height + GAP);
        *column += 1;
        for y in 0..cell_height {
            for x in 0..cell_width {
                let pixel = pixel(
                    data,
                    image,
                    y * height / cell_height,
                    x * width / cell_width,
                );
                sheet.put_pixel((left + x) as u32, (top + y) as u32, pixel);
            }
        }
        if columns.iter().all(|&column| column == COLUMNS) {
            break;
        }
    }
    let mut png = Cursor::new(Vec::new());
    sheet.write_to(&mut png, ImageFormat::Png)?;
    Ok(png.into_inner())
}

/// The side of a cell for images of this side.
fn cell(side: usize) -> usize {
    let [least, most] = CELL;
    (side * least.div_ceil(side.max(1))).min(most)
}

fn pixel(data: &Dataset, image: usize, y: usize, x: usize) -> Rgb<u8> {
    let [channels, height, width] = data.image_shape;
    let first = image * data.image_len() + y * width + x;
    // Grey has one plane for all three colours.
    let plane = |colour: usize| colour.min(channels - 1) * height * width;
    Rgb([0, 1, 2].map(|colour| data.train.pixels[first + plane(colour)]))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::DataKind;
    use crate::data::Split;

    fn sheet(shape: [usize; 3], classes: usize, pixels: Vec<u8>, labels: Vec<u8>) -> RgbImage {
        let data = Dataset {
            split_seed: None,
            kind: DataKind::Folder,
            name: String::new(),
            image_shape: shape,
            classes: vec![String::new(); classes],
            train: Split { pixels, labels },
            test: Split {
                pixels: Vec::new(),
                labels: Vec::new(),
            },
        };
        let png = contact_sheet(&data).unwrap();
        image::load_from_memory(&png).unwrap().into_rgb8()
    }

    #[test]
    fn classes_are_rows_and_images_are_enlarged() {
        // 2 x 1 pixels: red | green of class 1, then blue | white of class 0.
        let first = [255, 0, 0, 255, 0, 0];
        let second = [0, 255, 0, 255, 255, 255];
        let sheet = sheet([3, 1, 2], 2, [first, second].concat(), vec![1, 0]);
        assert_eq!(sheet.dimensions(), (2 + 10 * 66, 2 + 2 * 66));
        let at = |x, y| sheet.get_pixel(x, y).0;
        assert_eq!(at(2 + 10, 2 + 10), [0, 0, 255]);
        assert_eq!(at(2 + 40, 2 + 10), [255, 255, 255]);
        assert_eq!(at(2 + 31, 68 + 63), [255, 0, 0]);
        assert_eq!(at(2 + 32, 68), [0, 255, 0]);
        assert_eq!(at(2 + 66 + 5, 68 + 5), BACKGROUND.0, "no second image");
    }

    #[test]
    fn large_images_and_many_classes_stay_small() {
        assert_eq!(
            [4, 28, 32, 64, 100, 512].map(cell),
            [64, 84, 64, 64, 100, 128]
        );
        let grey = sheet([1, 1, 1], 100, vec![9; 40], (0..40).collect());
        assert_eq!(grey.dimensions(), (662, 2 + 20 * 66));
        assert_eq!(grey.get_pixel(3, 2 + 19 * 66).0, [9, 9, 9]);
    }
}
