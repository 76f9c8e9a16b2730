//! A folder of the file system.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::run::StoreError;

/// The file that is locked as long as a program writes into the folder.
const LOCK: &str = ".lock";

/// A folder that runs are stored in.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    /// Open and locked until the last clone is gone.
    lock: Option<Arc<File>>,
}

impl Folder {
    /// The folder at a path, which is made if it is not there.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be made.
    pub fn at(path: &Path) -> Result<Self, StoreError> {
        fs::create_dir_all(path).map_err(|error| failed("made", path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            lock: None,
        })
    }

    /// Where it is, for people.
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// A folder in it, made if it is not there.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be made.
    pub async fn folder(&self, name: &str) -> Result<Self, StoreError> {
        Self::at(&self.path.join(name))
    }

    /// A folder in it, if it is there.
    ///
    /// # Errors
    /// Never: [`StoreError`] is for the browser's folders.
    pub async fn existing(&self, name: &str) -> Result<Option<Self>, StoreError> {
        let mut parts = Path::new(name).components();
        let is_name = matches!(
            (parts.next(), parts.next()),
            (Some(Component::Normal(_)), None)
        );
        let path = self.path.join(name);
        Ok((is_name && path.is_dir()).then_some(Self { path, lock: None }))
    }

    /// Holds it, so that no other program writes into it until this folder and its clones are gone.
    /// The system lets go of it when the program ends, however it ends. Where the file system has no
    /// locks nothing is held.
    ///
    /// # Errors
    /// [`StoreError::Held`] if another program has it, or this one through another `Folder`.
    pub async fn hold(mut self) -> Result<Self, StoreError> {
        if self.lock.is_some() {
            return Ok(self);
        }
        let path = self.path.join(LOCK);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| failed("written", &path, &error))?;
        match file.try_lock() {
            Ok(()) => self.lock = Some(Arc::new(file)),
            Err(TryLockError::WouldBlock) => return Err(StoreError::Held(self.name())),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(failed("locked", &path, &error)),
        }
        Ok(self)
    }

    /// Whether somebody holds it, this program among them. Nothing is written; whoever wants to hold it at this
    /// moment may be refused once.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub fn is_held(&self) -> Result<bool, StoreError> {
        let path = self.path.join(LOCK);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(failed("read", &path, &error)),
        };
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Ok(true),
            Ok(()) => Ok(false),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                Ok(false)
            }
            Err(TryLockError::Error(error)) => Err(failed("locked", &path, &error)),
        }
    }

    /// Names of all that is in it, sorted.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub async fn names(&self) -> Result<Vec<String>, StoreError> {
        let names = || -> io::Result<Vec<String>> {
            fs::read_dir(&self.path)?
                .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
                .collect()
        };
        let mut names = names().map_err(|error| failed("read", &self.path, &error))?;
        names.retain(|name| name != LOCK);
        names.sort();
        Ok(names)
    }

    /// Length of a file in bytes; 0 if it is not there.
    ///
    /// # Errors
    /// None on this platform.
    pub async fn size(&self, name: &str) -> Result<u64, StoreError> {
        Ok(fs::metadata(self.path.join(name)).map_or(0, |metadata| metadata.len()))
    }

    /// A file's bytes; `None` if it is not there.
    ///
    /// # Errors
    /// [`StoreError`] if it is there but cannot be read.
    pub async fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.path.join(name);
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
        let path = self.path.join(name);
        let part = self.path.join(format!("{name}.part"));
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
        let path = self.path.join(name);
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
        let path = self.path.join(name);
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
