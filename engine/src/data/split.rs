//! Splitting the images of a folder into those to train and those to test on.

use super::error::{DataError, Problem};
use crate::random::{Purpose, Stream};

/// Draws `test_share` of each class for the test set: a pure function of the seed, the class's
/// place and its number of images. Both splits get one image of a class at least.
///
/// Gives the images to train and to test on, by class.
///
/// # Errors
/// [`Problem::FewImages`] names a class of a single image.
pub(super) fn by_seed(
    classes: &[String],
    images: Vec<Vec<usize>>,
    test_share: f64,
    seed: u64,
) -> Result<[Vec<Vec<usize>>; 2], DataError> {
    let mut splits = [Vec::new(), Vec::new()];
    for (class, mut images) in images.into_iter().enumerate() {
        let found = images.len();
        if found < 2 {
            return Err(DataError::new(
                classes[class].clone(),
                Problem::FewImages { found },
            ));
        }
        Stream::new(seed, Purpose::Split, class).shuffle(&mut images);
        let tested = (found as f64 * test_share).round() as usize;
        splits[0].push(images.split_off(tested.clamp(1, found - 1)));
        splits[1].push(images);
    }
    Ok(splits)
}

/// The images with their labels, one of each class in turn: whoever takes the first images of a
/// split, as an attack does, gets every class alike.
pub(super) fn in_turn(classes: &[Vec<usize>]) -> Vec<(usize, u8)> {
    let longest = classes.iter().map(Vec::len).max().unwrap_or(0);
    let mut images = Vec::with_capacity(classes.iter().map(Vec::len).sum());
    for place in 0..longest {
        for (label, class) in classes.iter().enumerate() {
            if let Some(&image) = class.get(place) {
                images.push((image, label as u8));
            }
        }
    }
    images
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn split(sizes: &[usize], share: f64, seed: u64) -> [Vec<Vec<usize>>; 2] {
        let classes: Vec<String> = (0..sizes.len()).map(|class| class.to_string()).collect();
        let mut next = 0..;
        let images = sizes
            .iter()
            .map(|&size| next.by_ref().take(size).collect())
            .collect();
        by_seed(&classes, images, share, seed).unwrap()
    }

    #[test]
    fn each_class_gives_its_share_and_the_seed_decides_which() {
        let [train, test] = split(&[100, 10, 2], 0.2, 7);
        assert_eq!(test.iter().map(Vec::len).collect::<Vec<_>>(), [20, 2, 1]);
        let mut all: Vec<usize> = train.concat();
        all.extend(test.concat());
        all.sort_unstable();
        assert_eq!(all, (0..112).collect::<Vec<_>>());
        assert_eq!(split(&[100, 10, 2], 0.2, 7), [train, test.clone()]);
        assert_ne!(split(&[100, 10, 2], 0.2, 8)[1], test);
    }

    #[test]
    fn both_splits_get_one_image_of_a_class_at_least() {
        for share in [0.001, 0.999] {
            let [train, test] = split(&[3, 2], share, 1);
            assert!(train.iter().chain(&test).all(|class| !class.is_empty()));
        }
        let text = by_seed(&["cat".to_owned()], vec![vec![5]], 0.5, 1)
            .unwrap_err()
            .to_string();
        assert!(
            text.starts_with("cat: this class holds 1 image, but a split by seed needs at least 2")
                && text.contains("add images"),
            "{text}"
        );
    }

    #[test]
    fn classes_take_turns() {
        let turns = in_turn(&[vec![5, 6, 7], vec![1], vec![2, 3]]);
        assert_eq!(turns, [(5, 0), (1, 1), (2, 2), (6, 0), (3, 2), (7, 0)]);
    }
}
