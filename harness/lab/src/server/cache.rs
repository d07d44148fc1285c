//! The harness's own cache: `$XDG_CACHE_HOME/orchbench`, else `~/.cache/orchbench`.

use std::fs::{self, File, OpenOptions};
use std::path::PathBuf;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use crate::process::ProcessError;

/// The cache folder; created when absent.
pub(super) fn folder() -> Result<PathBuf, String> {
    let named = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
    let base = match (named("XDG_CACHE_HOME"), named("HOME")) {
        (Some(cache), _) => PathBuf::from(cache),
        (None, Some(home)) => PathBuf::from(home).join(".cache"),
        (None, None) => return Err("no cache folder: set XDG_CACHE_HOME or HOME".to_owned()),
    };
    let folder = base.join("orchbench");
    fs::create_dir_all(folder.join("bin"))
        .map_err(|e| ProcessError::file("creating folder", &folder)(e).to_string())?;
    Ok(folder)
}

/// Where the cached Temporal CLI is, if it is.
pub(super) fn temporal() -> Result<PathBuf, String> {
    Ok(folder()?.join("bin").join("temporal"))
}

/// Holds the cache's lock until dropped: two processes must not fill it at once.
pub(super) struct FillLock(#[expect(dead_code, reason = "held for its lock only")] File);

impl FillLock {
    /// Takes the lock, saying so when it has to wait for another process.
    pub(super) fn take(progress: &dyn Fn(&str)) -> Result<FillLock, String> {
        let path = folder()?.join("fill.lock");
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(|e| ProcessError::file("opening lock", &path)(e).to_string())?;
        let mut waited = Duration::ZERO;
        // Tried, not blocked on, so that the one who waits sees that something happens.
        while flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            if waited.as_millis().is_multiple_of(5000) {
                progress("waiting for another orchbench that fills the cache");
            }
            let pause = Duration::from_millis(100);
            std::thread::sleep(pause);
            waited += pause;
            if waited > Duration::from_secs(1800) {
                return Err(format!("{} is locked for 30 minutes", path.display()));
            }
        }
        Ok(FillLock(file))
    }
}
