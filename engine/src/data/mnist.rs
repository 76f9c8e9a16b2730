//! MNIST (LeCun, Cortes and Burges) and Fashion-MNIST (Xiao, Rasul and Vollgraf), which is
//! published in the same four files.

use super::error::{DataError, Problem};
use super::{Dataset, Split, idx};
use crate::config::DataKind;

/// Names of the four files, in the order that [`parse`] takes their contents. Both data sets use
/// them.
pub const FILES: [&str; 4] = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
];

/// Classes of each of the two.
const CLASSES: usize = 10;

/// Classes of Fashion-MNIST, by label.
const FASHION: [&str; CLASSES] = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
];

/// Images of a file: the training files of both data sets are that long.
const MAX_COUNT: u32 = 60_000;

/// What the image files hold.
const WANTED: idx::Wanted = idx::Wanted {
    height: 28,
    width: 28,
    max_count: MAX_COUNT,
};

/// The first training labels of MNIST and of Fashion-MNIST, by which the two are told apart.
const FIRST_LABELS: [(DataKind, [u8; 16]); 2] = [
    (
        DataKind::Mnist,
        [5, 0, 4, 1, 9, 2, 1, 3, 1, 4, 3, 5, 3, 6, 1, 7],
    ),
    (
        DataKind::FashionMnist,
        [9, 0, 0, 3, 0, 2, 7, 2, 5, 5, 0, 9, 5, 5, 7, 9],
    ),
];

/// Reads the contents of MNIST's four [`FILES`], in their order, each gzipped or plain.
///
/// # Errors
/// [`DataError`] names the file and what is wrong with it.
pub fn parse(files: [&[u8]; 4]) -> Result<Dataset, DataError> {
    parse_as(Some(DataKind::Mnist), FILES, files)
}

/// Reads four files in the order of [`FILES`], each gzipped or plain, which errors call `names`.
///
/// Without a `kind` they are MNIST, unless their labels are those of Fashion-MNIST.
///
/// # Errors
/// [`DataError`] names the file and what is wrong with it; also if they are known to be the other
/// data set than `kind`.
pub fn parse_as(
    kind: Option<DataKind>,
    names: [&str; 4],
    files: [&[u8]; 4],
) -> Result<Dataset, DataError> {
    let train = split([names[0], names[1]], [files[0], files[1]])?;
    let test = split([names[2], names[3]], [files[2], files[3]])?;
    let seen = FIRST_LABELS
        .iter()
        .find(|(_, labels)| train.labels.starts_with(labels))
        .map(|&(kind, _)| kind);
    let kind = match (kind, seen) {
        (Some(wanted), Some(found)) if wanted != found => {
            return Err(DataError::new(
                names[1],
                Problem::OtherKind {
                    found: found.title(),
                    wanted: wanted.title(),
                },
            ));
        }
        (kind, seen) => kind.or(seen).unwrap_or(DataKind::Mnist),
    };
    Ok(Dataset {
        split_seed: None,
        kind,
        name: kind.title().to_owned(),
        image_shape: [1, 28, 28],
        classes: classes(kind),
        train,
        test,
    })
}

/// Names of the classes of either.
pub(super) fn classes(kind: DataKind) -> Vec<String> {
    match kind {
        DataKind::FashionMnist => FASHION.map(str::to_owned).to_vec(),
        _ => (0..CLASSES).map(|digit| digit.to_string()).collect(),
    }
}

fn split(names: [&str; 2], files: [&[u8]; 2]) -> Result<Split, DataError> {
    let [images_file, labels_file] = names;
    let images = idx::read_images(images_file, files[0], WANTED)?;
    let labels = idx::read_labels(labels_file, files[1], MAX_COUNT)?;
    if images.count != labels.len() {
        return Err(DataError::new(
            images_file,
            Problem::Counts {
                images: images.count,
                labels_file: labels_file.to_owned(),
                labels: labels.len(),
            },
        ));
    }
    if let Some(index) = labels.iter().position(|&label| label as usize >= CLASSES) {
        return Err(DataError::new(
            labels_file,
            Problem::Label {
                index,
                label: labels[index],
                last: CLASSES - 1,
            },
        ));
    }
    Ok(Split {
        pixels: images.pixels,
        labels,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::data::made::idx;

    fn real(file: &str) -> Vec<u8> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/mnist");
        std::fs::read(format!("{folder}/{file}")).unwrap()
    }

    #[test]
    fn the_real_files_hold_what_is_published_of_them() {
        let files = FILES.map(real);
        let contents = [&files[0], &files[1], &files[2], &files[3]].map(Vec::as_slice);
        let data = parse(contents).unwrap();
        assert_eq!((data.train.len(), data.test.len()), (60_000, 10_000));
        assert_eq!(data.train.pixels.len(), 60_000 * 784);
        assert_eq!(data.train.labels[..5], [5, 0, 4, 1, 9]);
        assert_eq!(data.test.labels[..5], [7, 2, 1, 0, 4]);
        // Mean and standard deviation as everybody quotes them.
        let info = data.info();
        assert!((info.mean[0] - 0.1307).abs() < 5e-5, "{:?}", info.mean);
        assert!(
            (info.deviation[0] - 0.3081).abs() < 5e-5,
            "{:?}",
            info.deviation
        );

        // They are known, so that they are not trained on as pieces of clothing.
        assert_eq!(
            parse_as(None, FILES, contents).unwrap().kind,
            DataKind::Mnist
        );
        let text = parse_as(Some(DataKind::FashionMnist), FILES, contents)
            .unwrap_err()
            .to_string();
        assert!(
            text.starts_with(FILES[1]) && text.contains("is MNIST, but Fashion-MNIST was asked"),
            "{text}"
        );
    }

    #[test]
    fn fashion_mnist_is_known_by_its_labels_or_by_being_asked_for() {
        let labels = FIRST_LABELS[1].1;
        let images = idx(&[16, 28, 28], &[9; 16 * 784]);
        let known = idx(&[16], &labels);
        let unknown = idx(&[16], &[1; 16]);
        let read = |kind, labels: &[u8]| {
            parse_as(kind, FILES, [&images, labels, &images, labels]).unwrap()
        };
        let data = read(None, &known);
        assert_eq!(data.kind, DataKind::FashionMnist);
        assert_eq!(data.name, "Fashion-MNIST");
        assert_eq!(data.classes[9], "Ankle boot");
        assert_eq!(
            read(Some(DataKind::FashionMnist), &unknown).classes.len(),
            10
        );
        assert_eq!(read(None, &unknown).classes[9], "9");
    }

    #[test]
    fn files_that_do_not_belong_together_are_named() {
        let images = idx(&[2, 28, 28], &[0; 2 * 784]);
        let labels = idx(&[2], &[3, 9]);
        parse([&images, &labels, &images, &labels]).unwrap();
        let error = |files: [&[u8]; 4]| parse(files).unwrap_err().to_string();

        let three = idx(&[3], &[1, 2, 3]);
        let text = error([&images, &labels, &images, &three]);
        assert!(
            text.starts_with(FILES[2])
                && text.contains("3 labels")
                && text.contains("take both from one data set"),
            "{text}"
        );
        let ten = idx(&[2], &[1, 10]);
        let text = error([&images, &ten, &images, &labels]);
        assert!(
            text.starts_with(FILES[1])
                && text.contains("label 1 is 10")
                && text.contains("fetch the file again"),
            "{text}"
        );
        let small = idx(&[2, 14, 56], &[0; 2 * 784]);
        let text = error([&small, &labels, &images, &labels]);
        assert!(
            text.starts_with(FILES[0]) && text.contains("14 x 56") && text.contains("28 x 28"),
            "{text}"
        );
        let text = error([&labels, &labels, &images, &labels]);
        assert!(
            text.starts_with(FILES[0]) && text.contains("not an IDX file of images"),
            "{text}"
        );
    }
}
