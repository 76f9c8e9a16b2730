//! [`Source`]: where the files of a data set come from.

use super::error::{DataError, Problem};

/// A file held in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFile {
    /// File name, or path relative to what was given, with forward slashes: `train/cat/1.png`. A
    /// name that ends in `/` is a folder, which is told so that an empty one can be seen.
    pub name: String,
    /// Its contents.
    pub bytes: Vec<u8>,
}

/// Files that are read one at a time, so that not all of them need to be in memory.
pub trait Source {
    /// Their names, as [`DataFile::name`]. They stay as they are while a data set is read.
    fn names(&self) -> Vec<String>;

    /// What errors call all of them together: the archive or the folder, if that has a name.
    fn whole(&self) -> String;

    /// What errors call file `index`: enough for a person to find it.
    fn label(&self, index: usize) -> String;

    /// The first bytes of file `index`, [`HEAD`] at most; fewer only where the file ends.
    ///
    /// # Errors
    /// If they cannot be read.
    fn head(&mut self, index: usize) -> Result<Vec<u8>, DataError>;

    /// The contents of file `index`, which is asked for once at most.
    ///
    /// # Errors
    /// If they cannot be read, or are more than `limit` bytes.
    fn read(&mut self, index: usize, limit: u64) -> Result<Vec<u8>, DataError>;
}

/// Bytes that [`Source::head`] gives: enough to recognise a file, also a gzipped one.
pub const HEAD: usize = 16 << 10;

/// Files in memory, given up as they are read.
pub(super) struct InMemory(pub Vec<DataFile>);

impl Source for InMemory {
    fn names(&self) -> Vec<String> {
        self.0.iter().map(|file| file.name.clone()).collect()
    }

    fn whole(&self) -> String {
        "the files".to_owned()
    }

    fn label(&self, index: usize) -> String {
        self.0[index].name.clone()
    }

    fn head(&mut self, index: usize) -> Result<Vec<u8>, DataError> {
        let bytes = &self.0[index].bytes;
        Ok(bytes[..bytes.len().min(HEAD)].to_vec())
    }

    fn read(&mut self, index: usize, limit: u64) -> Result<Vec<u8>, DataError> {
        let file = &mut self.0[index];
        let size = file.bytes.len() as u64;
        if size > limit {
            return Err(DataError::new(
                file.name.clone(),
                Problem::FileSize { size, limit },
            ));
        }
        Ok(std::mem::take(&mut file.bytes))
    }
}
