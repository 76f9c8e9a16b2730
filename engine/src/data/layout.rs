//! Which image is of which class and split, by their paths alone.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{DataError, Problem};
use super::limits::MAX_CLASSES;

/// Images by class, as places in the list of names, in the order of their paths.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Class names, in the order of their bytes.
    pub classes: Vec<String>,
    /// Images to train on, by class; all images where there is no `test`.
    pub train: Vec<Vec<usize>>,
    /// Images to test on, by class, if they lie apart.
    pub test: Option<Vec<Vec<usize>>>,
}

/// Images by class name.
type Classes = BTreeMap<String, Vec<(String, usize)>>;

/// The folders that split a data set.
const SPLITS: [&str; 2] = ["train", "test"];

/// Finds the class folders: at the top, or in `train` and `test`, with or without further folders
/// around all of them. Images may lie in folders inside their class folder.
///
/// `images` are paths and their places; `folders` are paths of folders, which make empty ones known.
///
/// # Errors
/// [`DataError`] names the folder or image that does not fit.
pub(super) fn find(images: &[(&str, usize)], folders: &[&str]) -> Result<Layout, DataError> {
    let images: Vec<(Vec<&str>, usize)> = images
        .iter()
        .map(|&(path, place)| (parts(path), place))
        .collect();
    let folders: Vec<Vec<&str>> = folders.iter().map(|path| parts(path)).collect();
    let around = folders_around(&images, &folders);
    let outer = images.first().map_or(String::new(), |(path, _)| {
        path[..around]
            .iter()
            .map(|part| format!("{part}/"))
            .collect()
    });
    let inner: Vec<(&[&str], usize)> = images
        .iter()
        .map(|(path, place)| (&path[around..], *place))
        .collect();
    let folders: Vec<&[&str]> = folders
        .iter()
        .filter_map(|path| path.get(around..))
        .collect();

    if inner.iter().any(|(path, _)| split_of(path).is_some()) {
        split(&outer, &inner, &folders)
    } else {
        whole(&outer, &inner, &folders)
    }
}

/// How many folders lie around everything: a zip or a drop often has one.
fn folders_around(images: &[(Vec<&str>, usize)], folders: &[Vec<&str>]) -> usize {
    let mut around = 0;
    loop {
        let Some((first, _)) = images.first() else {
            return around;
        };
        let Some(&name) = first.get(around) else {
            return around;
        };
        let is_split = SPLITS.iter().any(|split| name.eq_ignore_ascii_case(split));
        let shared = images
            .iter()
            .all(|(path, _)| path.len() >= around + 3 && path[around] == name)
            && folders
                .iter()
                .all(|path| path.get(around).is_none_or(|&part| part == name));
        if is_split || !shared {
            return around;
        }
        around += 1;
    }
}

/// `train` or `test`, if the path is that of an image of a class in it.
fn split_of(path: &[&str]) -> Option<usize> {
    let name = path.first().filter(|_| path.len() >= 3)?;
    SPLITS
        .iter()
        .position(|split| name.eq_ignore_ascii_case(split))
}

/// Class folders in `train` and `test`.
fn split(
    outer: &str,
    images: &[(&[&str], usize)],
    folders: &[&[&str]],
) -> Result<Layout, DataError> {
    let mut splits = [Classes::new(), Classes::new()];
    for (path, place) in images {
        let Some(split) = split_of(path) else {
            let Some(first) = path.first() else {
                return Err(DataError::new(
                    "an image whose name is nothing but slashes",
                    Problem::NoClass {
                        example: "train/cat/1.png",
                    },
                ));
            };
            let beside = !SPLITS.iter().any(|name| first.eq_ignore_ascii_case(name));
            let problem = if beside {
                Problem::Beside
            } else {
                Problem::NoClass {
                    example: "train/cat/1.png",
                }
            };
            return Err(DataError::new(
                format!("{outer}{}", path.join("/")),
                problem,
            ));
        };
        add(&mut splits[split], &path[1..], *place);
    }
    for (split, name) in SPLITS.iter().enumerate() {
        let inside: Vec<&[&str]> = folders
            .iter()
            .filter(|path| {
                path.first()
                    .is_some_and(|part| part.eq_ignore_ascii_case(name))
            })
            .map(|path| &path[1..])
            .collect();
        none_empty(&format!("{outer}{name}/"), &splits[split], &inside)?;
    }
    for (here, there) in [(0, 1), (1, 0)] {
        if splits[here].is_empty() {
            return Err(DataError::new(
                format!("{outer}{}", SPLITS[here]),
                Problem::OneSplit {
                    there: SPLITS[there],
                },
            ));
        }
        if let Some(odd) = splits[there]
            .keys()
            .find(|&class| !splits[here].contains_key(class))
        {
            return Err(DataError::new(
                format!("{outer}{}/{odd}", SPLITS[here]),
                Problem::OddClass {
                    there: format!("{}/{odd}", SPLITS[there]),
                },
            ));
        }
    }
    let classes: Vec<String> = splits[0].keys().cloned().collect();
    check_number(outer, &classes)?;
    let [train, test] = splits.map(in_order);
    Ok(Layout {
        classes,
        train,
        test: Some(test),
    })
}

/// Class folders that are still to be split.
fn whole(
    outer: &str,
    images: &[(&[&str], usize)],
    folders: &[&[&str]],
) -> Result<Layout, DataError> {
    let mut found = Classes::new();
    for (path, place) in images {
        if path.len() < 2 {
            return Err(DataError::new(
                format!("{outer}{}", path.join("/")),
                Problem::NoClass {
                    example: "cat/1.png",
                },
            ));
        }
        add(&mut found, path, *place);
    }
    none_empty(outer, &found, folders)?;
    let classes: Vec<String> = found.keys().cloned().collect();
    check_number(outer, &classes)?;
    Ok(Layout {
        classes,
        train: in_order(found),
        test: None,
    })
}

fn add(classes: &mut Classes, path: &[&str], place: usize) {
    classes
        .entry(path[0].to_owned())
        .or_default()
        .push((path[1..].join("/"), place));
}

/// Every folder where class folders are is one of a class with images.
fn none_empty(outer: &str, classes: &Classes, folders: &[&[&str]]) -> Result<(), DataError> {
    let named: BTreeSet<&str> = folders
        .iter()
        .filter_map(|path| path.first().copied())
        .collect();
    match named.into_iter().find(|&name| !classes.contains_key(name)) {
        Some(empty) => Err(DataError::new(
            format!("{outer}{empty}"),
            Problem::EmptyClass,
        )),
        None => Ok(()),
    }
}

fn check_number(outer: &str, classes: &[String]) -> Result<(), DataError> {
    match classes {
        [only] => Err(DataError::new(format!("{outer}{only}"), Problem::OneClass)),
        _ if classes.len() > MAX_CLASSES => Err(DataError::new(
            if outer.is_empty() {
                "the images"
            } else {
                outer
            },
            Problem::ManyClasses {
                found: classes.len(),
            },
        )),
        _ => Ok(()),
    }
}

/// The images by class, in the order of their paths: a folder lists them in any order.
fn in_order(classes: Classes) -> Vec<Vec<usize>> {
    classes
        .into_values()
        .map(|mut images| {
            images.sort();
            images.into_iter().map(|(_, place)| place).collect()
        })
        .collect()
}

fn parts(path: &str) -> Vec<&str> {
    path.split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn find(images: &[&str], folders: &[&str]) -> Result<Layout, DataError> {
        let images: Vec<(&str, usize)> = images
            .iter()
            .enumerate()
            .map(|(place, &path)| (path, place))
            .collect();
        super::find(&images, folders)
    }

    fn error(images: &[&str], folders: &[&str]) -> String {
        find(images, folders).unwrap_err().to_string()
    }

    #[test]
    fn classes_and_images_are_in_the_order_of_their_names() {
        let layout = find(
            &["b/2.png", "a/x/1.png", "b/1.png", "a/0.png"],
            &["a/", "b/"],
        )
        .unwrap();
        assert_eq!(layout.classes, ["a", "b"]);
        assert_eq!(layout.train, [vec![3, 1], vec![2, 0]]);
        assert_eq!(layout.test, None);
    }

    #[test]
    fn train_and_test_are_found_with_folders_around_them() {
        for around in ["", "set/", "one/two/"] {
            let images = ["train/a/1", "test/b/1", "train/b/1", "test/a/1"]
                .map(|path| format!("{around}{path}"));
            let folder = format!("{around}train/a/");
            let layout = find(&images.each_ref().map(String::as_str), &[&folder]).unwrap();
            assert_eq!(layout.classes, ["a", "b"]);
            assert_eq!(layout.train, [vec![0], vec![2]]);
            assert_eq!(layout.test.unwrap(), [vec![3], vec![1]]);
        }
        let layout = find(&["set/a/1", "set/b/1"], &["set/"]).unwrap();
        assert_eq!(layout.classes, ["a", "b"]);
        // Vehicles: a class may be called train.
        let layout = find(&["train/1", "car/1"], &[]).unwrap();
        assert_eq!((layout.classes.len(), layout.test), (2, None));
    }

    #[test]
    fn empty_classes_are_named() {
        let text = error(&["a/1", "b/1"], &["a/", "b/", "c/"]);
        assert!(
            text.starts_with("c: this class folder holds no images: put PNG"),
            "{text}"
        );
        let text = error(
            &["s/train/a/1", "s/train/b/1", "s/test/a/1", "s/test/b/1"],
            &["s/", "s/train/", "s/train/c/"],
        );
        assert!(
            text.starts_with("s/train/c: this class folder holds no"),
            "{text}"
        );
        let text = error(&["set/a/1", "set/b/1"], &["other/"]);
        assert!(
            text.starts_with("other: this class folder holds no"),
            "{text}"
        );
    }

    #[test]
    fn images_and_folders_that_do_not_fit_are_named() {
        let text = error(&["a/1", "b/1", "2.png"], &[]);
        assert!(
            text.starts_with("2.png: lies in no class folder: move it into one, as in cat/1.png"),
            "{text}"
        );
        let text = error(&["train/a/1", "test/a/1", "train/3.png"], &[]);
        assert!(
            text.starts_with("train/3.png: lies in no class folder")
                && text.contains("train/cat/1.png"),
            "{text}"
        );
        let text = error(&["train/a/1", "test/a/1", "/"], &[]);
        assert!(text.starts_with("an image whose name is nothing"), "{text}");
        let text = error(&["train/a/1", "test/a/1", "val/a/1"], &[]);
        assert!(
            text.starts_with("val/a/1: lies beside `train` and `test`"),
            "{text}"
        );
        let text = error(&["train/a/1", "train/b/1"], &[]);
        assert!(
            text.starts_with("test: this folder is missing, but there is train: add it, or give"),
            "{text}"
        );
        let text = error(&["train/a/1", "train/b/1", "test/a/1"], &[]);
        assert!(
            text.starts_with("test/b: this class folder is missing, but there is train/b"),
            "{text}"
        );
        let text = error(&["train/a/1", "test/b/1", "test/a/1"], &[]);
        assert!(
            text.starts_with("train/b: this class folder is missing"),
            "{text}"
        );
        let text = error(&["set/a/1", "set/a/2"], &[]);
        assert!(
            text.starts_with("set/a: is the only class folder"),
            "{text}"
        );
        let many: Vec<String> = (0..257).map(|class| format!("{class}/1")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(error(&many, &[]).contains("257 class folders, but at most 256"));
        assert_eq!(find(&many[..256], &[]).unwrap().classes.len(), 256);
    }
}
