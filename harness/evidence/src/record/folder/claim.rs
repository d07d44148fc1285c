//! Who writes a results folder: one run at a time.

use std::fs::{File, TryLockError};

use super::ResultsFolder;
use crate::record::FolderError;

/// The right to make trials in a folder, until it is dropped. It is a lock on the folder itself,
/// which the kernel takes back when its holder dies, in whatever way.
#[derive(Debug)]
pub struct Claim {
    _locked: File,
}

impl ResultsFolder {
    /// Claims the folder for a run.
    ///
    /// # Errors
    /// [`FolderError::InUse`] when another run is being made in it.
    pub fn claim(&self) -> Result<Claim, FolderError> {
        let root = self.root();
        let locked = File::open(root).map_err(FolderError::io(root))?;
        match locked.try_lock() {
            Ok(()) => Ok(Claim { _locked: locked }),
            Err(TryLockError::WouldBlock) => Err(FolderError::InUse {
                path: root.to_owned(),
            }),
            Err(TryLockError::Error(error)) => Err(FolderError::io(root)(error)),
        }
    }
}
