//! A loaded data set in words.

use squeeze_engine::event::DataReport;

use crate::format::count;

/// Class names that are written out; more of them are counted.
const MOST_NAMES: usize = 10;

/// How many images of which form.
pub fn images(report: &DataReport) -> String {
    let [channels, height, width] = report.image_shape;
    let colour = if channels == 1 { "grey" } else { "colour" };
    format!(
        "{} training and {} test images, {width} × {height} pixels, {colour}.",
        count(report.train_images),
        count(report.test_images)
    )
}

/// How many test images there are to choose from.
pub fn test_images(report: &DataReport) -> String {
    match report.test_images {
        0 => "None are loaded.".to_owned(),
        images => format!("There are {}.", count(images)),
    }
}

/// The classes.
pub fn classes(report: &DataReport) -> String {
    let names = &report.classes;
    let shown = names.len().min(MOST_NAMES);
    let list = names.get(..shown).unwrap_or_default().join(", ");
    let more = match names.len() - shown {
        0 => ".".to_owned(),
        more => format!(" and {} more.", count(more)),
    };
    format!("{} classes: {list}{more}", count(names.len()))
}

#[cfg(test)]
mod tests {
    use squeeze_engine::config::DataKind;

    use super::*;

    #[test]
    fn a_data_set_is_told_in_two_sentences() {
        let mut report = DataReport {
            kind: DataKind::Folder,
            name: "pets".to_owned(),
            train_images: 1200,
            test_images: 300,
            image_shape: [3, 32, 48],
            classes: vec!["cat".to_owned(), "dog".to_owned()],
        };
        assert_eq!(
            images(&report),
            "1,200 training and 300 test images, 48 × 32 pixels, colour."
        );
        assert_eq!(classes(&report), "2 classes: cat, dog.");
        report.classes = (0..100).map(|class| class.to_string()).collect();
        assert!(classes(&report).ends_with("8, 9 and 90 more."));
    }
}
