//! The owner lock: one executor at a time on a catalog.
//!
//! An flock(2) on `<catalog>.lock`, held for as long as the executor lives. The kernel releases it
//! when the owner dies, however it dies, so there is no stale lock to clear. The file says who owns
//! it, for error messages only. (A child that the owner was starting at the moment of its death
//! holds the lock until its exec, for an instant; who restarts a dead executor uses [`Lock::Wait`].)

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::catalog::{CatalogError, Owner};

/// What to do when another executor owns the catalog.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lock {
    /// Give up, naming the owner.
    #[default]
    Fail,
    /// Sleep until the owner is gone.
    Wait,
}

/// The lock, while it is held.
#[derive(Debug)]
pub(crate) struct OwnerLock {
    file: File,
}

impl OwnerLock {
    /// Takes the lock of a catalog.
    pub fn take(catalog: &Path, lock: Lock) -> Result<Self, CatalogError> {
        let mut name = catalog.as_os_str().to_owned();
        name.push(".lock");
        let path = PathBuf::from(name);
        let failed = |doing| {
            let path = path.clone();
            move |source| CatalogError::Io {
                path,
                doing,
                source,
            }
        };
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .open(&path)
            .map_err(failed("open the lock file"))?;
        let operation = match lock {
            Lock::Fail => FlockOperation::NonBlockingLockExclusive,
            Lock::Wait => FlockOperation::LockExclusive,
        };
        loop {
            match flock(&file, operation) {
                Ok(()) => break,
                Err(Errno::INTR) => {}
                Err(Errno::WOULDBLOCK) => {
                    let mut text = String::new();
                    // An owner that cannot be read is reported as unknown.
                    let _ = file.read_to_string(&mut text);
                    return Err(CatalogError::Locked {
                        path: catalog.to_owned(),
                        owner: Owner {
                            pid: text.trim().parse().ok(),
                        },
                    });
                }
                Err(errno) => return Err(failed("lock the catalog")(errno.into())),
            }
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(failed("write the owner"))?;
        Ok(Self { file })
    }
}

impl Drop for OwnerLock {
    fn drop(&mut self) {
        // Closing the file is not enough: a process that another thread is starting just now has a
        // copy of it until it calls exec, and the lock would stay as long as that.
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}
