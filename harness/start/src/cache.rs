//! The harness's own cache: `$XDG_CACHE_HOME/orchbench`, else `~/.cache/orchbench`.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use sha2::{Digest as _, Sha256};

use super::{Progress, SERVER_VERSION};

/// The cache folder; created when absent.
pub(crate) fn folder() -> Result<PathBuf, String> {
    let named = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
    let base = match (named("XDG_CACHE_HOME"), named("HOME")) {
        (Some(cache), _) => PathBuf::from(cache),
        (None, Some(home)) => PathBuf::from(home).join(".cache"),
        (None, None) => return Err("no cache folder: set XDG_CACHE_HOME or HOME".to_owned()),
    };
    let folder = base.join("orchbench");
    fs::create_dir_all(folder.join("bin"))
        .map_err(|e| format!("cannot create folder {}: {e}", folder.display()))?;
    Ok(folder)
}

/// What tells something that is kept from what is made of another text: the beginning of its SHA-256.
pub fn tag(made_of: &str) -> String {
    let digest = Sha256::digest(made_of);
    let first = digest.iter().take(6);
    first.map(|byte| format!("{byte:02x}")).collect()
}

/// Where the cache keeps a program, if it has it.
pub(crate) fn bin(name: &str) -> Result<PathBuf, String> {
    Ok(folder()?.join("bin").join(name))
}

/// Where the cached `temporal-server` of the pinned version is, if it is.
pub(crate) fn server() -> Result<PathBuf, String> {
    bin(&format!("temporal-server-{SERVER_VERSION}"))
}

/// Holds the lock of the cache's programs until dropped: two processes must not fill it at once.
pub(crate) struct FillLock(#[expect(dead_code, reason = "held for its lock only")] Lock);

/// The same of the Python environment, which may be made beside them.
pub(crate) struct PythonLock(#[expect(dead_code, reason = "held for its lock only")] Lock);

impl FillLock {
    /// Takes the lock, saying so when it has to wait for another process.
    pub(crate) fn take(progress: &Progress) -> Result<Self, String> {
        let lock = Lock::take("fill.lock", progress)?;
        remove_leftovers(&folder()?.join("bin"))?;
        Ok(Self(lock))
    }
}

impl PythonLock {
    /// Takes the lock, saying so when it has to wait for another process.
    pub(crate) fn take(progress: &Progress) -> Result<Self, String> {
        Lock::take("python.lock", progress).map(Self)
    }
}

struct Lock(#[expect(dead_code, reason = "held for its lock only")] File);

impl Lock {
    fn take(name: &str, progress: &Progress) -> Result<Self, String> {
        let path = folder()?.join(name);
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(|e| format!("cannot open lock {}: {e}", path.display()))?;
        let mut waited = Duration::ZERO;
        // Tried, not blocked on, so that the one who waits sees that something happens.
        while flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            progress("waiting for another orchbench that fills the cache", waited);
            let pause = Duration::from_millis(100);
            std::thread::sleep(pause);
            waited += pause;
            if waited > Duration::from_secs(1800) {
                return Err(format!("{} is locked for 30 minutes", path.display()));
            }
        }
        Ok(Self(file))
    }
}

/// What a process that was killed while it filled the cache has left there. Only the holder of
/// the lock makes such folders, so none is in use.
fn remove_leftovers(bin: &Path) -> Result<(), String> {
    let entries = fs::read_dir(bin).map_err(|e| format!("{}: {e}", bin.display()))?;
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.is_dir() {
            fs::remove_dir_all(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        }
    }
    Ok(())
}

/// A fresh folder on the file system of the cache's programs, so that a program is put among
/// them by one rename.
pub(crate) fn fresh() -> Result<tempfile::TempDir, String> {
    tempfile::Builder::new()
        .prefix("fill-")
        .tempdir_in(folder()?.join("bin"))
        .map_err(|e| format!("no temp folder in the cache: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_fill_left_goes_and_programs_stay() {
        let bin = tempfile::tempdir().expect("a folder");
        let program = bin.path().join("temporal-server-1");
        fs::write(&program, "").expect("a program");
        fs::create_dir(bin.path().join("fill-abc")).expect("a leftover");
        fs::write(bin.path().join("fill-abc/server"), "").expect("half a program");
        remove_leftovers(bin.path()).expect("removed");
        let left: Vec<PathBuf> = fs::read_dir(bin.path())
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        assert_eq!(left, [program]);
    }
}
