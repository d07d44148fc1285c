//! How much SQLite does on a catalog file, in steps of its virtual machine: for the tests that hold
//! the cost of work against what was asked for, which no clock can tell on a busy machine.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

/// Files whose steps are counted.
static WATCHED: Mutex<Vec<(PathBuf, Arc<AtomicU64>)>> = Mutex::new(Vec::new());

/// Counts the steps of all connections to a file that are opened from now on.
pub(crate) fn watch(path: &Path) -> Arc<AtomicU64> {
    let steps = Arc::new(AtomicU64::new(0));
    let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    watched.push((path.to_owned(), Arc::clone(&steps)));
    steps
}

/// Counts the steps of a connection to a file, if that is watched.
pub(super) fn counted(mut connection: Connection, path: &Path) -> rusqlite::Result<Connection> {
    let watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, steps)) = watched.iter().find(|(watched, _)| watched == path) {
        let steps = Arc::clone(steps);
        let count = move || {
            steps.fetch_add(1, Ordering::Relaxed);
            false
        };
        connection.progress_handler(1, Some(count))?;
    }
    Ok(connection)
}
