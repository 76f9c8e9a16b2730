//! One PNG, JPEG or WebP picture, brought to a square of RGB.

use std::io::Cursor;

use image::imageops::{self, FilterType};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};

use super::error::Problem;
use super::limits::{MAX_PICTURE_MEMORY, MAX_PICTURE_PIXELS, MAX_PICTURE_SIDE};

/// Decodes a picture and appends its planes to `out`: row-major `[3, size, size]`, 0 to 255.
///
/// The picture is turned as its EXIF orientation says, cut to its middle square and resampled to
/// `size` with a triangle filter, which averages where it makes smaller; a picture that has this
/// size already keeps its pixels. Grey becomes three equal channels, 16 bits become 8, and what is
/// transparent is laid onto white, as most viewers show it. Of an animation it is the first frame.
///
/// # Errors
/// [`Problem::NotImage`], [`Problem::Picture`], or [`Problem::PictureSize`], which is found before
/// anything is decoded.
pub(super) fn append(bytes: &[u8], size: u32, out: &mut Vec<u8>) -> Result<(), Problem> {
    let square = square(bytes, size)?;
    for channel in 0..3 {
        out.extend(square.pixels().map(|pixel| pixel.0[channel]));
    }
    Ok(())
}

fn square(bytes: &[u8], size: u32) -> Result<RgbImage, Problem> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    match reader.format() {
        Some(ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP) => {}
        _ => return Err(Problem::NotImage),
    }
    let undecodable = |error: image::ImageError| Problem::Picture(error.to_string());
    let mut decoder = reader.into_decoder().map_err(undecodable)?;
    let (width, height) = decoder.dimensions();
    if width.max(height) > MAX_PICTURE_SIDE
        || u64::from(width) * u64::from(height) > MAX_PICTURE_PIXELS
    {
        return Err(Problem::PictureSize { width, height });
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_PICTURE_MEMORY);
    decoder.set_limits(limits).map_err(undecodable)?;
    // Damaged EXIF is no reason to refuse pixels.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(undecodable)?;
    picture.apply_orientation(orientation);

    // Cut before resampling: the result is that of the other order but for the outermost pixels,
    // and a picture of 1 x 16,384 does not become one of 512 x 8,388,608 on the way.
    let side = picture.width().min(picture.height());
    let (left, top) = ((picture.width() - side) / 2, (picture.height() - side) / 2);
    let middle = on_white(picture.crop_imm(left, top, side, side));
    if side == size {
        return Ok(middle);
    }
    Ok(imageops::resize(&middle, size, size, FilterType::Triangle))
}

/// RGB, with what is transparent laid onto white.
fn on_white(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let picture = picture.into_rgba8();
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0.map(u32::from);
        let over = |value: u32| ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        image::Rgb([over(red), over(green), over(blue)])
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use image::{GrayImage, Luma, Rgb, Rgba, RgbaImage};

    use super::*;
    use crate::data::made::{encoded, png, png_header};

    fn planes(bytes: &[u8], size: u32) -> Vec<u8> {
        let mut out = Vec::new();
        append(bytes, size, &mut out).unwrap();
        assert_eq!(out.len(), 3 * (size * size) as usize);
        out
    }

    fn error(bytes: &[u8]) -> String {
        append(bytes, 8, &mut Vec::new()).unwrap_err().to_string()
    }

    /// 4 x 4: red the column, green the row, blue 9.
    fn ramp() -> RgbImage {
        RgbImage::from_fn(4, 4, |x, y| Rgb([x as u8, y as u8, 9]))
    }

    fn png_of(picture: impl Into<DynamicImage>) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture
            .into()
            .write_to(&mut bytes, ImageFormat::Png)
            .unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_picture_of_the_right_size_keeps_its_pixels_as_planes() {
        for format in [ImageFormat::Png, ImageFormat::WebP] {
            let planes = planes(&encoded(&ramp(), format), 4);
            assert_eq!(planes[..5], [0, 1, 2, 3, 0], "{format:?}");
            assert_eq!(planes[16..21], [0, 0, 0, 0, 1]);
            assert_eq!(planes[32..], [9; 16]);
        }
        let jpeg = planes(
            &encoded(
                &RgbImage::from_pixel(8, 8, Rgb([200, 30, 40])),
                ImageFormat::Jpeg,
            ),
            8,
        );
        for (plane, wanted) in [(0, 200), (1, 30), (2, 40)] {
            let value = i32::from(jpeg[plane * 64 + 20]);
            assert!((value - wanted).abs() < 6, "{plane}: {value}");
        }
    }

    #[test]
    fn the_middle_square_is_kept_and_averaged() {
        // 8 x 4: red left and right, blue in the middle square.
        let wide = RgbImage::from_fn(8, 4, |x, _| {
            if (2..6).contains(&x) {
                Rgb([0, 0, 255])
            } else {
                Rgb([255, 0, 0])
            }
        });
        let planes_ = planes(&png_of(wide), 2);
        assert_eq!(planes_, [[0; 4], [0; 4], [255; 4]].concat());
        let tall = RgbImage::from_fn(3, 9, |_, y| {
            Rgb([if (3..6).contains(&y) { 10 } else { 99 }; 3])
        });
        assert_eq!(planes(&png_of(tall), 3), [10; 27]);
        // A chessboard averages to grey, and enlarging keeps a flat colour.
        let board = RgbImage::from_fn(64, 64, |x, y| {
            Rgb([if (x + y) % 2 == 0 { 255 } else { 0 }; 3])
        });
        for value in planes(&png_of(board), 4) {
            assert!((126..=129).contains(&value), "{value}");
        }
        assert_eq!(planes(&png(3, 3, [7, 7, 7]), 50), [7; 7500]);
        // As narrow as can be, and still no large picture on the way.
        planes(&png(1, 16_384, [1, 2, 3]), 512);
    }

    #[test]
    fn grey_and_transparent_pictures_become_rgb() {
        assert_eq!(
            planes(&png_of(GrayImage::from_pixel(2, 2, Luma([77]))), 2),
            [77; 12]
        );
        let clear = RgbaImage::from_fn(2, 1, |x, _| Rgba([0, 0, 0, if x == 0 { 0 } else { 51 }]));
        let clear = imageops::resize(&clear, 2, 2, FilterType::Nearest);
        assert_eq!(planes(&png_of(clear), 2)[..4], [255, 204, 255, 204]);
    }

    #[test]
    fn the_exif_orientation_is_applied() {
        let plain = encoded(
            &RgbImage::from_fn(16, 16, |x, _| Rgb([if x < 8 { 250 } else { 5 }; 3])),
            ImageFormat::Jpeg,
        );
        // Orientation 6: to be turned a quarter clockwise, so left becomes top.
        let mut exif =
            b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
        let mut turned = vec![0xff, 0xd8, 0xff, 0xe1];
        turned.extend((exif.len() as u16 + 2).to_be_bytes());
        turned.append(&mut exif);
        turned.extend(&plain[2..]);
        let (plain, turned) = (planes(&plain, 16), planes(&turned, 16));
        assert!(plain[8 * 16 + 2] > 200 && plain[8 * 16 + 13] < 50);
        assert!(turned[2 * 16 + 8] > 200 && turned[13 * 16 + 8] < 50);
    }

    #[test]
    fn pictures_that_cannot_be_used_are_refused() {
        assert!(error(b"GIF89a and so on").contains("no PNG, JPEG or WebP image: convert it"));
        assert!(error(b"").contains("no PNG, JPEG or WebP"));
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let whole = encoded(
                &RgbImage::from_fn(40, 40, |x, y| Rgb([(x * y) as u8, x as u8, y as u8])),
                format,
            );
            for length in [16, 30, whole.len() / 4] {
                let text = error(&whole[..length]);
                assert!(
                    text.contains("cannot be decoded") && text.contains("save it again"),
                    "{format:?} {length}: {text}"
                );
            }
        }
    }

    #[test]
    fn a_picture_of_40_000_pixels_is_refused_by_its_header() {
        for (width, height) in [(40_000, 40_000), (40_000, 1), (1, 40_000), (9_000, 9_000)] {
            let text = error(&png_header(width, height));
            assert!(
                text.contains(&format!(
                    "is {width} x {height} pixels, but at most 16384 a side"
                )) && text.contains("make it smaller or take it away"),
                "{text}"
            );
        }
    }
}
