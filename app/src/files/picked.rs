//! [`Picked`]: a file that the visitor gave, and where it lay.

use web_sys::{File, FileList};

use crate::browser::js::get;

/// A file that the visitor gave.
#[derive(Clone, Debug)]
pub struct Picked {
    /// Its path inside what was given: `pets/cat/1.png`, or its name alone.
    pub path: String,
    /// The file; nothing of it is read yet.
    pub file: File,
}

impl Picked {
    /// A single file.
    pub fn alone(file: File) -> Self {
        Self {
            path: file.name(),
            file,
        }
    }
}

/// The files of a file input.
pub fn of_input(list: &FileList) -> Vec<Picked> {
    (0..list.length())
        .filter_map(|index| list.get(index))
        .map(|file| {
            // Where a folder was picked, the file knows its way from there.
            let path = get(&file, "webkitRelativePath")
                .as_string()
                .filter(|path| !path.is_empty())
                .unwrap_or_else(|| file.name());
            Picked { path, file }
        })
        .filter(|picked| !is_clutter(&picked.path))
        .collect()
}

/// What systems leave lying in folders, hidden from their users.
pub fn is_clutter(path: &str) -> bool {
    path.split('/').any(|part| {
        part.starts_with('.') || ["__MACOSX", "Thumbs.db", "desktop.ini"].contains(&part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_system_leaves_lying_about_is_no_image() {
        for path in ["pets/.DS_Store", ".git/x", "__MACOSX/a.png", "a/Thumbs.db"] {
            assert!(is_clutter(path), "{path}");
        }
        for path in ["pets/cat/1.png", "train-images-idx3-ubyte.gz"] {
            assert!(!is_clutter(path), "{path}");
        }
    }
}
