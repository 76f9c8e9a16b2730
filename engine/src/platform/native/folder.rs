//! A folder of the file system.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::run::StoreError;

/// A folder that runs are stored in.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder at a path, which is made if it is not there.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be made.
    pub fn at(path: &Path) -> Result<Self, StoreError> {
        fs::create_dir_all(path).map_err(|error| failed("made", path, &error))?;
        Ok(Self(path.to_owned()))
    }

    /// Where it is, for people.
    pub fn name(&self) -> String {
        self.0.display().to_string()
    }

    /// A folder in it, made if it is not there.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be made.
    pub async fn folder(&self, name: &str) -> Result<Self, StoreError> {
        Self::at(&self.0.join(name))
    }

    /// Names of all that is in it, sorted.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub async fn names(&self) -> Result<Vec<String>, StoreError> {
        let names = || -> io::Result<Vec<String>> {
            fs::read_dir(&self.0)?
                .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
                .collect()
        };
        let mut names = names().map_err(|error| failed("read", &self.0, &error))?;
        names.sort();
        Ok(names)
    }

    /// Length of a file in bytes; 0 if it is not there.
    ///
    /// # Errors
    /// None on this platform.
    pub async fn size(&self, name: &str) -> Result<u64, StoreError> {
        Ok(fs::metadata(self.0.join(name)).map_or(0, |metadata| metadata.len()))
    }

    /// A file's bytes; `None` if it is not there.
    ///
    /// # Errors
    /// [`StoreError`] if it is there but cannot be read.
    pub async fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.0.join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("read", &path, &error)),
        }
    }

    /// Writes a file so that it is there whole, or the one before it is.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written; the one before it is kept.
    pub async fn write(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.0.join(name);
        let part = self.0.join(format!("{name}.part"));
        let write = || {
            let mut file = File::create(&part)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&part, &path)
        };
        write().map_err(|error| failed("written", &path, &error))
    }

    /// Adds bytes to a file's end, making it if it is not there.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub async fn append(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.0.join(name);
        let append = || {
            let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
            file.write_all(bytes)
        };
        append().map_err(|error| failed("written", &path, &error))
    }

    /// Removes a file, or a folder and all that is in it.
    ///
    /// # Errors
    /// [`StoreError`] if it is there but cannot be removed.
    pub async fn remove(&self, name: &str) -> Result<(), StoreError> {
        let path = self.0.join(name);
        let removed = if path.is_dir() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(failed("removed", &path, &error))
            }
            _ => Ok(()),
        }
    }
}

fn failed(what: &'static str, path: &Path, error: &io::Error) -> StoreError {
    StoreError::Failed {
        what,
        name: path.display().to_string(),
        reason: error.to_string(),
    }
}
