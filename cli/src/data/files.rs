//! Files on this machine as a [`Source`]: one at a time in memory.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use squeeze_engine::data::limits::MAX_FILES;
use squeeze_engine::data::{DataError, HEAD, Problem, Source};

/// Folders inside each other, at most.
const MAX_DEPTH: usize = 12;

/// A file, or all files of a folder.
#[derive(Debug)]
pub struct Files {
    whole: PathBuf,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    /// Path from the folder, with forward slashes; with one at the end for a folder.
    name: String,
    path: PathBuf,
}

impl Files {
    /// Looks through `path`, which is a file or a folder. Hidden files and folders are passed over.
    ///
    /// # Errors
    /// Names what cannot be read, and a folder that goes too deep or holds too much.
    pub fn under(path: &Path) -> Result<Self, DataError> {
        let mut files = Self {
            whole: path.to_owned(),
            entries: Vec::new(),
        };
        let metadata = fs::metadata(path).map_err(|error| open(path, error))?;
        if metadata.is_dir() {
            files.walk(path, "", &mut Vec::new())?;
        } else {
            let name = path.file_name().unwrap_or(path.as_os_str());
            files.add(name.to_string_lossy().into_owned(), path.to_owned())?;
        }
        Ok(files)
    }

    /// `around` are the real paths of the folders that this one lies in.
    fn walk(
        &mut self,
        folder: &Path,
        name: &str,
        around: &mut Vec<PathBuf>,
    ) -> Result<(), DataError> {
        let real = fs::canonicalize(folder).map_err(|error| open(folder, error))?;
        if around.contains(&real) {
            // A link to a folder that it lies in: everything there is found already.
            return Ok(());
        }
        if around.len() == MAX_DEPTH {
            return Err(DataError::new(
                folder.display().to_string(),
                Problem::Depth { limit: MAX_DEPTH },
            ));
        }
        around.push(real);
        for entry in fs::read_dir(folder).map_err(|error| open(folder, error))? {
            let entry = entry.map_err(|error| open(folder, error))?;
            let path = entry.path();
            let own = entry.file_name().to_string_lossy().into_owned();
            if own.starts_with('.') {
                continue;
            }
            // Follows links, and fails at those to nowhere.
            let metadata = fs::metadata(&path).map_err(|error| open(&path, error))?;
            if metadata.is_dir() {
                let name = format!("{name}{own}/");
                self.add(name.clone(), path.clone())?;
                self.walk(&path, &name, around)?;
            } else if metadata.is_file() {
                self.add(format!("{name}{own}"), path)?;
            } else {
                let error = io::Error::other("it is a device, a pipe or a socket");
                return Err(open(&path, error));
            }
        }
        around.pop();
        Ok(())
    }

    fn add(&mut self, name: String, path: PathBuf) -> Result<(), DataError> {
        if self.entries.len() == MAX_FILES {
            let problem = Problem::Files {
                found: MAX_FILES + 1,
                limit: MAX_FILES,
            };
            return Err(DataError::new(path.display().to_string(), problem));
        }
        self.entries.push(Entry { name, path });
        Ok(())
    }
}

impl Source for Files {
    fn names(&self) -> Vec<String> {
        self.entries
            .iter()
            .map(|entry| entry.name.clone())
            .collect()
    }

    fn whole(&self) -> String {
        self.whole.display().to_string()
    }

    fn label(&self, index: usize) -> String {
        self.entries[index].path.display().to_string()
    }

    fn head(&mut self, index: usize) -> Result<Vec<u8>, DataError> {
        let path = &self.entries[index].path;
        some(path, HEAD as u64).map_err(|error| open(path, error))
    }

    fn read(&mut self, index: usize, limit: u64) -> Result<Vec<u8>, DataError> {
        let path = &self.entries[index].path;
        let size = fs::metadata(path).map_err(|error| open(path, error))?.len();
        let too_large = |size| {
            let problem = Problem::FileSize { size, limit };
            DataError::new(path.display().to_string(), problem)
        };
        // Both, for a file may grow, and some files do not tell their size.
        if size > limit {
            return Err(too_large(size));
        }
        let bytes = some(path, limit + 1).map_err(|error| open(path, error))?;
        if bytes.len() as u64 > limit {
            return Err(too_large(bytes.len() as u64));
        }
        Ok(bytes)
    }
}

/// The first `most` bytes of a file.
fn some(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn open(path: &Path, error: io::Error) -> DataError {
    DataError::new(path.display().to_string(), Problem::Open(error))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn names(path: &Path) -> Vec<String> {
        let mut names = Files::under(path).unwrap().names();
        names.sort();
        names
    }

    #[test]
    fn files_and_folders_are_named_from_the_folder_on() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("train/cat")).unwrap();
        fs::create_dir(root.join("empty")).unwrap();
        fs::create_dir(root.join(".git")).unwrap();
        fs::write(root.join(".git/x.png"), b"").unwrap();
        fs::write(root.join("train/cat/1.png"), b"12345").unwrap();
        assert_eq!(
            names(root),
            ["empty/", "train/", "train/cat/", "train/cat/1.png"]
        );
        let file = root.join("train/cat/1.png");
        assert_eq!(names(&file), ["1.png"]);

        let mut files = Files::under(&file).unwrap();
        assert_eq!(files.label(0), file.display().to_string());
        assert_eq!(files.head(0).unwrap(), b"12345");
        assert_eq!(files.read(0, 5).unwrap(), b"12345");
        let text = files.read(0, 4).unwrap_err().to_string();
        assert!(
            text.contains("1.png: has 5 bytes, but at most 4 are read"),
            "{text}"
        );
        let text = Files::under(&root.join("none")).unwrap_err().to_string();
        assert!(text.contains("none: cannot be opened"), "{text}");
    }

    #[test]
    fn folders_end_somewhere() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/".repeat(MAX_DEPTH));
        fs::create_dir_all(deep).unwrap();
        let text = Files::under(folder.path()).unwrap_err().to_string();
        assert!(text.contains("deeper than 12 folders"), "{text}");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_but_not_in_circles() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir(root.join("cat")).unwrap();
        fs::write(root.join("cat/1.png"), b"1").unwrap();
        std::os::unix::fs::symlink(root, root.join("cat/circle")).unwrap();
        std::os::unix::fs::symlink(root.join("cat/1.png"), root.join("2.png")).unwrap();
        assert_eq!(names(root), ["2.png", "cat/", "cat/1.png", "cat/circle/"]);
        std::os::unix::fs::symlink(root.join("nowhere"), root.join("broken.png")).unwrap();
        let text = Files::under(root).unwrap_err().to_string();
        assert!(text.contains("broken.png: cannot be opened"), "{text}");
    }
}
