//! What a program costs over the wire, without the data set that it learns.

use std::fs;
use std::path::Path;

use crate::browser::Browser;

/// Where MNIST lies below every page's address, and below the folder that is served.
const DATA: &str = "data/mnist/";

/// Bytes that the browser received so far from the page in `folder`, headers included, without the
/// files of MNIST, which are gzipped already.
#[must_use]
pub fn bytes_without_data(browser: &Browser, folder: &Path) -> f64 {
    let data = browser
        .requests()
        .iter()
        .filter_map(|address| data_file(address))
        .filter_map(|name| fs::metadata(folder.join(DATA).join(name)).ok())
        .map(|file| file.len() as f64)
        .sum::<f64>();
    browser.bytes_received() - data
}

/// The name of the data file that an address asks for.
fn data_file(address: &str) -> Option<&str> {
    let (_, name) = address.split_once(&format!("/{DATA}"))?;
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::data_file;

    #[test]
    fn data_files_are_told_by_their_folder() {
        assert_eq!(
            data_file("http://127.0.0.1:1/data/mnist/labels.gz"),
            Some("labels.gz")
        );
        assert_eq!(data_file("http://127.0.0.1:1/worker.js"), None);
    }
}
