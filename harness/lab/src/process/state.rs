//! Where records that outlive a process stand, and who holds them.
//!
//! A process id says nothing in another PID namespace, nor after the next boot; a lock does. So
//! whoever writes a record of itself holds a lock on it for as long as it lives, however it dies,
//! and whoever can take the lock knows that it is gone.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::ProcessError;

/// `$XDG_STATE_HOME/orchbench`, else `~/.local/state/orchbench`; created when absent.
///
/// # Errors
/// [`ProcessError::NoStateFolder`] when neither variable is set, or the folder cannot
/// be made.
pub fn state_folder() -> Result<PathBuf, ProcessError> {
    let named = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
    let base = match (named("XDG_STATE_HOME"), named("HOME")) {
        (Some(state), _) => PathBuf::from(state),
        (None, Some(home)) => PathBuf::from(home).join(".local/state"),
        (None, None) => return Err(ProcessError::NoStateFolder),
    };
    let folder = base.join("orchbench");
    fs::create_dir_all(&folder).map_err(ProcessError::file("creating folder", &folder))?;
    Ok(folder)
}

/// Puts a record at `path` in one step; it is locked until what is given is dropped. The lock is
/// there before the record has its name.
pub(crate) fn write_locked(path: &Path, record: &impl Serialize) -> Result<File, ProcessError> {
    let written = || -> std::io::Result<File> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut fresh = tempfile::NamedTempFile::new_in(folder)?;
        fresh.as_file().lock()?;
        fresh.write_all(&serde_json::to_vec_pretty(record)?)?;
        Ok(fresh.persist(path)?)
    };
    written().map_err(ProcessError::file("writing record", path))
}

/// The record at `path`, locked, when whoever wrote it is gone; `None` when it lives, when another
/// one looks at it just now, and when there is none.
pub(crate) fn take_abandoned(path: &Path) -> Option<File> {
    let file = File::open(path).ok()?;
    file.try_lock().ok()?;
    // Its owner may have put another one in its place in between.
    let same = fs::metadata(path).ok()?.ino() == file.metadata().ok()?.ino();
    same.then_some(file)
}
