//! Temp folders that are removed with their owner, even after its SIGKILL.

use std::path::{Path, PathBuf};

use super::{ProcessError, registry};

/// The start of every temp folder's name; the sweep removes no folder named otherwise.
pub(super) const NAME_PREFIX: &str = "orchbench-";

/// A folder under the system's temp folder, removed on drop; recorded, so that the next
/// [`super::sweep`] removes it when the owner was killed.
#[derive(Debug)]
pub struct TempFolder {
    path: PathBuf,
    kept: bool,
}

impl TempFolder {
    /// Creates an empty folder `orchbench-<purpose>-<random>`.
    ///
    /// # Errors
    /// [`ProcessError::File`] when it cannot be created or recorded.
    pub fn create(purpose: &str) -> Result<TempFolder, ProcessError> {
        let parent = std::env::temp_dir();
        let folder = tempfile::Builder::new()
            .prefix(&format!("{NAME_PREFIX}{purpose}-"))
            .tempdir_in(&parent)
            .map_err(ProcessError::file("creating folder in", &parent))?;
        registry::add_temp_folder(folder.path())?;
        Ok(TempFolder {
            path: folder.keep(),
            kept: false,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the folder up to the caller: it is no longer removed.
    ///
    /// # Errors
    /// [`ProcessError::File`] when the record cannot be changed.
    pub fn keep(mut self) -> Result<PathBuf, ProcessError> {
        self.kept = true;
        registry::remove_temp_folder(&self.path)?;
        Ok(self.path.clone())
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        // A folder that cannot be removed now stays recorded for the next sweep.
        if !self.kept && std::fs::remove_dir_all(&self.path).is_ok() {
            let _ = registry::remove_temp_folder(&self.path);
        }
    }
}
