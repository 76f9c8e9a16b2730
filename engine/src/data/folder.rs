//! Pictures in class folders.

use super::error::{DataError, Problem};
use super::layout::{self, Layout};
use super::limits::{MAX_PICTURE_FILE, MAX_PIXELS};
use super::source::Source;
use super::{Dataset, Progress, ReadOptions, Split, picture, split};
use crate::config::DataKind;

/// Reads the pictures at these places of `source`; `folders` are paths that make empty class folders
/// known. One encoded picture is in memory at a time.
///
/// # Errors
/// [`DataError`] names the folder or the picture and what is wrong with it.
pub(super) fn read(
    source: &mut dyn Source,
    images: &[(&str, usize)],
    folders: &[&str],
    options: &ReadOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Dataset, DataError> {
    let Layout {
        classes,
        train,
        test,
    } = layout::find(images, folders)?;
    let split_seed = test.is_none().then_some(options.seed);
    let [train, test] = match test {
        Some(test) => [train, test],
        None => split::by_seed(&classes, train, options.test_share, options.seed)?,
    };
    let [train, test] = [train, test].map(|classes| split::in_turn(&classes));

    let size = options.image_size;
    check_memory((train.len() + test.len()) as u64, size as u64, MAX_PIXELS)?;
    let mut loader = Loader {
        source,
        size,
        done: 0,
        total: train.len() + test.len(),
        progress,
    };
    let train = loader.load(&train)?;
    let test = loader.load(&test)?;
    Ok(Dataset {
        kind: DataKind::Folder,
        name: DataKind::Folder.title().to_owned(),
        image_shape: [3, size, size],
        classes,
        train,
        test,
        split_seed,
    })
}

fn check_memory(images: u64, size: u64, limit: u64) -> Result<(), DataError> {
    let image_len = 3 * size * size;
    let bytes = images.saturating_mul(image_len);
    if bytes <= limit {
        return Ok(());
    }
    Err(DataError::new(
        "the images",
        Problem::Memory {
            images,
            image_len,
            bytes,
            limit,
        },
    ))
}

struct Loader<'a> {
    source: &'a mut dyn Source,
    size: usize,
    done: usize,
    total: usize,
    progress: &'a mut dyn FnMut(Progress),
}

impl Loader<'_> {
    fn load(&mut self, images: &[(usize, u8)]) -> Result<Split, DataError> {
        let image_len = 3 * self.size * self.size;
        let mut pixels = Vec::new();
        if pixels.try_reserve_exact(images.len() * image_len).is_err() {
            let problem = Problem::NoMemory {
                bytes: (images.len() * image_len) as u64,
            };
            return Err(DataError::new("the images", problem));
        }
        for &(place, _) in images {
            let bytes = self.source.read(place, MAX_PICTURE_FILE)?;
            picture::append(&bytes, self.size as u32, &mut pixels)
                .map_err(|problem| DataError::new(self.source.label(place), problem))?;
            self.done += 1;
            (self.progress)(Progress {
                done: self.done,
                total: self.total,
            });
        }
        Ok(Split {
            pixels,
            labels: images.iter().map(|&(_, label)| label).collect(),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn more_pixels_than_fit_are_refused_before_any_is_read() {
        check_memory(1000, 32, 3 * 1024 * 1000).unwrap();
        let text = check_memory(1001, 32, 3 * 1024 * 1000)
            .unwrap_err()
            .to_string();
        assert!(
            text.starts_with("the images: 1001 images of 3072 bytes are 3075072 bytes")
                && text.contains("use fewer images or a smaller image size"),
            "{text}"
        );
    }
}
