//! What can go wrong with a child process or its records.

use std::io;
use std::path::PathBuf;

/// A failure of the harness's own process handling (never of a measured engine).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// The program could not be started.
    #[error("cannot start {program}: {source}")]
    Spawn {
        /// The program as it was named.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// A signal or a wait failed.
    #[error("{role} (pid {pid}): {action}: {source}")]
    Signal {
        /// The child's role, as given at its start.
        role: String,
        /// The child's process id.
        pid: u32,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A file or folder of the records, logs or temp folders could not be used.
    #[error("{action} {path}: {source}")]
    File {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Neither `XDG_STATE_HOME` nor `HOME` is set.
    #[error("no state folder: set XDG_STATE_HOME or HOME")]
    NoStateFolder,
    /// `/proc/PID/stat` is absent or has another shape.
    #[error("cannot read the start time of pid {pid} from /proc: {reason}")]
    Identity {
        /// The process asked about.
        pid: u32,
        /// What was missing.
        reason: String,
    },
    /// The process is not a child of the one that should be its parent any more.
    #[error("orphaned: expected parent {expected}, found {found}")]
    Orphaned {
        /// The parent's process id as named at the start.
        expected: u32,
        /// The parent's process id now.
        found: u32,
    },
    /// The Docker engine refused something.
    #[error("docker: {action}: {reason}")]
    Docker {
        /// What was asked of it.
        action: &'static str,
        /// Its answer.
        reason: String,
    },
    /// A background thread of the harness ended early.
    #[error("the {thread} thread is gone")]
    ThreadGone {
        /// Which thread.
        thread: &'static str,
    },
}

impl ProcessError {
    /// Builds a `map_err` argument for an operation on a file or folder.
    pub(crate) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> ProcessError {
        let path = path.into();
        move |source| ProcessError::File {
            action,
            path,
            source,
        }
    }
}
