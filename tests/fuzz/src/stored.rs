//! A run that somebody else has stored.

use squeeze_engine::run::{self, Folder, Library};
use squeeze_engine::verdict::html::html;
use tempfile::TempDir;

/// Where folders lie in memory, if the system has such a place.
const MEMORY: &str = "/dev/shm";

/// Takes a zip in, and reads all that is in it.
pub fn stored(bytes: &[u8]) {
    let folder = TempDir::new_in(MEMORY).or_else(|_| TempDir::new());
    let folder = match folder {
        Ok(folder) => folder,
        Err(error) => panic!("no folder for runs: {error}"),
    };
    let read = async {
        let library = Library::new(Folder::at(folder.path())?);
        if library.upload("run.zip", bytes).await.is_err() {
            // Then nothing is left of it.
            let (whole, broken) = library.list().await?;
            assert_eq!((whole.len(), broken.len()), (0, 0));
            return Ok(());
        }
        let (whole, broken) = library.list().await?;
        assert_eq!((whole.len(), broken.len()), (1, 0));
        let run = library.folder(&whole[0].id).await?;
        // Each of these may be refused; none may panic.
        let _ = run::read_history(&run).await;
        let _ = run::read_model(&run).await;
        let _ = run::read_checkpoint(&run).await;
        let _ = run::read_summary(&run).await;
        if let Ok(Some(report)) = run::read_report(&run).await {
            assert!(!html(&report).is_empty());
        }
        library.download(&whole[0].id).await.map(drop)
    };
    if let Err(error) = pollster::block_on(read) {
        panic!("{error}");
    }
}
