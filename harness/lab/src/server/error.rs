//! What can go wrong with a server that was provisioned.

use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use crate::process::{ProcessError, ProcessIdentity};

use super::Unavailable;

/// A server could not be started, reached, killed or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// A process, file or the Docker engine failed.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// No way to a server worked.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The server ended before it was ready.
    #[error(
        "temporal server at {address} ended with {status} before it was ready; its log {log} ends:\n{tail}"
    )]
    Ended {
        /// Where it should have listened.
        address: String,
        /// How it ended.
        status: ExitStatus,
        /// Its log file.
        log: PathBuf,
        /// The last lines of the log.
        tail: String,
    },
    /// The server was not ready in time.
    #[error("temporal server at {address} is not ready after {limit:?}: {reason}")]
    NotReady {
        /// Where it should listen.
        address: String,
        /// How long was waited.
        limit: Duration,
        /// The last probe's failure.
        reason: String,
    },
    /// The server belongs to somebody else, so the harness neither kills nor stops it.
    #[error("the temporal server at {address} was named by the user and is not ours to {action}")]
    NotOurs {
        /// Its address.
        address: String,
        /// What was asked for.
        action: &'static str,
    },
    /// The configuration of a named address is not valid.
    #[error("temporal client configuration: {reason}")]
    Configuration {
        /// What is wrong with it.
        reason: String,
    },
    /// A provisioned server runs already.
    #[error("a server runs already: pid {}, address {address}; stop it with `orchbench server stop`", process.pid)]
    AlreadyRunning {
        /// The process that serves.
        process: ProcessIdentity,
        /// Its address.
        address: String,
    },
    /// A provisioned server runs where its process cannot be seen.
    #[error("the server at {address} runs in another PID namespace (there, pid {}); stop it there", process.pid)]
    Elsewhere {
        /// The process that serves, as it is called there.
        process: ProcessIdentity,
        /// Its address.
        address: String,
    },
    /// The detached server ended before it was ready.
    #[error("the detached server ended with {status}; its log {log} ends:\n{tail}")]
    DetachedEnded {
        /// How it ended.
        status: ExitStatus,
        /// Its log file.
        log: PathBuf,
        /// The last lines of the log.
        tail: String,
    },
}

/// The last `lines` lines of a text file; empty when it cannot be read.
pub(super) fn log_tail(path: &std::path::Path, lines: usize) -> String {
    let bytes = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
