//! [`Sources`]: the files that data sets were loaded from in this visit, so that going back to one
//! needs no second drop.

use std::collections::HashMap;

use squeeze_engine::config::DataKind;

use crate::files::picked::Picked;

/// The files of data sets. References, not contents.
#[derive(Default)]
pub struct Sources {
    known: HashMap<DataKind, Vec<Picked>>,
    sent: Vec<Picked>,
    /// The stored run to open once the data set that is being loaded is there.
    pub then_open: Option<(DataKind, String)>,
}

impl Sources {
    /// These files are being read now.
    pub fn send(&mut self, files: Vec<Picked>) {
        self.sent = files;
    }

    /// They were this data set.
    pub fn learn(&mut self, kind: DataKind) {
        let files = std::mem::take(&mut self.sent);
        if !files.is_empty() {
            self.known.insert(kind, files);
        }
    }

    /// The files of a data set. MNIST comes with the page and needs none.
    pub fn find(&self, kind: DataKind) -> Option<Vec<Picked>> {
        match kind {
            DataKind::Mnist => Some(Vec::new()),
            other => self.known.get(&other).cloned(),
        }
    }
}
